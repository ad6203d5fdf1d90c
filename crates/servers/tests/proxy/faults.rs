//! Each fault does what its documentation says, to the requests that it is for and to no others.

use std::time::Duration;

use mainspring_servers::proxy::{Fault, Match};

use crate::client::{Answer, Client};
use crate::{LIMIT, proxied, soon};

/// Longer than any test: a fault that is released by its clearing alone.
const FOREVER: Duration = Duration::from_secs(100_000);

fn in_background(client: &Client, method: &'static str) -> tokio::task::JoinHandle<Option<Answer>> {
    let client = client.clone();
    tokio::spawn(async move { client.call(method, "x").await.ok() })
}

#[tokio::test]
async fn a_delay_delays_its_method_alone() {
    let (upstream, proxy) = proxied().await;
    let client = Client::connect(&proxy).await.unwrap();
    let delay = Duration::from_millis(120);
    proxy.fault(Match::method("Slow"), Fault::Delay(delay));
    proxy.fault(Match::method("Slower"), Fault::Delay(FOREVER));
    let slower = in_background(&client, "Slower");
    proxy.wait_for_count("Slower", 1, LIMIT).await.unwrap();
    assert_eq!(client.call("Slow", "x").await.unwrap().status(), "0");
    assert_eq!(client.call("Echo", "x").await.unwrap().status(), "0");
    let record = proxy.wait_for(|record| record.is("Slow") && record.finished.is_some(), LIMIT).await.unwrap();
    assert!(record.finished.unwrap() - record.at >= delay, "{record:?}");
    assert_eq!(upstream.seen().calls, ["/test.v1.Echo/Slow", "/test.v1.Echo/Echo"]);
    proxy.clear_faults();
    assert_eq!(soon(slower).await.unwrap().unwrap().status(), "0");
}

#[tokio::test]
async fn a_hung_request_is_forwarded_when_the_faults_are_cleared() {
    let (upstream, proxy) = proxied().await;
    let client = Client::connect(&proxy).await.unwrap();
    proxy.fault(Match::method("Echo"), Fault::Hang);
    let hung = in_background(&client, "Echo");
    proxy.wait_for(|record| record.request_bytes == 1, LIMIT).await.unwrap();
    assert_eq!(client.call("Other", "x").await.unwrap().status(), "0");
    assert_eq!(upstream.seen().calls, ["/test.v1.Echo/Other"]);
    assert!(!hung.is_finished());
    proxy.clear_faults();
    assert_eq!(soon(hung).await.unwrap().unwrap().status(), "0");
    assert_eq!(upstream.seen().calls, ["/test.v1.Echo/Other", "/test.v1.Echo/Echo"]);
}

#[tokio::test]
async fn a_hung_request_that_its_client_gives_up_is_never_forwarded() {
    let (upstream, proxy) = proxied().await;
    let client = Client::connect(&proxy).await.unwrap();
    proxy.fault(Match::all(), Fault::Hang);
    let hung = in_background(&client, "Echo");
    proxy.wait_for_count("Echo", 1, LIMIT).await.unwrap();
    hung.abort();
    let record = proxy.wait_for(|record| record.finished.is_some(), LIMIT).await.unwrap();
    assert_eq!((record.grpc_status, record.forwarded), (None, false));
    proxy.clear_faults();
    assert_eq!(client.call("Other", "x").await.unwrap().status(), "0");
    assert_eq!(upstream.seen().calls, ["/test.v1.Echo/Other"]);
}

#[tokio::test]
async fn a_status_is_answered_without_the_server() {
    let (upstream, proxy) = proxied().await;
    let client = Client::connect(&proxy).await.unwrap();
    proxy.fault(Match::method("Echo"), Fault::Status(8, "too many, 100 %".to_owned()));
    let answer = client.call("Echo", "12345").await.unwrap();
    assert_eq!((answer.status(), answer.text("grpc-message")), ("8", "too many, 100 %25"));
    assert_eq!(answer.text("content-type"), "application/grpc");
    assert!(upstream.seen().calls.is_empty());
    let record = proxy.wait_for(|record| record.finished.is_some(), LIMIT).await.unwrap();
    assert_eq!((record.grpc_status, record.forwarded, record.request_bytes), (Some(8), false, 5));
}

