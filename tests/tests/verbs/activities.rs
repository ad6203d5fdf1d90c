//! `activity replay`: an attempt of a failed activity, run again by the command, behind a fence or without one.

use std::process::Stdio;

use mainspring_testing::{free_port, program};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::process::Command;

use crate::desk::{Desk, Outcome, PATIENT, PROGRAM, Said, said};

/// `mainspring activity replay`, where nothing else is set.
async fn replay(desk: &Desk, arguments: &[&str]) -> Result<Said, mainspring_testing::TestError> {
    let mut command = Command::from(program(PROGRAM));
    command.args(["activity", "replay"]).args(arguments);
    command.env("TEMPORAL_ADDRESS", desk.env.address()).env("LAB_QUEUES", &desk.queue).envs([PATIENT]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    said(command).await
}

#[tokio::test]
async fn a_failed_attempt_runs_here_from_its_last_heartbeat_and_reaches_nothing() -> Outcome {
    let (desk, _worker) = Desk::with_worker().await?;
    let address = format!("127.0.0.1:{}", free_port()?);
    let id = desk
        .started("call", &json!({ "activity": "dial", "arg": address, "heartbeat_seconds": 60 }).to_string())
        .await?;
    let beaten = |shown: &Value| {
        let pending = &shown["pending_activities"][0];
        pending["attempt"] == 2 && pending["heartbeat_details"] == json!([1])
    };
    let shown = desk.until(&id, beaten).await?;
    let activity = shown["pending_activities"][0]["activity_id"].as_str().ok_or("no activity id")?.to_owned();
    let which = ["--workflow-id", &id, "--activity-id", &activity];
    // What it could not reach is there now, and the fence keeps it from that.
    let listener = TcpListener::bind(&address).await?;
    let fenced = replay(&desk, &[&which[..], &["-o", "json"]].concat()).await?;
    assert_eq!(fenced.code, 1, "{fenced:?}");
    let outcome: Value = serde_json::from_str(&fenced.out)?;
    assert_eq!((&outcome["status"], &outcome["attempt"]), (&json!("failed"), &json!(2)), "{outcome}");
    assert_eq!(outcome["failure"]["type"], "Unreachable", "{outcome}");
    assert!(
        outcome["failure"]["message"].as_str().is_some_and(|text| text.contains("Network is unreachable")),
        "{outcome}"
    );
    assert!(fenced.talk.contains("attempt 2, without a network"), "{fenced:?}");
    let beat = |line: &str| line.strip_prefix("heartbeat after ")?.strip_suffix(" s: 2")?.parse::<f64>().ok();
    assert!(fenced.talk.lines().any(|line| beat(line).is_some()), "{fenced:?}");
    let nobody = std::future::poll_fn(|cx| std::task::Poll::Ready(listener.poll_accept(cx).is_pending())).await;
    assert!(nobody, "no connection came through the fence");

    let free = replay(&desk, &[&which[..], &["--allow-effects"]].concat()).await?;
    assert_eq!((free.code, free.out.as_str()), (0, "\"attempt 2 reached it in row 2\"\n"), "{free:?}");
    assert!(free.talk.contains("attempt 2, with its effects"), "{free:?}");
    listener.accept().await?;
    // Temporal was told nothing of all that.
    let after = desk.json(&["describe", "--workflow-id", &id]).await?;
    assert!(beaten(&after), "{after}");
    Ok(())
}

#[tokio::test]
async fn an_activity_that_has_ended_runs_as_its_last_attempt_did() -> Outcome {
    let (desk, _worker) = Desk::with_worker().await?;
    let id = desk.started("call", &json!({ "activity": "fail", "arg": "retryable" }).to_string()).await?;
    desk.until(&id, |shown| shown["status"] == "Completed").await?;
    let done = replay(&desk, &["--workflow-id", &id, "--activity-id", "1", "-o", "json"]).await?;
    assert_eq!(done.code, 0, "{done:?}");
    let outcome: Value = serde_json::from_str(&done.out)?;
    assert_eq!((&outcome["attempt"], &outcome["result"]), (&json!(3), &json!("third attempt")), "{outcome}");
    assert_eq!((&outcome["activity_type"], &outcome["heartbeats"]), (&json!("fail"), &json!(0)), "{outcome}");
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_replayed_is_said_with_what_there_is() -> Outcome {
    let (desk, _worker) = Desk::with_worker().await?;
    let id = desk.started("call", &json!({ "activity": "echo", "arg": "x" }).to_string()).await?;
    desk.until(&id, |shown| shown["status"] == "Completed").await?;
    let none = replay(&desk, &["--workflow-id", &id, "--activity-id", "77"]).await?;
    assert_eq!((none.code, none.out.as_str()), (66, ""), "{none:?}");
    assert!(
        none.talk.contains("has scheduled no activity 77 in run ") && none.talk.contains(": it has 1 (echo)"),
        "{none:?}"
    );
    let nowhere = replay(&desk, &["--workflow-id", "nowhere", "--activity-id", "1"]).await?;
    assert_eq!(nowhere.code, 66, "{nowhere:?}");
    assert!(nowhere.talk.contains("workflow nowhere cannot be read"), "{nowhere:?}");
    Ok(())
}
