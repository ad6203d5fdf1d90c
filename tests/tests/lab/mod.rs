//! The lab worker as a test runs it.
#![allow(dead_code)]

pub(crate) mod topics;

use mainspring_testing::{Env, Process, TestClient, TestError, Workflows};
use temporalio_common::protos::temporal::api::failure::v1::failure::FailureInfo;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;

pub(crate) type Outcome = Result<(), TestError>;

/// Time to connect, for a command on a machine with much else to do.
pub(crate) const PATIENT: (&str, &str) = ("MAINSPRING_CONNECT_TIMEOUT", "60");

/// A call of one activity.
pub(crate) fn call(activity: &str, arg: &str) -> serde_json::Value {
    serde_json::json!({ "activity": activity, "arg": arg })
}

/// The lab worker on that queue, polling. Its logs are JSON, its probes on a free port.
pub(crate) async fn worker(env: &Env, queue: &str, settings: &[(&str, &str)]) -> Result<Process, TestError> {
    let mut process = unready(env.address(), queue, settings)?;
    process.line("\"msg\":\"polling\"").await?;
    Ok(process)
}

/// The lab worker, just spawned.
pub(crate) fn unready(address: &str, queue: &str, settings: &[(&str, &str)]) -> Result<Process, TestError> {
    let base = [
        ("TEMPORAL_ADDRESS", address),
        ("LAB_QUEUES", queue),
        ("MAINSPRING_HTTP_ADDR", "127.0.0.1:0"),
        ("MAINSPRING_LOG_FORMAT", "json"),
        ("GRACEFUL_SHUTDOWN_TIMEOUT_SECONDS", "5"),
    ];
    Process::spawn(env!("CARGO_BIN_EXE_lab-worker"), &[], base.into_iter().chain(settings.iter().copied()))
}

/// The failure of a workflow's activity, as the server keeps it: type name and message.
pub(crate) async fn activity_failure(client: &TestClient, workflow_id: &str) -> Result<(String, String), TestError> {
    let events = client.workflow(workflow_id).fetch_history(Default::default()).into_events().await?;
    let failure = events.into_iter().find_map(|event| match event.attributes {
        Some(Attributes::ActivityTaskFailedEventAttributes(failed)) => failed.failure,
        _ => None,
    });
    let failure = failure.ok_or("no activity failed")?;
    match failure.failure_info {
        Some(FailureInfo::ApplicationFailureInfo(info)) => Ok((info.r#type, failure.message)),
        other => Err(format!("not an application failure: {other:?}").into()),
    }
}

/// Where a worker's probes listen, as it logged it.
pub(crate) fn probes_of(line: &str) -> Result<std::net::SocketAddr, TestError> {
    let line: serde_json::Value = serde_json::from_str(line)?;
    Ok(line["probes"].as_str().ok_or("no probes in the line")?.parse()?)
}

/// Asks a worker's listener. Gives the status and the body. Each of our figures has to say what it is.
pub(crate) async fn ask(addr: std::net::SocketAddr, path: &str) -> Result<(u16, String), TestError> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(addr).await?;
    stream.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("no answer")?;
    let figures = body.lines().filter_map(|line| line.strip_prefix("# TYPE mainspring_")?.split(' ').next());
    let silent: Vec<&str> = figures.filter(|name| !body.contains(&format!("# HELP mainspring_{name} "))).collect();
    assert!(silent.is_empty(), "without a # HELP: {silent:?}");
    Ok((head.split_whitespace().nth(1).ok_or("no status")?.parse()?, body.to_owned()))
}

/// Asks until the answer is such, for at most two minutes.
pub(crate) async fn until(
    addr: std::net::SocketAddr,
    path: &str,
    wanted: impl Fn(u16, &str) -> bool,
) -> Result<(), TestError> {
    let mut asks = tokio::time::interval(std::time::Duration::from_millis(200));
    let mut last = String::new();
    for _ in 0..600 {
        asks.tick().await;
        let (status, body) = ask(addr, path).await?;
        if wanted(status, &body) {
            return Ok(());
        }
        last = format!("{status} {body}");
    }
    Err(format!("{path} never answered as it should, the last: {last}").into())
}