#[tokio::test]
async fn a_fault_with_a_count_is_over_after_it() {
    let (_upstream, proxy) = proxied().await;
    let client = Client::connect(&proxy).await.unwrap();
    proxy.fault(Match::method("Echo").times(2), Fault::Status(14, "not now".to_owned()));
    proxy.fault(Match::method("Echo").times(1), Fault::Status(8, "nor now".to_owned()));
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(client.call("Echo", "x").await.unwrap().status().to_owned());
    }
    assert_eq!(statuses, ["14", "14", "8", "0"]);
}

#[tokio::test]
async fn a_cut_request_never_lands() {
    let (upstream, proxy) = proxied().await;
    let client = Client::connect(&proxy).await.unwrap();
    let neighbour = in_background(&client, "Park");
    upstream.saw(|seen| seen.calls.len() == 1).await;
    proxy.fault(Match::method("Echo").times(1), Fault::Cut);
    assert!(client.call("Echo", "x").await.is_err());
    client.broken().await;
    assert!(soon(neighbour).await.unwrap().is_none());
    upstream.saw(|seen| seen.given_up == 1 && seen.ended == 1).await;
    assert_eq!(upstream.seen().calls, ["/test.v1.Echo/Park"]);
    let record = proxy.wait_for(|record| record.is("Echo") && record.finished.is_some(), LIMIT).await.unwrap();
    assert_eq!((record.grpc_status, record.forwarded), (None, false));
    assert_eq!(Client::connect(&proxy).await.unwrap().call("Echo", "x").await.unwrap().status(), "0");
}

#[tokio::test]
async fn a_call_cut_after_it_was_forwarded_lands_and_its_client_never_knows() {
    let (upstream, proxy) = proxied().await;
    let client = Client::connect(&proxy).await.unwrap();
    proxy.fault(Match::method("Echo").times(1), Fault::CutAfterForward);
    assert!(client.call("Echo", "landed").await.is_err());
    assert_eq!(upstream.seen().calls, ["/test.v1.Echo/Echo"]);
    let record = proxy.wait_for(|record| record.finished.is_some(), LIMIT).await.unwrap();
    assert_eq!((record.grpc_status, record.forwarded, record.response_bytes), (Some(0), true, 6));
    proxy.wait_for_connection(|connection| connection.closed.is_some(), LIMIT).await.unwrap();
}

#[tokio::test]
async fn cutting_all_ends_every_connection_and_lets_new_ones_in() {
    let (upstream, proxy) = proxied().await;
    let clients = [Client::connect(&proxy).await.unwrap(), Client::connect(&proxy).await.unwrap()];
    let calls = [in_background(&clients[0], "Park"), in_background(&clients[1], "Park")];
    upstream.saw(|seen| seen.calls.len() == 2).await;
    proxy.cut_all();
    for call in calls {
        assert!(soon(call).await.unwrap().is_none());
    }
    for client in &clients {
        client.broken().await;
    }
    upstream.saw(|seen| seen.given_up == 2 && seen.ended == 2).await;
    assert_eq!(Client::connect(&proxy).await.unwrap().call("Echo", "x").await.unwrap().status(), "0");
}

#[tokio::test]
async fn a_network_that_is_gone_comes_back() {
    let (upstream, proxy) = proxied().await;
    let client = Client::connect(&proxy).await.unwrap();
    assert_eq!(client.call("Echo", "x").await.unwrap().status(), "0");
    proxy.pause_accepting();
    assert_eq!(client.call("Echo", "open connections stay").await.unwrap().status(), "0");
    proxy.cut_all();
    client.broken().await;
    if let Ok(late) = Client::connect(&proxy).await {
        assert!(late.call("Echo", "x").await.is_err());
    }
    assert_eq!(upstream.seen().calls.len(), 2);
    proxy.resume_accepting();
    let client = Client::connect(&proxy).await.unwrap();
    assert_eq!(client.call("Echo", "x").await.unwrap().status(), "0");
    assert_eq!(proxy.connections().len(), 2, "a connection that was refused is none");
}
