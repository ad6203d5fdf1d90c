//! Reaching the server: patience, what ends it at once, and what goes over the wire.

use std::time::{Duration, Instant};

use mainspring_client::{ClientError, PATIENCE_COMMAND};
use mainspring_servers::proxy::{Fault, Match};

use crate::server::{Server, free_address};
use crate::{LIMIT, call, connector, proxy, refusal};

const SHORT: Duration = Duration::from_secs(2);

#[tokio::test]
async fn without_a_server_it_gives_up_when_patience_is_spent_and_says_what_it_tried() {
    let address = free_address().to_string();
    let connector = connector([("TEMPORAL_ADDRESS", address.as_str())]);
    let mut said = String::new();
    // On a busy machine attempts are few, and the last one may be too late for its answer.
    for patience in [SHORT, SHORT, SHORT * 4] {
        let start = Instant::now();
        let error = refusal(&connector, patience).await;
        let took = start.elapsed();
        assert!((patience * 9 / 10..patience * 5).contains(&took), "{took:?}");
        let ClientError::Unreachable { tried, .. } = &error else { panic!("{error:?}") };
        let seconds = tried.elapsed.as_secs_f64();
        let expected = format!(
            "could not reach Temporal at {address} (namespace default, without TLS): {} attempts in {seconds:.1} s, \
             the last: connection refused. Is the server up? TEMPORAL_ADDRESS says where it is.",
            tried.attempts
        );
        said = error.to_string();
        if tried.attempts >= 4 && said == expected {
            return;
        }
    }
    panic!("{said}");
}

#[tokio::test]
async fn the_setting_of_patience_beats_the_callers() {
    let address = free_address().to_string();
    let pairs = [("TEMPORAL_ADDRESS", address.as_str()), ("MAINSPRING_CONNECT_TIMEOUT", "0.3")];
    let ClientError::Unreachable { tried, .. } = refusal(&connector(pairs), LIMIT).await else { panic!() };
    assert!(tried.elapsed < LIMIT / 2, "{:?}", tried.elapsed);
}

#[tokio::test]
async fn a_server_that_comes_up_late_is_connected_to() {
    // Whoever has the port before the server takes two attempts and drops them.
    let holder = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = holder.local_addr().unwrap();
    let text = address.to_string();
    let connecting = tokio::spawn(async move { connector([("TEMPORAL_ADDRESS", text.as_str())]).connect(LIMIT).await });
    for _ in 0..2 {
        drop(tokio::time::timeout(LIMIT, holder.accept()).await.unwrap().unwrap());
    }
    drop(holder);
    let _server = Server::start_at(address).await;
    let link = connecting.await.unwrap().unwrap();
    assert!(call(&link).await);
}

#[tokio::test]
async fn a_hostname_is_reached_as_an_address_is() {
    let server = Server::shared().await;
    let host = std::fs::read_to_string("/etc/hostname").unwrap_or_default();
    for host in ["localhost", host.trim()] {
        let address = format!("{host}:{}", server.address.port());
        let resolves = std::net::ToSocketAddrs::to_socket_addrs(&address)
            .is_ok_and(|mut found| found.all(|found| found.ip() == server.address.ip()));
        if host == "localhost" || resolves {
            let link = connector([("TEMPORAL_ADDRESS", address.as_str())]).connect(LIMIT).await.unwrap();
            assert!(call(&link).await);
        }
    }
    // A label has 63 characters at most, so no name server is asked, which may be far away or silent.
    let address = format!("{}.invalid:7233", "x".repeat(64));
    let nobody = connector([("TEMPORAL_ADDRESS", address.as_str())]);
    let mut said = String::new();
    // On a busy machine the last lookup may be too late for its answer.
    for patience in [300, 300, 3_000, 3_000].map(Duration::from_millis) {
        let error = refusal(&nobody, patience).await;
        let ClientError::Unreachable { tried, .. } = &error else { panic!("{error:?}") };
        if tried.cause.contains("lookup") || tried.cause.contains("resol") {
            return;
        }
        said = error.to_string();
    }
    panic!("{said}");
}

