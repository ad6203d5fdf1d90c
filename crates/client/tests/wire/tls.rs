//! TLS and mTLS: good certificates connect, and each bad one is refused at once with its own reason.

use std::time::{Duration, Instant};

use mainspring_client::{ClientError, Connector};
use mainspring_servers::proxy::{ServerTls, TestAuthority, TestCertificate, WireProxy};
use mainspring_settings::{Sources, load};

use crate::server::Server;
use crate::{LIMIT, call, connector, refusal};

/// Settings for this proxy under this authority, with a client certificate or without.
fn to(proxy: &WireProxy, ca: &str, client: Option<&TestCertificate>, more: &[(&str, &str)]) -> Connector {
    let address = proxy.address();
    let mut pairs = vec![("TEMPORAL_ADDRESS", address.as_str()), ("TEMPORAL_CLIENT_ROOT_CA", ca)];
    if let Some(client) = client {
        pairs.extend([("TEMPORAL_CLIENT_CERT", client.pem()), ("TEMPORAL_CLIENT_KEY", client.key_pem())]);
    }
    pairs.extend(more);
    Connector::new(load(&Sources::from_pairs(pairs)).unwrap()).unwrap()
}

async fn serving(server: &Server, tls: ServerTls) -> WireProxy {
    WireProxy::builder(server.address).tls(tls).start().await.unwrap()
}

/// The message of a refusal that came at the first attempt, and in no time.
async fn tls_refusal(connector: &Connector) -> String {
    let start = Instant::now();
    let error = refusal(connector, LIMIT).await;
    let ClientError::Tls { tried, .. } = &error else { panic!("{error:?}") };
    assert_eq!(tried.attempts, 1);
    assert!(start.elapsed() < LIMIT / 2, "{:?}", start.elapsed());
    error.to_string()
}

#[tokio::test]
async fn a_good_server_certificate_connects() {
    let server = Server::shared().await;
    let ours = TestAuthority::new("ours").unwrap();
    let proxy = serving(server, ServerTls::new(&ours.server_cert(["127.0.0.1"]).unwrap())).await;
    let connector = to(&proxy, &ours.ca_pem(), None, &[]);
    assert!(connector.describe().ends_with(", namespace default, with TLS"), "{}", connector.describe());
    assert!(call(&connector.connect(LIMIT).await.unwrap()).await);
}

#[tokio::test]
async fn each_bad_server_certificate_is_an_error_at_once_with_its_reason() {
    let server = Server::shared().await;
    let (ours, other) = (TestAuthority::new("ours").unwrap(), TestAuthority::new("other").unwrap());
    let client = ours.client_cert("worker").unwrap();
    let good = serving(server, ServerTls::new(&ours.server_cert(["127.0.0.1"]).unwrap())).await;
    let expired = serving(server, ServerTls::new(&ours.expired_server_cert(["127.0.0.1"]).unwrap())).await;
    // The SDK connects in one way with a client certificate and in another without.
    for client in [None, Some(&client)] {
        let unknown = tls_refusal(&to(&good, &other.ca_pem(), client, &[])).await;
        assert!(
            unknown.contains(
                "the server's certificate is from an unknown issuer. \
                 Is the authority in TEMPORAL_TLS_SERVER_CA_CERT_PATH"
            ),
            "{unknown}"
        );
        let misnamed = to(&good, &ours.ca_pem(), client, &[("TEMPORAL_TLS_SERVER_NAME", "elsewhere.test")]);
        let misnamed = tls_refusal(&misnamed).await;
        assert!(misnamed.contains("not valid for name \"elsewhere.test\""), "{misnamed}");
        assert!(misnamed.contains("TEMPORAL_TLS_SERVER_NAME says"), "{misnamed}");
        let old = tls_refusal(&to(&expired, &ours.ca_pem(), client, &[])).await;
        assert!(old.contains("the server's certificate has expired"), "{old}");
    }
}

#[tokio::test]
async fn mtls_wants_a_good_client_certificate() {
    let server = Server::shared().await;
    let ours = TestAuthority::new("ours").unwrap();
    let tls = ServerTls::new(&ours.server_cert(["127.0.0.1"]).unwrap()).require_client_cert(ours.ca_pem());
    let proxy = serving(server, tls).await;
    let good = ours.client_cert("worker").unwrap();
    let connector = to(&proxy, &ours.ca_pem(), Some(&good), &[]);
    assert!(connector.describe().ends_with("with mTLS"), "{}", connector.describe());
    assert!(call(&connector.connect(LIMIT).await.unwrap()).await);
    let shown = proxy.records().into_iter().next().unwrap().client;
    assert_eq!(shown.as_ref(), Some(good.fingerprint()));

    let foreign = TestAuthority::new("other").unwrap().client_cert("worker").unwrap();
    let expired = ours.expired_client_cert("worker").unwrap();
    let cases = [
        (None, "CertificateRequired", "TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH name one"),
        (Some(&foreign), "UnknownCA", "from an authority that the server trusts?"),
        (Some(&expired), "CertificateExpired", "valid, and from an authority"),
    ];
    for (client, alert, check) in cases {
        let message = tls_refusal(&to(&proxy, &ours.ca_pem(), client, &[])).await;
        assert!(message.contains(&format!("(its TLS alert: {alert})")) && message.contains(check), "{message}");
    }
}

#[tokio::test]
async fn tls_to_a_server_without_it_and_the_other_way_round_are_told() {
    let server = Server::shared().await;
    let address = server.address.to_string();
    let pairs = [("TEMPORAL_ADDRESS", address.as_str()), ("TEMPORAL_TLS", "true")];
    let message = tls_refusal(&connector(pairs)).await;
    assert!(message.contains("TEMPORAL_TLS=false turns it off"), "{message}");

    let ours = TestAuthority::new("ours").unwrap();
    let proxy = serving(server, ServerTls::new(&ours.server_cert(["127.0.0.1"]).unwrap())).await;
    let plain = connector([("TEMPORAL_ADDRESS", proxy.address().as_str())]);
    let message = refusal(&plain, Duration::from_millis(500)).await.to_string();
    assert!(message.contains("If it wants TLS: TEMPORAL_TLS=true."), "{message}");
}
