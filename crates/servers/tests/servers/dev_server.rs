//! The real dev server, and Temporal's own CLI as its client.

use std::net::{Ipv4Addr, TcpListener};
use std::process::Command;
use std::time::Duration;

use mainspring_servers::{SearchAttributeType, ServersError, TemporalDevServer};
use nix::errno::Errno;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::ending::is_gone;
use crate::silent::assert_given_up;

/// What the CLI says when it is asked something about this server.
fn ask(server: &TemporalDevServer, question: &[&str]) -> String {
    let output = Command::new(server.program())
        .args(question)
        .args(["--address", &server.address(), "-o", "json"])
        .output()
        .unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{question:?}: {out} {err}");
    out.into_owned()
}

#[tokio::test]
async fn a_started_server_serves_its_namespaces_and_search_attributes_at_once_and_stop_leaves_no_process() {
    let mut server = TemporalDevServer::builder()
        .namespace("orders")
        .search_attribute("CustomerId", SearchAttributeType::Keyword)
        .dynamic_config("frontend.enableUpdateWorkflowExecution", "true")
        .start()
        .await
        .unwrap();
    assert!(server.address().starts_with("127.0.0.1:"), "{server:?}");
    assert_eq!((server.namespace(), server.ui_url()), ("orders", None));

    let started = ["workflow", "start", "--type", "none", "--task-queue", "none", "--workflow-id", "first"];
    for namespace in ["orders", "default"] {
        ask(&server, &[&started[..], &["--namespace", namespace]].concat());
    }
    let attributes = ask(&server, &["operator", "search-attribute", "list", "--namespace", "orders"]);
    assert!(attributes.contains("CustomerId"), "{attributes}");

    let pid = server.pid().unwrap();
    server.stop().await;
    assert!(is_gone(pid));
    assert_eq!(server.pid(), None);
    let error = TcpStream::connect(server.socket_address()).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn two_servers_run_at_once_and_a_dropped_one_is_gone() {
    let start = || TemporalDevServer::builder().start();
    let (one, other) = tokio::try_join!(start(), start()).unwrap();
    assert_ne!(one.address(), other.address());
    let pid = one.pid().unwrap();
    drop(one);
    assert!(is_gone(pid));
    ask(&other, &["operator", "namespace", "describe", "default"]);
}

#[tokio::test]
async fn a_killed_server_comes_back_on_its_port_with_what_its_file_held() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = TemporalDevServer::builder().db_file(folder.path().join("temporal.db")).start().await.unwrap();
    let (address, pid) = (server.address(), server.pid().unwrap());
    ask(&server, &["workflow", "start", "--type", "none", "--task-queue", "none", "--workflow-id", "kept"]);

    server.kill().await;
    assert!(is_gone(pid) && server.pid().is_none());
    server.restart().await.unwrap();
    assert_eq!(server.address(), address);
    assert_ne!(server.pid().unwrap(), pid);
    let workflow = ask(&server, &["workflow", "describe", "--workflow-id", "kept"]);
    assert!(workflow.contains("WORKFLOW_EXECUTION_STATUS_RUNNING"), "{workflow}");

    // A running one is stopped first. The file is what remembers, so this is the same workflow still.
    let pid = server.pid().unwrap();
    server.restart().await.unwrap();
    assert!(is_gone(pid));
    ask(&server, &["workflow", "describe", "--workflow-id", "kept"]);
}

#[tokio::test]
async fn a_restart_waits_for_a_port_that_somebody_else_has_meanwhile() {
    let mut server = TemporalDevServer::builder().start().await.unwrap();
    server.stop().await;
    let squatter = TcpListener::bind(server.socket_address()).unwrap();
    let address = server.address();
    let mut restart = Box::pin(server.restart());
    // The server reports the taken port within milliseconds, so this sees several tries fail.
    tokio::time::timeout(Duration::from_secs(1), &mut restart).await.unwrap_err();
    drop(squatter);
    restart.await.unwrap();
    assert_eq!(server.address(), address);
}

#[tokio::test]
async fn the_ui_is_served_when_it_is_asked_for() {
    let server = TemporalDevServer::builder().ui_port(0).start().await.unwrap();
    let url = server.ui_url().unwrap();
    let host = url.strip_prefix("http://").unwrap();
    // The UI has a listener of its own, which may be up a moment after the service is.
    let mut stream = tokio::time::timeout(Duration::from_secs(20), async {
        loop {
            match TcpStream::connect(host).await {
                Ok(stream) => break stream,
                Err(_) => tokio::task::yield_now().await,
            }
        }
    })
    .await
    .unwrap();
    stream.write_all(format!("GET / HTTP/1.0\r\nHost: {host}\r\n\r\n").as_bytes()).await.unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).await.unwrap();
    assert!(page.starts_with("HTTP/1.0 200") && page.contains("<html"), "{page}");
}

#[tokio::test]
async fn a_taken_port_is_an_error_that_names_it() {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    let error = TemporalDevServer::builder().port(port).start().await.unwrap_err();
    assert!(matches!(error, ServersError::Port { .. }));
    assert_eq!(
        error.to_string(),
        format!(
            "the Temporal dev server cannot have the port 127.0.0.1:{port}: {}; \
             stop what listens there, or choose another port (by default a free one is taken)",
            std::io::Error::from(Errno::EADDRINUSE)
        )
    );
    let error = TemporalDevServer::builder().ui_port(port).start().await.unwrap_err();
    assert!(error.to_string().contains(&format!("the UI port 127.0.0.1:{port}")), "{error}");
}

#[tokio::test]
async fn a_server_that_ends_is_an_error_with_its_last_lines() {
    let error = TemporalDevServer::builder().extra_arg("--no-such-flag").start().await.unwrap_err();
    let message = error.to_string();
    assert!(
        message.starts_with("the Temporal dev server ended before it was ready (exit status: 1); its last lines:\n"),
        "{message}"
    );
    assert!(message.contains("    | ") && message.contains("unknown flag: --no-such-flag"), "{message}");
}

#[tokio::test]
async fn a_server_that_never_answers_is_an_error_after_its_time_and_is_not_left_behind() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("temporal");
    std::fs::write(&program, "#!/bin/sh\necho my process is $$\nexec sleep 3600\n").unwrap();
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();

    let start =
        async |limit| TemporalDevServer::builder().program(&program).start_limit(limit).start().await.unwrap_err();
    assert_given_up(start, "DescribeNamespace").await;
}