#[tokio::test]
async fn a_server_that_accepts_and_says_nothing_does_not_outlast_patience() {
    let (_server, proxy) = proxy().await;
    proxy.fault(Match::method("GetSystemInfo"), Fault::Hang);
    let start = Instant::now();
    let error = refusal(&connector([("TEMPORAL_ADDRESS", proxy.address().as_str())]), SHORT).await;
    assert!(start.elapsed() < SHORT * 5, "{:?}", start.elapsed());
    assert!(error.to_string().contains("the last: connecting took more than"), "{error}");
}

#[tokio::test]
async fn what_may_pass_is_tried_again_and_by_us_alone() {
    let (_server, proxy) = proxy().await;
    for method in ["GetSystemInfo", "DescribeNamespace"] {
        for code in [14, 8, 4] {
            proxy.fault(Match::method(method).times(1), Fault::Status(code, "not yet".to_owned()));
        }
    }
    connector([("TEMPORAL_ADDRESS", proxy.address().as_str())]).connect(LIMIT).await.unwrap();
    // Three failures and a success of the first, then the same of the second with the first before each. The server may
    // refuse one more for a moment, but the second never comes again without the first.
    let (infos, namespaces) = (proxy.count_of("GetSystemInfo"), proxy.count_of("DescribeNamespace"));
    assert!(namespaces >= 4 && infos >= namespaces + 3, "{infos} and {namespaces}");
}

#[tokio::test]
async fn a_wrong_namespace_is_an_error_at_once() {
    let server = Server::shared().await;
    let address = server.address.to_string();
    let pairs = [("TEMPORAL_ADDRESS", address.as_str()), ("TEMPORAL_NAMESPACE", "orders")];
    let start = Instant::now();
    let error = refusal(&connector(pairs), LIMIT).await;
    assert!(start.elapsed() < LIMIT / 2, "{:?}", start.elapsed());
    let ClientError::NamespaceNotFound { tried, .. } = &error else { panic!("{error:?}") };
    assert_eq!(tried.attempts, 1);
    assert_eq!(
        error.to_string(),
        format!(
            "Temporal at {address} (namespace orders, without TLS) has no namespace orders. TEMPORAL_NAMESPACE says \
             which to use; `temporal operator namespace list` shows those that there are."
        )
    );
}

#[tokio::test]
async fn denied_access_is_an_error_at_once() {
    let (_server, proxy) = proxy().await;
    proxy.fault(Match::method("DescribeNamespace"), Fault::Status(7, "not yours".to_owned()));
    let error = refusal(&connector([("TEMPORAL_ADDRESS", proxy.address().as_str())]), LIMIT).await;
    assert!(matches!(error, ClientError::Denied { .. }), "{error:?}");
    assert!(error.to_string().contains("not yours (PermissionDenied)"), "{error}");
    assert_eq!(proxy.count_of("DescribeNamespace"), 1);
}

#[tokio::test]
async fn gzip_is_off_by_default_and_on_by_setting() {
    let (_server, proxy) = proxy().await;
    let address = proxy.address();
    let pairs = [("TEMPORAL_ADDRESS", address.as_str()), ("MAINSPRING_GRPC_COMPRESSION", "gzip")];
    connector(pairs.into_iter().take(1)).connect(PATIENCE_COMMAND).await.unwrap();
    let plain = proxy.records();
    assert!(plain.iter().all(|record| record.grpc_encoding.is_none()), "{plain:?}");
    connector(pairs).connect(PATIENCE_COMMAND).await.unwrap();
    let zipped = proxy.records().split_off(plain.len());
    assert!(!zipped.is_empty());
    assert!(zipped.iter().all(|record| record.grpc_encoding.as_deref() == Some("gzip")), "{zipped:?}");
}
