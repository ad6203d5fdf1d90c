//! TLS and mTLS: the right certificates pass, each kind of wrong one is refused, and clients are told apart.

use mainspring_servers::proxy::{ServerTls, TestAuthority, WireProxy};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::net::TcpStream;

use crate::client::{Client, shake_hands};
use crate::upstream::Upstream;
use crate::{LIMIT, soon};

async fn proxy_with(upstream: &Upstream, tls: ServerTls) -> WireProxy {
    WireProxy::builder(upstream.address).tls(tls).start().await.unwrap()
}

/// Why a client that trusts `ca_pem` could not connect.
async fn refusal(proxy: &WireProxy, ca_pem: &str) -> String {
    Client::tls(proxy, ca_pem, None).await.err().expect("this certificate must be refused").to_string()
}

#[tokio::test]
async fn a_client_that_trusts_the_authority_gets_through() {
    let upstream = Upstream::start().await;
    let authority = TestAuthority::new("ours").unwrap();
    let tls = ServerTls::new(&authority.server_cert(["localhost", "127.0.0.1"]).unwrap());
    let proxy = proxy_with(&upstream, tls).await;
    assert_eq!(proxy.url(), format!("https://{}", proxy.address()));
    let client = Client::tls(&proxy, &authority.ca_pem(), None).await.unwrap();
    let answer = client.call("Echo", vec![1; 1 << 20]).await.unwrap();
    assert_eq!((answer.status(), answer.body.len()), ("0", 1 << 20));
    assert!(proxy.records()[0].client.is_none());
}

#[tokio::test]
async fn each_bad_server_certificate_is_refused_for_its_own_reason() {
    let upstream = Upstream::start().await;
    let ours = TestAuthority::new("ours").unwrap();
    let other = TestAuthority::new("other").unwrap();

    let proxy = proxy_with(&upstream, ServerTls::new(&ours.server_cert(["localhost"]).unwrap())).await;
    let reason = refusal(&proxy, &other.ca_pem()).await;
    assert!(reason.contains("UnknownIssuer"), "{reason}");
    let refused = proxy.wait_for_connection(|connection| connection.refused.is_some(), LIMIT).await.unwrap();
    let reason = refused.refused.unwrap();
    assert!(reason.contains("UnknownCA"), "{reason}");

    let proxy = proxy_with(&upstream, ServerTls::new(&ours.expired_server_cert(["localhost"]).unwrap())).await;
    let reason = refusal(&proxy, &ours.ca_pem()).await;
    assert!(reason.contains("certificate expired"), "{reason}");

    let proxy = proxy_with(&upstream, ServerTls::new(&ours.server_cert(["elsewhere.test"]).unwrap())).await;
    let reason = refusal(&proxy, &ours.ca_pem()).await;
    assert!(reason.contains("not valid for name \"localhost\""), "{reason}");
    assert!(upstream.seen().calls.is_empty());
}

#[tokio::test]
async fn two_client_certificates_of_one_name_are_told_apart() {
    let upstream = Upstream::start().await;
    let authority = TestAuthority::new("ours").unwrap();
    let server = authority.server_cert(["localhost"]).unwrap();
    let proxy = proxy_with(&upstream, ServerTls::new(&server).require_client_cert(authority.ca_pem())).await;
    let old = authority.client_cert("worker").unwrap();
    let new = authority.client_cert("worker").unwrap();
    assert_ne!(old.fingerprint(), new.fingerprint());
    for certificate in [&old, &new] {
        let client = Client::tls(&proxy, &authority.ca_pem(), Some(certificate)).await.unwrap();
        assert_eq!(client.call("Echo", "x").await.unwrap().status(), "0");
    }
    let shown: Vec<_> = proxy.records().into_iter().map(|record| record.client.unwrap()).collect();
    assert_eq!(shown, [old.fingerprint().clone(), new.fingerprint().clone()]);
    let connections = proxy.connections();
    assert_eq!(connections[1].client.as_ref(), Some(new.fingerprint()));
}

