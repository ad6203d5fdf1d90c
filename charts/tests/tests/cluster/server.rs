//! The API server itself: it is here, not in the tests of its crate, because Go builds it for minutes.

use std::net::TcpStream;

use chart_tests::{Api, ChartError};
use mainspring_servers::KubeApi;
use serde_json::json;

use crate::Outcome;
use crate::ending::{assert_the_server_dies_with, is_gone, is_to_be_killed, wait_to_be_killed};

#[tokio::test]
async fn it_keeps_what_it_is_told_and_stopped_it_is_gone_with_its_etcd() -> Outcome {
    let mut server = KubeApi::builder().start().await?;
    let api = Api::new(&server)?;
    assert_eq!(api.get("/version")?["gitVersion"], "v1.34.2");
    api.post("/api/v1/namespaces", &json!({ "metadata": { "name": "kept" } }))?;
    assert_eq!(api.get("/api/v1/namespaces/kept")?["status"]["phase"], "Active");

    let pids = server.pids();
    assert_eq!(pids.len(), 2, "{server:?}");
    server.stop().await;
    assert!(pids.into_iter().all(is_gone) && server.pids().is_empty(), "{server:?}");
    Ok(())
}

#[tokio::test]
async fn who_has_not_its_token_is_refused_and_so_is_what_a_kind_does_not_have() -> Outcome {
    let server = KubeApi::builder().start().await?;
    let api = Api::new(&server)?;
    let refused = api.clone().as_nobody().get("/api/v1/namespaces").unwrap_err().to_string();
    assert_eq!(refused, "GET /api/v1/namespaces: the API server answered 401: Unauthorized");
    let namespace = json!({ "metadata": { "name": "x" }, "sepc": {} });
    let refused = api.post("/api/v1/namespaces", &namespace).unwrap_err().to_string();
    assert!(refused.contains("unknown field \"sepc\""), "{refused}");
    Ok(())
}

#[tokio::test]
async fn two_run_at_once_and_know_nothing_of_each_other() -> Outcome {
    let start = || KubeApi::builder().start();
    let (one, other) = tokio::try_join!(start(), start())?;
    Api::new(&one)?.post("/api/v1/namespaces", &json!({ "metadata": { "name": "mine" } }))?;
    let missing = Api::new(&other)?.get("/api/v1/namespaces/mine").unwrap_err();
    assert!(matches!(&missing, ChartError::Api { answer, .. } if answer.starts_with("404")), "{missing}");
    let (pids, address) = (one.pids(), other.socket_address());
    drop(one);
    assert!(pids.into_iter().all(is_gone));
    TcpStream::connect(address).unwrap();
    Ok(())
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn it_dies_when_its_parent_is_killed() {
    if is_to_be_killed() {
        let server = KubeApi::builder().start().await.unwrap();
        wait_to_be_killed(&server.socket_address().to_string()).await;
    }
    assert_the_server_dies_with("server::it_dies_when_its_parent_is_killed");
}
