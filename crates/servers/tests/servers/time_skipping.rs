//! The real test server of Temporal's Java SDK. Its clock is tried in `crates/testing`, which has a client for it.

use std::net::{Ipv4Addr, TcpListener};

use mainspring_servers::tools::Toolbox;
use mainspring_servers::{ServersError, TimeSkippingServer};
use nix::errno::Errno;
use tokio::net::TcpStream;

use crate::ending::{assert_the_server_dies_with, is_gone, is_to_be_killed, wait_to_be_killed};
use crate::silent::assert_given_up;

#[tokio::test]
async fn two_skipping_servers_run_at_once_and_stopped_or_dropped_they_are_gone() {
    let start = || TimeSkippingServer::builder().start();
    let (mut one, other) = tokio::try_join!(start(), start()).unwrap();
    assert_ne!(one.address(), other.address());
    let (first, second) = (one.pid().unwrap(), other.pid().unwrap());
    one.stop().await;
    assert!(is_gone(first) && one.pid().is_none(), "{one:?}");
    let error = TcpStream::connect(one.socket_address()).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
    TcpStream::connect(other.socket_address()).await.unwrap();
    drop(other);
    assert!(is_gone(second));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_skipping_server_dies_when_its_parent_is_killed() {
    if is_to_be_killed() {
        let server = TimeSkippingServer::builder().start().await.unwrap();
        wait_to_be_killed(&server.address()).await;
    }
    assert_the_server_dies_with("time_skipping::a_skipping_server_dies_when_its_parent_is_killed");
}

#[tokio::test]
async fn a_port_that_the_skipping_server_cannot_have_is_named() {
    let taken = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    let error = TimeSkippingServer::builder().port(port).start().await.unwrap_err();
    assert!(matches!(error, ServersError::Port { .. }));
    assert_eq!(
        error.to_string(),
        format!(
            "the time-skipping test server cannot have the port 0.0.0.0:{port}: {}; \
             stop what listens there, or choose another port (by default a free one is taken)",
            std::io::Error::from(Errno::EADDRINUSE)
        )
    );
}

#[tokio::test]
async fn without_java_it_says_what_to_install_before_anything_is_fetched() {
    let folder = tempfile::tempdir().unwrap();
    let toolbox = Toolbox::new(folder.path());
    let error = TimeSkippingServer::builder().toolbox(toolbox).start().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "no program `java` in JAVA_HOME or any folder of PATH; install a Java runtime, 17 or newer (Debian: \
         openjdk-17-jre-headless)"
    );
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}

#[tokio::test]
async fn a_skipping_server_that_never_answers_is_an_error_after_its_time() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("bin");
    std::fs::create_dir(&home).unwrap();
    let java = home.join("java");
    std::fs::write(&java, "#!/bin/sh\necho my process is $$\nexec sleep 3600\n").unwrap();
    std::fs::set_permissions(&java, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let here = Toolbox::from_env().unwrap();
    let variable = |name: &str| (name == "JAVA_HOME").then(|| folder.path().into());
    let variable = |name: &str| variable(name).or_else(|| std::env::var_os(name));
    let toolbox = Toolbox::from_variables(variable).unwrap();
    assert_eq!((toolbox.java().unwrap(), toolbox.cache()), (java, here.cache()));

    let start = async |limit| {
        let started = TimeSkippingServer::builder().toolbox(toolbox.clone()).start_limit(limit).start();
        let error = started.await.unwrap_err();
        assert!(error.to_string().starts_with("the time-skipping test server at 127.0.0.1:"), "{error}");
        error
    };
    assert_given_up(start, "GetCurrentTime").await;
}