#[tokio::test]
async fn no_connection_can_resume_another_and_show_its_certificate() {
    let upstream = Upstream::start().await;
    let authority = TestAuthority::new("ours").unwrap();
    let proxy = proxy_with(&upstream, ServerTls::new(&authority.server_cert(["localhost"]).unwrap())).await;
    let mut stream = shake_hands(&proxy, &authority.ca_pem(), None).await.unwrap();
    // Tickets come before the first byte of HTTP/2.
    soon(stream.read_u8()).await.unwrap();
    assert_eq!(stream.get_ref().1.tls13_tickets_received(), 0);
}

#[tokio::test]
async fn a_client_without_a_good_certificate_is_refused_under_mtls() {
    let upstream = Upstream::start().await;
    let authority = TestAuthority::new("ours").unwrap();
    let server = authority.server_cert(["localhost"]).unwrap();
    let proxy = proxy_with(&upstream, ServerTls::new(&server).require_client_cert(authority.ca_pem())).await;
    let foreign = TestAuthority::new("other").unwrap().client_cert("worker").unwrap();
    let expired = authority.expired_client_cert("worker").unwrap();
    let cases = [
        (None, "peer sent no certificates"),
        (Some(&foreign), "UnknownIssuer"),
        (Some(&expired), "certificate expired"),
        (Some(&server), "does not allow extended key usage"),
    ];
    for (number, (certificate, reason)) in cases.into_iter().enumerate() {
        // With TLS 1.3 a client takes the handshake for done before the server has looked at its certificate.
        if let Ok(client) = Client::tls(&proxy, &authority.ca_pem(), certificate).await {
            assert!(client.call("Echo", "x").await.is_err(), "{reason}");
        }
        let is_it = |connection: &mainspring_servers::proxy::Connection| connection.number == number as u64;
        let refused = proxy.wait_for_connection(|it| is_it(it) && it.refused.is_some(), LIMIT).await.unwrap();
        let why = refused.refused.unwrap();
        assert!(why.contains(reason), "{why}");
    }
    assert!(upstream.seen().calls.is_empty());
}

#[tokio::test]
async fn a_plain_client_gets_nothing_from_a_tls_proxy() {
    let upstream = Upstream::start().await;
    let authority = TestAuthority::new("ours").unwrap();
    let proxy = proxy_with(&upstream, ServerTls::new(&authority.server_cert(["localhost"]).unwrap())).await;
    let client = Client::connect(&proxy).await.unwrap();
    assert!(client.call("Echo", "x").await.is_err());
    let refused = proxy.wait_for_connection(|connection| connection.refused.is_some(), LIMIT).await.unwrap();
    let why = refused.refused.unwrap();
    assert!(why.contains("corrupt message"), "{why}");
}

#[tokio::test]
async fn a_cut_is_a_reset_in_the_clear_and_over_tls() {
    let upstream = Upstream::start().await;
    let proxy = WireProxy::builder(upstream.address).start().await.unwrap();
    assert!(is_reset(TcpStream::connect(proxy.address()).await.unwrap(), &proxy).await);

    let authority = TestAuthority::new("ours").unwrap();
    let proxy = proxy_with(&upstream, ServerTls::new(&authority.server_cert(["localhost"]).unwrap())).await;
    assert!(is_reset(shake_hands(&proxy, &authority.ca_pem(), None).await.unwrap(), &proxy).await);
}

/// Cuts a connection that only reads: one that writes too may learn of the reset by another error.
async fn is_reset(mut stream: impl AsyncRead + Unpin, proxy: &WireProxy) -> bool {
    // The proxy speaks first in HTTP/2, so that it has begun when there is something to read.
    soon(stream.read_u8()).await.unwrap();
    proxy.cut_all();
    let error = soon(stream.read_to_end(&mut Vec::new())).await.unwrap_err();
    error.kind() == std::io::ErrorKind::ConnectionReset
}
