//! The real PostgreSQL, asked by its own `psql`.

use std::process::Command;

use mainspring_servers::Postgres;
use mainspring_servers::tools::Toolbox;
use tokio::net::TcpStream;

use crate::ending::{assert_the_server_dies_with, is_gone, is_to_be_killed, wait_to_be_killed};

/// What it answers.
fn ask(url: &str, sql: &str) -> String {
    let psql = Toolbox::from_env().unwrap().postgres().unwrap().path.with_file_name("psql");
    let output = Command::new(psql).args([url, "--no-psqlrc", "-tA", "-c", sql]).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{sql}: {out} {err}");
    out.trim().to_owned()
}

#[tokio::test]
async fn each_test_has_a_database_of_its_own_and_a_stopped_postgres_is_gone() {
    let mut server = Postgres::builder().start().await.unwrap();
    let (one, two) = tokio::try_join!(server.database("Orders & more"), server.database("Orders & more")).unwrap();
    assert_ne!(one, two);
    assert!(one.starts_with(&format!("postgres://postgres@{}/orders___more_", server.socket_address())), "{one}");
    for (url, amount) in [(&one, "7"), (&two, "8")] {
        ask(url, &format!("create table orders (amount int); insert into orders values ({amount})"));
    }
    assert_eq!(
        (ask(&one, "select amount from orders"), ask(&two, "select amount from orders")),
        ("7".into(), "8".into())
    );
    assert_eq!(ask(&one, "select current_setting('fsync') || current_setting('server_encoding')"), "offUTF8");

    let error = server.database(&"x".repeat(200)).await.map(|url| url.len());
    assert!(error.is_ok_and(|length| length < 100), "a long name is cut");
    let pid = server.pid().unwrap();
    server.stop().await;
    assert!(is_gone(pid) && server.pid().is_none(), "{server:?}");
    let error = server.database("late").await.unwrap_err().to_string();
    assert!(error.starts_with("createdb did not do it (exit status: 1); it said:\n    | "), "{error}");
    assert!(error.contains("Connection refused"), "{error}");
}

#[tokio::test]
async fn a_stopped_postgres_starts_again_on_its_port_with_its_data() {
    let mut server = Postgres::builder().start().await.unwrap();
    let url = server.database("kept").await.unwrap();
    ask(&url, "create table orders (amount int); insert into orders values (7)");
    let (address, pid) = (server.socket_address(), server.pid().unwrap());
    server.stop().await;
    assert!(is_gone(pid));
    server.start_again().await.unwrap();
    assert_eq!((server.socket_address(), ask(&url, "select amount from orders")), (address, "7".to_owned()));
}

#[tokio::test]
async fn two_servers_of_postgres_run_at_once_and_a_dropped_one_takes_its_data_along() {
    let start = || Postgres::builder().start();
    let (one, other) = tokio::try_join!(start(), start()).unwrap();
    let url = one.database("data").await.unwrap();
    let data = ask(&url, "select current_setting('data_directory')");
    assert!(std::path::Path::new(&data).is_dir());
    let pid = one.pid().unwrap();
    drop(one);
    assert!(is_gone(pid) && !std::path::Path::new(&data).exists());
    TcpStream::connect(other.socket_address()).await.unwrap();
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn postgres_dies_when_its_parent_is_killed() {
    if is_to_be_killed() {
        let server = Postgres::builder().start().await.unwrap();
        wait_to_be_killed(&server.socket_address().to_string()).await;
    }
    assert_the_server_dies_with("postgres::postgres_dies_when_its_parent_is_killed");
}
