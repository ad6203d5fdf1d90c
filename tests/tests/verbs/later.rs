//! `activity complete`, `fail` and `heartbeat`: an activity that has returned, and ends by somebody else's word.

use std::process::Stdio;
use std::time::Duration;

use mainspring_testing::{Process, TestError, Workflows, program};
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::desk::{Desk, Outcome, PATIENT, PROGRAM, Said, said};

/// `mainspring activity …`, in a process that knows nothing of the worker's.
async fn activity(desk: &Desk, arguments: &[&str]) -> Result<Said, TestError> {
    let mut command = Command::from(program(PROGRAM));
    command.arg("activity").args(arguments).env("TEMPORAL_ADDRESS", desk.env.address()).envs([PATIENT]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    said(command).await
}

/// What the worker's next line about a hand-over holds: the token and the whole line.
async fn handed_over(worker: &mut Process) -> Result<(String, Value), TestError> {
    let line: Value = serde_json::from_str(&worker.line("\"msg\":\"handed over\"").await?)?;
    let token = line["open_by"].as_str().ok_or("no token")?.to_owned();
    Ok((token, line))
}

async fn waiting(desk: &Desk, arg: &str) -> Result<String, TestError> {
    desk.started("call", &json!({ "activity": "hands_over", "arg": arg }).to_string()).await
}

#[tokio::test]
async fn another_process_completes_it_by_its_token_or_by_its_ids() -> Outcome {
    let (desk, mut worker) = Desk::with_worker().await?;
    let client = desk.env.client().await?;
    let id = waiting(&desk, "").await?;
    let (token, _) = handed_over(&mut worker).await?;
    worker.line("another process will complete it").await?;
    let done = activity(&desk, &["complete", "--token", &token, "--result", "\"by token\"", "-o", "json"]).await?;
    done.is(0, "{\"status\":\"completed\"}\n", "the activity of this token completed\n");
    assert_eq!(client.result::<String>(&id).await?, "by token");
    let id = waiting(&desk, "").await?;
    handed_over(&mut worker).await?;
    let which = ["--workflow-id", &id, "--activity-id", "1"];
    let done = activity(&desk, &[&["complete"], &which[..], &["--result", "\"by ids\""]].concat()).await?;
    assert_eq!((done.code, done.out.as_str()), (0, ""), "{done:?}");
    assert_eq!(done.talk, format!("activity 1 of workflow {id} completed\n"));
    assert_eq!(client.result::<String>(&id).await?, "by ids");
    Ok(())
}

#[tokio::test]
async fn each_attempt_has_a_token_of_its_own_and_the_next_finds_the_details() -> Outcome {
    let (desk, mut worker) = Desk::with_worker().await?;
    let id = waiting(&desk, "").await?;
    let (first, _) = handed_over(&mut worker).await?;
    let beat = activity(&desk, &["heartbeat", "--token", &first, "--details", "{\"page\":4}", "-o", "json"]).await?;
    beat.is(0, "{\"cancel_requested\":false}\n", "the activity of this token was kept alive\n");
    let failed = activity(&desk, &["fail", "--token", &first, "--message", "not yet"]).await?;
    failed.is(0, "", "the activity of this token failed\n");
    let (second, line) = handed_over(&mut worker).await?;
    assert_ne!(first, second);
    assert_eq!(
        (line["attempt"].as_u64(), line["resumes"].as_str()),
        (Some(2), Some("Some(Object {\"page\": Number(4)})"))
    );
    let late = activity(&desk, &["complete", "--token", &first, "--result", "1"]).await?;
    late.refuses(66, "the activity of this token could not be completed: it has ended, or its attempt has");
    late.refuses(66, ", and each attempt has a token of its own: ");
    let final_one = ["fail", "--workflow-id", &id, "--activity-id", "1", "--message", "nobody approved it"];
    let failed = activity(&desk, &[&final_one[..], &["--type", "NotApproved", "--non-retryable"]].concat()).await?;
    assert_eq!(failed.code, 0, "{failed:?}");
    let shown = desk.run(&["result", "--workflow-id", &id]).await?;
    assert_eq!(shown.code, 1, "{shown:?}");
    assert!(shown.talk.contains("nobody approved it") && shown.talk.contains("NotApproved"), "{shown:?}");
    Ok(())
}

#[tokio::test]
async fn a_shutdown_neither_waits_for_it_nor_cancels_it() -> Outcome {
    let (desk, mut worker) = Desk::with_worker().await?;
    let id = waiting(&desk, "").await?;
    let (token, _) = handed_over(&mut worker).await?;
    worker.line("another process will complete it").await?;
    worker.signal(Signal::SIGTERM);
    let exit = worker.end().await?;
    // The grace is five minutes: a drain that counted it as running would take them.
    assert!(exit.code == 0 && exit.took < Duration::from_secs(60), "{exit:?}");
    let done = activity(&desk, &["complete", "--token", &token, "--result", "\"after the worker\""]).await?;
    assert_eq!(done.code, 0, "{done:?}");
    let _next = desk.worker().await?;
    assert_eq!(desk.env.client().await?.result::<String>(&id).await?, "after the worker");
    Ok(())
}

#[tokio::test]
async fn a_heartbeat_says_that_the_workflow_wants_it_to_stop() -> Outcome {
    let (desk, mut worker) = Desk::with_worker().await?;
    let input = json!({ "activity": "hands_over", "arg": "", "waits_for_cancellation": true });
    let id = desk.started("call", &input.to_string()).await?;
    let (token, _) = handed_over(&mut worker).await?;
    desk.run(&["cancel", "--workflow-id", &id]).await?;
    let mut looks = tokio::time::interval(Duration::from_millis(100));
    let asked = async {
        loop {
            looks.tick().await;
            let beat = activity(&desk, &["heartbeat", "--token", &token, "-o", "json"]).await?;
            if beat.out == "{\"cancel_requested\":true}\n" {
                return Ok::<_, TestError>(beat);
            }
        }
    };
    let beat = tokio::time::timeout(Duration::from_secs(30), asked).await??;
    assert!(
        beat.talk.ends_with("was kept alive, and its workflow asks it to stop: fail it, or complete it\n"),
        "{beat:?}"
    );
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_handed_over_says_why() -> Outcome {
    let (desk, mut worker) = Desk::with_worker().await?;
    let failure = async |id: &str| -> Result<Said, TestError> { desk.run(&["result", "--workflow-id", id]).await };
    let beating = failure(&waiting(&desk, "with a heartbeater").await?).await?;
    assert!(
        beating.talk.contains("activity hands_over has a Heartbeater, which beats no longer once it returns"),
        "{beating:?}"
    );
    let local = desk.started("call_local", &json!({ "activity": "hands_over", "arg": "" }).to_string()).await?;
    let local = failure(&local).await?;
    assert!(local.talk.contains("activity hands_over is a local one, which nobody else can complete"), "{local:?}");
    // One whose token reached nobody is tried again.
    let id = waiting(&desk, "nobody there").await?;
    let (token, line) = handed_over(&mut worker).await?;
    assert_eq!(line["attempt"], 2);
    activity(&desk, &["complete", "--token", &token, "--result", "\"the second\""]).await?;
    assert_eq!(desk.env.client().await?.result::<String>(&id).await?, "the second");
    Ok(())
}

#[tokio::test]
async fn a_wrong_token_or_id_is_refused_with_what_would_be_right() -> Outcome {
    let (desk, _worker) = Desk::with_worker().await?;
    let no_base64 = activity(&desk, &["complete", "--token", "not base64!"]).await?;
    no_base64.refuses(64, "--token is no completion token: it is the base64 text that the activity handed over");
    // The base64 of "nonsense".
    let nonsense = activity(&desk, &["complete", "--token", "bm9uc2Vuc2U="]).await?;
    nonsense.refuses(64, "the activity of this token could not be completed: this is no token of an activity");
    let nowhere =
        activity(&desk, &["fail", "--workflow-id", "nowhere", "--activity-id", "1", "--message", "x"]).await?;
    nowhere
        .refuses(66, "activity 1 of workflow nowhere could not be failed: it is not open (`workflow describe` shows");
    let half = activity(&desk, &["complete", "--workflow-id", "nowhere"]).await?;
    half.refuses(64, "--activity-id <ACTIVITY_ID>");
    let id = waiting(&desk, "").await?;
    let no_json =
        activity(&desk, &["complete", "--workflow-id", &id, "--activity-id", "1", "--result", "{yes"]).await?;
    no_json.refuses(64, "--result: ");
    Ok(())
}
