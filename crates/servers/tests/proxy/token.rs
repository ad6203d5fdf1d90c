//! Bearer tokens: asked for, rotated, and never shown.

use mainspring_servers::proxy::WireProxy;

use crate::client::{Answer, Client};
use crate::upstream::Upstream;

async fn call(client: &Client, authorization: Option<&str>) -> Answer {
    let headers: Vec<_> = authorization.map(|value| ("authorization", value)).into_iter().collect();
    client.call_with("Echo", "x", &headers).await.unwrap()
}

#[tokio::test]
async fn a_request_without_the_token_of_now_is_unauthenticated() {
    let upstream = Upstream::start().await;
    let proxy = WireProxy::builder(upstream.address).require_token("first-secret").start().await.unwrap();
    let client = Client::connect(&proxy).await.unwrap();
    for wrong in [None, Some("Bearer "), Some("Bearer first"), Some("first-secret"), Some("Bearer first-secret2")] {
        let answer = call(&client, wrong).await;
        assert_eq!((answer.status(), answer.text("grpc-message")), ("16", "Request unauthorized."), "{wrong:?}");
    }
    assert!(upstream.seen().calls.is_empty());
    assert_eq!(call(&client, Some("Bearer first-secret")).await.status(), "0");

    proxy.set_token("second-secret");
    assert_eq!(call(&client, Some("Bearer first-secret")).await.status(), "16");
    assert_eq!(call(&client, Some("Bearer second-secret")).await.status(), "0");

    proxy.set_tokens(["second-secret", "third-secret"]);
    for valid in ["Bearer second-secret", "Bearer third-secret"] {
        assert_eq!(call(&client, Some(valid)).await.status(), "0");
    }

    proxy.set_tokens(Vec::<String>::new());
    assert_eq!(call(&client, Some("Bearer third-secret")).await.status(), "16");
    assert_eq!(upstream.seen().calls.len(), 4);

    let records = proxy.records();
    let shown: Vec<_> = records.iter().map(|record| record.has_authorization).collect();
    assert_eq!(shown[..3], [false, true, true]);
    let text = format!("{proxy:?} {records:?}");
    assert!(!text.contains("secret"), "{text}");
    let builder = WireProxy::builder(upstream.address).require_token("first-secret");
    assert!(!format!("{builder:?}").contains("secret"));
}

#[tokio::test]
async fn a_refused_request_of_any_size_leaves_the_connection_open() {
    let upstream = Upstream::start().await;
    let proxy = WireProxy::builder(upstream.address).require_token("secret").start().await.unwrap();
    let client = Client::connect(&proxy).await.unwrap();
    assert_eq!(client.call("Echo", vec![0; 4 << 20]).await.unwrap().status(), "16");
    assert_eq!(call(&client, Some("Bearer secret")).await.status(), "0");
    let record = proxy.wait_for(|record| record.finished.is_some(), crate::LIMIT).await.unwrap();
    assert_eq!((record.number, record.request_bytes), (0, 4 << 20));
}

#[tokio::test]
async fn a_token_may_come_to_be_wanted_while_the_proxy_runs() {
    let (_upstream, proxy) = crate::proxied().await;
    let client = Client::connect(&proxy).await.unwrap();
    assert_eq!(call(&client, None).await.status(), "0");
    proxy.set_token("secret");
    assert_eq!(call(&client, None).await.status(), "16");
}
