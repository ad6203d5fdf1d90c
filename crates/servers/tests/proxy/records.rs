//! What a record says, what is kept, and waiting for it.

use std::time::Duration;

use mainspring_servers::proxy::WireProxy;

use crate::client::Client;
use crate::upstream::Upstream;
use crate::{LIMIT, proxied};

#[tokio::test]
async fn a_record_tells_a_request_from_its_arrival_to_its_end() {
    let (upstream, proxy) = proxied().await;
    let client = Client::connect(&proxy).await.unwrap();
    let call = tokio::spawn(async move { client.call_with("Park", "12345", &[("grpc-encoding", "gzip")]).await });
    let open = proxy.wait_for(|record| record.is("Park") && record.forwarded, LIMIT).await.unwrap();
    assert_eq!(&*open.method, "/test.v1.Echo/Park");
    assert_eq!((open.number, open.connection, open.finished, open.grpc_status), (0, 0, None, None));
    assert_eq!(open.grpc_encoding.as_deref(), Some("gzip"));
    assert!(!open.has_authorization);
    upstream.release();
    let done = proxy.wait_for(|record| record.finished.is_some(), LIMIT).await.unwrap();
    assert_eq!((done.grpc_status, done.request_bytes, done.response_bytes), (Some(0), 5, 5));
    assert!(done.at == open.at && done.finished.unwrap() > done.at);
    assert!(done.body.is_none());
    call.await.unwrap().unwrap();
}

#[tokio::test]
async fn the_bodies_of_captured_methods_are_kept_and_of_no_others() {
    let upstream = Upstream::start().await;
    let proxy = WireProxy::builder(upstream.address).capture("Beat").start().await.unwrap();
    let client = Client::connect(&proxy).await.unwrap();
    let answer = client.call("Beat", "at 42").await.unwrap();
    assert_eq!((answer.status(), &answer.body[..]), ("0", &b"at 42"[..]));
    client.call("HeartBeat", "at 43").await.unwrap();
    let records = proxy.records();
    assert_eq!(records[0].body.as_deref(), Some(&b"at 42"[..]));
    assert_eq!((records[0].grpc_encoding.as_deref(), records[0].request_bytes), (None, 5));
    assert_eq!(records[1].body, None);
}

#[tokio::test]
async fn records_are_found_by_method() {
    let (_upstream, proxy) = proxied().await;
    let client = Client::connect(&proxy).await.unwrap();
    for method in ["Start", "SignalWithStart", "Start"] {
        client.call(method, "x").await.unwrap();
    }
    let numbers: Vec<_> = proxy.records_of("Start").iter().map(|record| record.number).collect();
    assert_eq!(numbers, [0, 2]);
    assert_eq!((proxy.count_of("Start"), proxy.count_of("test.v1.Echo/SignalWithStart")), (2, 1));
}

#[tokio::test]
async fn only_the_newest_records_are_kept_and_all_are_counted() {
    let upstream = Upstream::start().await;
    let proxy = WireProxy::builder(upstream.address).keep(10).start().await.unwrap();
    let client = Client::connect(&proxy).await.unwrap();
    for _ in 0..25 {
        client.call("Echo", "x").await.unwrap();
    }
    let numbers: Vec<_> = proxy.records().iter().map(|record| record.number).collect();
    assert_eq!(numbers, (15..25).collect::<Vec<_>>());
    assert_eq!((proxy.dropped(), proxy.total(), proxy.count_of("Echo")), (15, 25, 25));
}

#[tokio::test]
async fn a_wait_ends_with_the_event_that_it_waits_for() {
    let (_upstream, proxy) = proxied().await;
    let client = Client::connect(&proxy).await.unwrap();
    let calls = async {
        for _ in 0..3 {
            client.call("Echo", "x").await.unwrap();
        }
    };
    let (third, count, ()) = tokio::join!(
        proxy.wait_for(|record| record.number == 2 && record.finished.is_some(), LIMIT),
        proxy.wait_for_count("Echo", 3, LIMIT),
        calls
    );
    assert_eq!(third.unwrap().grpc_status, Some(0));
    count.unwrap();
}

#[tokio::test]
async fn a_wait_in_vain_says_what_was_seen() {
    let (_upstream, proxy) = proxied().await;
    let limit = Duration::from_millis(50);
    let error = proxy.wait_for(|_| true, limit).await.unwrap_err();
    let start = "the wire proxy did not see";
    assert_eq!(error.to_string(), format!("{start} the awaited request within 50ms; it saw no request at all"));
    let client = Client::connect(&proxy).await.unwrap();
    client.call("Echo", "x").await.unwrap();
    client.call("Echo", "x").await.unwrap();
    let error = proxy.wait_for_count("Beat", 3, limit).await.unwrap_err();
    assert_eq!(error.to_string(), format!("{start} 3 × Beat within 50ms; it saw 2 × /test.v1.Echo/Echo"));
    let error = proxy.wait_for_connection(|connection| connection.number == 7, limit).await.unwrap_err();
    assert_eq!(error.to_string(), format!("{start} the awaited connection within 50ms; it saw 1 connections"));
}
