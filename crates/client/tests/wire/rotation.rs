//! Credentials from files that change while a link is in use, and keys that are no good.

use std::path::Path;

use mainspring_client::{ClientError, Link};
use mainspring_servers::proxy::{ServerTls, TestAuthority, TestCertificate, WireProxy};

use crate::server::Server;
use crate::{LIMIT, call, connector, refusal};

/// Calls until the answer is this, within the limit.
async fn until(link: &Link, wanted: bool) {
    let calls = async {
        while call(link).await != wanted {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LIMIT, calls).await.expect("the link never came to it");
}

#[tokio::test]
async fn a_good_key_connects_and_a_wrong_or_missing_one_is_an_error_at_once() {
    let server = Server::shared().await;
    let proxy = WireProxy::builder(server.address).require_token("hunter2").start().await.unwrap();
    let address = proxy.address();
    let with =
        |key| connector([("TEMPORAL_ADDRESS", address.as_str()), ("TEMPORAL_TLS", "false"), ("TEMPORAL_API_KEY", key)]);
    assert!(call(&with("hunter2").connect(LIMIT).await.unwrap()).await);
    let error = refusal(&with("hunter3"), LIMIT).await;
    let ClientError::Unauthenticated { tried, .. } = &error else { panic!("{error:?}") };
    assert_eq!(tried.attempts, 1);
    assert_eq!(
        error.to_string(),
        format!(
            "Temporal at {address} (namespace default, without TLS, with an API key) does not know this client: \
             Request unauthorized. (Unauthenticated). Is the API key in TEMPORAL_API_KEY expired, revoked, or for another account?"
        )
    );
    assert!(!format!("{error:?}").contains("hunter"), "{error:?}");
    let error = refusal(&connector([("TEMPORAL_ADDRESS", address.as_str())]), LIMIT).await.to_string();
    assert!(error.contains("It wants credentials: TEMPORAL_API_KEY"), "{error}");
}

#[tokio::test]
async fn a_key_that_changes_in_its_file_is_used_without_a_new_connection() {
    let server = Server::shared().await;
    let proxy = WireProxy::builder(server.address).require_token("first").start().await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("key");
    // As Kubernetes does it: the file is a link, and what it leads to is swapped.
    let put = |name: &str, key: &str| {
        std::fs::write(dir.path().join(name), key).unwrap();
        std::os::unix::fs::symlink(name, dir.path().join("next")).unwrap();
        std::fs::rename(dir.path().join("next"), &file).unwrap();
    };
    put("1", "first\n");
    let address = proxy.address();
    let path = file.display().to_string();
    let pairs =
        [("TEMPORAL_ADDRESS", address.as_str()), ("TEMPORAL_TLS", "false"), ("MAINSPRING_API_KEY_FILE", path.as_str())];
    let connector = connector(pairs);
    let link = connector.connect(LIMIT).await.unwrap();
    proxy.set_token("second");
    assert!(!call(&link).await);
    put("2", "second\n");
    until(&link, true).await;
    assert_eq!(proxy.connections().len(), 1);

    // A file that is gone for a moment changes nothing, and a new link has the key of now.
    std::fs::remove_file(&file).unwrap();
    let other = connector.connect(LIMIT).await.unwrap();
    assert!(call(&other).await && call(&link).await);
}

#[tokio::test]
async fn a_dropped_link_follows_no_more() {
    let server = Server::shared().await;
    let proxy = WireProxy::builder(server.address).require_token("first").start().await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("key");
    std::fs::write(&file, "first").unwrap();
    let address = proxy.address();
    let path = file.display().to_string();
    let pairs =
        [("TEMPORAL_ADDRESS", address.as_str()), ("TEMPORAL_TLS", "false"), ("MAINSPRING_API_KEY_FILE", path.as_str())];
    let connector = connector(pairs);
    let (kept, dropped) = (connector.connect(LIMIT).await.unwrap(), connector.connect(LIMIT).await.unwrap());
    let client = dropped.client().clone();
    drop(dropped);
    proxy.set_token("second");
    std::fs::write(&file, "second").unwrap();
    until(&kept, true).await;
    let mut service = client.connection().workflow_service();
    let answer = service.get_system_info(temporalio_client::tonic::Request::new(Default::default())).await;
    assert_eq!(answer.unwrap_err().code(), temporalio_client::tonic::Code::Unauthenticated);
}

#[tokio::test]
async fn a_client_certificate_that_changes_in_its_files_is_shown_by_the_next_connection() {
    let server = Server::shared().await;
    let ours = TestAuthority::new("ours").unwrap();
    let tls = ServerTls::new(&ours.server_cert(["127.0.0.1"]).unwrap()).require_client_cert(ours.ca_pem());
    let proxy = WireProxy::builder(server.address).tls(tls).start().await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let (cert, key, ca) = (dir.path().join("cert"), dir.path().join("key"), dir.path().join("ca"));
    std::fs::write(&ca, ours.ca_pem()).unwrap();
    let put = |pair: &TestCertificate| {
        std::fs::write(&cert, pair.pem()).unwrap();
        std::fs::write(&key, pair.key_pem()).unwrap();
    };
    let (old, new) = (ours.client_cert("worker").unwrap(), ours.client_cert("worker").unwrap());
    put(&old);
    let address = proxy.address();
    let text = |path: &Path| path.display().to_string();
    let (cert_path, key_path, ca_path) = (text(&cert), text(&key), text(&ca));
    let pairs = [
        ("TEMPORAL_ADDRESS", address.as_str()),
        ("TEMPORAL_TLS_CA", ca_path.as_str()),
        ("TEMPORAL_TLS_CERT", cert_path.as_str()),
        ("TEMPORAL_TLS_KEY", key_path.as_str()),
    ];
    let link = connector(pairs).connect(LIMIT).await.unwrap();
    put(&new);
    // The link looks every 50 ms; each cut makes it connect again, until a connection shows the new certificate.
    let rotated = async {
        loop {
            proxy.cut_all();
            until(&link, true).await;
            if proxy.records().last().and_then(|record| record.client.clone()).as_ref() == Some(new.fingerprint()) {
                return;
            }
        }
    };
    tokio::time::timeout(LIMIT, rotated).await.expect("no connection showed the new certificate");
    let first = proxy.connections()[0].client.clone();
    assert_eq!(first.as_ref(), Some(old.fingerprint()));
}
