//! Heartbeater, progress and ShutdownMonitor, on a real server and with workers that die.

mod lab;

use std::process::Stdio;
use std::time::Duration;

use lab::{Outcome, activity_failure, unready, worker};
use mainspring_servers::proxy::{Fault, Match, WireProxy};
use mainspring_testing::{Env, TestError, Workflows, program};
use nix::sys::signal::Signal;
use serde_json::{Value, json};

const BEAT: &str = "RecordActivityTaskHeartbeat";
const COMPLETE: &str = "RespondActivityTaskCompleted";
const PATIENCE: Duration = Duration::from_secs(60);

fn beating(activity: &str, arg: &str, heartbeat_seconds: u64) -> Value {
    json!({ "activity": activity, "arg": arg, "heartbeat_seconds": heartbeat_seconds })
}

/// The pending activity as `workflow describe` shows it.
async fn pending(env: &Env, id: &str) -> Result<Value, TestError> {
    let mut command = tokio::process::Command::from(program(env!("CARGO_BIN_EXE_lab-worker")));
    command.args(["--address", env.address(), "workflow", "describe", "--workflow-id", id, "-o", "json"]);
    command.envs([lab::PATIENT]);
    let output = command.stdin(Stdio::null()).output().await?;
    let described: Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("{error}: {}", String::from_utf8_lossy(&output.stderr)))?;
    Ok(described["pending_activities"][0].clone())
}

#[tokio::test]
async fn a_death_right_after_the_first_beat_loses_no_progress() -> Outcome {
    let env = Env::shared().await?;
    let (queue, id) = (env.queue("death"), env.id("death"));
    let proxy = WireProxy::builder(env.address().parse()?).start().await?;
    let mut first = unready(&proxy.address(), &queue, &[])?;
    first.line("\"msg\":\"polling\"").await?;
    let client = env.client().await?;
    client.begin(&queue, &id, "call", &beating("resume_over_a_death", "", 4)).await?;
    first.line("hanging").await?;
    // Attempt 1 beat once, and its failure bore the details; the second beat is attempt 2's first.
    proxy.wait_for_count(BEAT, 2, PATIENCE).await?;
    first.signal(Signal::SIGKILL);
    first.end().await?;
    let _second = worker(&env, &queue, &[]).await?;
    assert_eq!(client.result::<String>(&id).await?, "attempt 3 resumes at 7");
    Ok(())
}

#[tokio::test]
async fn work_whose_completion_was_lost_is_known_to_be_done() -> Outcome {
    let env = Env::shared().await?;
    let (queue, id) = (env.queue("lost"), env.id("lost"));
    let proxy = WireProxy::builder(env.address().parse()?).start().await?;
    // The SDK gives a completion up after ten seconds, and Temporal the attempt eight seconds after its last beat.
    proxy.fault(Match::method(COMPLETE), Fault::Status(14, "away".to_owned()));
    let mut worker = unready(&proxy.address(), &queue, &[])?;
    worker.line("\"msg\":\"polling\"").await?;
    let client = env.client().await?;
    client.begin(&queue, &id, "call", &beating("effect_once", "", 8)).await?;
    worker.line("the effect").await?;
    worker.line("Network error while completing activity").await?;
    proxy.clear_faults();
    assert_eq!(client.result::<String>(&id).await?, "the effect is there");
    worker.signal(Signal::SIGTERM);
    let exit = worker.end().await?;
    assert!(exit.logged("the effect").is_empty(), "the effect was repeated");
    Ok(())
}

/// Stops a worker whose activity keeps details and looks at nothing. Gives what its end took.
async fn stopped_with_details(env: &Env) -> Result<Duration, TestError> {
    let (queue, id) = (env.queue("throttle"), env.id("throttle"));
    let mut worker = worker(env, &queue, &[("MAINSPRING_HEARTBEAT_THROTTLE", "60")]).await?;
    let client = env.client().await?;
    client.begin(&queue, &id, "call", &beating("deaf_after_details", "41", 40)).await?;
    worker.line("details are set").await?;
    worker.signal(Signal::SIGTERM);
    let exit = worker.end().await?;
    assert_eq!(exit.code, 0);
    assert!(exit.took < Duration::from_secs(30), "it waits for no throttle and no timeout: {:?}", exit.took);
    let pending = pending(env, &id).await?;
    assert_eq!(
        pending["heartbeat_details"],
        json!([{ "version": 1, "progress": { "n": 41, "ballast": "" } }]),
        "{pending}"
    );
    Ok(exit.took)
}

#[tokio::test]
async fn a_shutdown_brings_the_details_to_the_server_around_a_throttle_longer_than_the_grace() -> Outcome {
    let env = Env::shared().await?;
    let (mut fastest, sum) = (Duration::MAX, Duration::from_secs(6));
    for _ in 0..3 {
        fastest = fastest.min(stopped_with_details(&env).await?);
        if fastest <= sum {
            break;
        }
    }
    assert!(fastest <= sum, "grace 5 s and one: {fastest:?}");
    Ok(())
}

#[tokio::test]
async fn without_progress_the_beats_stop_and_the_next_attempt_runs() -> Outcome {
    let env = Env::shared().await?;
    let (queue, id) = (env.queue("stall"), env.id("stall"));
    let mut worker = worker(&env, &queue, &[]).await?;
    let client = env.client().await?;
    client.begin(&queue, &id, "call", &beating("stalls", "", 4)).await?;
    let said: Value = serde_json::from_str(&worker.line("the activity makes no progress").await?)?;
    assert_eq!((said["stalled"].as_str(), said["level"].as_str()), (Some("rows of the table"), Some("error")));
    assert_eq!(client.result::<String>(&id).await?, "attempt 2");
    Ok(())
}

#[tokio::test]
async fn what_cannot_beat_is_refused_with_what_would_be_right() -> Outcome {
    let env = Env::shared().await?;
    let queue = env.queue("refused");
    let _worker = worker(&env, &queue, &[]).await?;
    let client = env.client().await?;
    let run = async |what: &str, heartbeat_seconds| -> Result<(String, Result<String, TestError>), TestError> {
        let id = env.id("refused");
        client.begin(&queue, &id, "call", &beating("refused", what, heartbeat_seconds)).await?;
        let result = client.result::<String>(&id).await;
        Ok((id, result))
    };
    let (id, result) = run("nothing", 0).await?;
    assert!(result.is_err());
    let (name, message) = activity_failure(&client, &id).await?;
    assert_eq!(name, "NoTimeout");
    assert!(message.starts_with("activity refused has no heartbeat timeout"), "{message}");
    assert!(message.ends_with("set heartbeat_timeout where it is called, or use Heartbeater::optional"), "{message}");
    let second = "this attempt of activity refused has a Heartbeater already: hand a reference to that one on / Ok(())";
    assert_eq!(run("second", 5).await?.1?, second);
    let large = run("large", 5).await?.1?;
    assert!(large.starts_with("the details take 2097") && large.contains("at most 2031616 fit"), "{large}");
    Ok(())
}

#[tokio::test]
async fn an_optional_heartbeater_says_whether_it_beats() -> Outcome {
    let env = Env::shared().await?;
    let (queue, with, without) = (env.queue("optional"), env.id("with"), env.id("without"));
    let _worker = worker(&env, &queue, &[]).await?;
    let client = env.client().await?;
    client.begin(&queue, &with, "call", &beating("optional", "", 5)).await?;
    client.begin(&queue, &without, "call", &beating("optional", "", 0)).await?;
    assert_eq!(client.result::<String>(&with).await?, "interval Some(1s)");
    assert_eq!(client.result::<String>(&without).await?, "interval None");
    Ok(())
}

#[tokio::test]
async fn a_heartbeater_that_outlives_its_activity_harms_nobody() -> Outcome {
    let env = Env::shared().await?;
    let (queue, id, next) = (env.queue("outlives"), env.id("outlives"), env.id("next"));
    let mut worker = worker(&env, &queue, &[]).await?;
    let client = env.client().await?;
    client.begin(&queue, &id, "call", &beating("leaves_a_heartbeater", "", 2)).await?;
    assert_eq!(client.result::<String>(&id).await?, "gone");
    assert!(worker.line("set after the end").await?.contains("Ok(())"));
    client.begin(&queue, &next, "call", &beating("optional", "", 5)).await?;
    assert_eq!(client.result::<String>(&next).await?, "interval Some(1s)");
    Ok(())
}

#[tokio::test]
async fn details_of_somebody_else_mean_a_fresh_start_and_a_warning() -> Outcome {
    let env = Env::shared().await?;
    let (queue, id) = (env.queue("foreign"), env.id("foreign"));
    let mut worker = worker(&env, &queue, &[]).await?;
    let client = env.client().await?;
    client.begin(&queue, &id, "call", &beating("foreign_details", "", 5)).await?;
    let said: Value = serde_json::from_str(&worker.line("cannot be read: the work starts over").await?)?;
    assert_eq!(said["reason"], "the details have no \"version\" and \"progress\": something else wrote them");
    assert_eq!(client.result::<String>(&id).await?, "Fresh");
    Ok(())
}

#[tokio::test]
async fn a_monitor_sees_the_shutdown_and_the_next_worker_goes_on() -> Outcome {
    let env = Env::shared().await?;
    let (queue, id) = (env.queue("monitor"), env.id("monitor"));
    let mut first = worker(&env, &queue, &[]).await?;
    let client = env.client().await?;
    client.begin(&queue, &id, "call", &json!({ "activity": "checks", "arg": "" })).await?;
    first.line("\"msg\":\"checked\"").await?;
    first.signal(Signal::SIGTERM);
    let said: Value = serde_json::from_str(&first.line("asked to stop").await?)?;
    assert_eq!((said["seen"].as_bool(), said["reason"].as_str()), (Some(true), Some("Some(WorkerShutdown)")));
    assert_eq!(first.end().await?.code, 0);
    let failure = pending(&env, &id).await?["last_failure"].clone();
    let text = failure.to_string();
    assert!(text.contains("WorkerShuttingDown"), "{text}");
    let message = format!(
        "the worker on task queue {queue} is shutting down: attempt 1 of activity checks (1) of workflow call ({id}) ends early"
    );
    assert!(text.contains(&message), "{text}");
    let _second = worker(&env, &queue, &[]).await?;
    assert_eq!(client.result::<String>(&id).await?, "attempt 2, stop: None");
    Ok(())
}

#[tokio::test]
async fn work_on_the_pool_bears_its_activitys_ids_and_its_panic_is_the_activitys_failure() -> Outcome {
    let env = Env::shared().await?;
    let (queue, burnt, panicked) = (env.queue("pool"), env.id("burnt"), env.id("panicked"));
    let mut worker = worker(&env, &queue, &[]).await?;
    let client = env.client().await?;
    client.begin(&queue, &burnt, "call", &beating("pool_burn", "10", 5)).await?;
    let said: Value = serde_json::from_str(&worker.line("burning on the pool").await?)?;
    assert_eq!(
        (said["workflow_id"].as_str(), said["activity_type"].as_str()),
        (Some(burnt.as_str()), Some("pool_burn"))
    );
    assert!(said["thread"].as_str().is_some_and(|name| name.starts_with("cpu-")), "{said}");
    assert_eq!(client.result::<String>(&burnt).await?, "attempt 1");
    client.begin(&queue, &panicked, "call", &beating("pool_panic", "", 5)).await?;
    assert_eq!(client.result::<String>(&panicked).await?, "second attempt");
    let said: Value = serde_json::from_str(&worker.line("user code panicked").await?)?;
    assert_eq!(
        (said["panic"].as_str(), said["activity_type"].as_str()),
        (Some("panicked on the pool"), Some("pool_panic"))
    );
    assert!(said["place"].as_str().is_some_and(|place| place.contains("beats.rs:")), "{said}");
    Ok(())
}

#[tokio::test]
async fn work_on_the_pool_learns_that_it_is_not_wanted_any_more() -> Outcome {
    let env = Env::shared().await?;
    let (queue, id) = (env.queue("unwanted"), env.id("unwanted"));
    let mut worker = worker(&env, &queue, &[]).await?;
    let client = env.client().await?;
    client.begin(&queue, &id, "call", &beating("pool_until_cancelled", "", 2)).await?;
    worker.line("\"msg\":\"looking\"").await?;
    client.workflow(&id).cancel(Default::default()).await?;
    worker.line("not wanted any more").await?;
    let ended = client.result::<String>(&id).await.unwrap_err().to_string();
    assert!(ended.to_lowercase().contains("cancel"), "{ended}");
    Ok(())
}

/// The processes that a worker has started.
fn children(pid: u32) -> Result<usize, TestError> {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task"))?;
    let children = threads.filter_map(|thread| std::fs::read_to_string(thread.ok()?.path().join("children")).ok());
    Ok(children.map(|line| line.split_whitespace().count()).sum())
}

#[tokio::test]
async fn work_in_a_process_of_its_own_takes_nothing_along_when_it_dies() -> Outcome {
    let env = Env::shared().await?;
    let queue = env.queue("apart");
    let mut worker = worker(&env, &queue, &[("MAINSPRING_HEARTBEAT_THROTTLE", "1")]).await?;
    let client = env.client().await?;
    let begin = async |how: &str, attempts: u32| -> Result<String, TestError> {
        let id = env.id(how);
        let input = json!({ "activity": "apart", "arg": how, "heartbeat_seconds": 10, "attempts": attempts });
        client.begin(&queue, &id, "call", &input).await?;
        Ok(id)
    };
    let well = begin("well", 1).await?;
    assert_eq!(client.result::<String>(&well).await?, "well in another process: true");
    worker.line("going apart").await?;
    assert_eq!(client.result::<String>(&begin("print", 1).await?).await?, "printed");
    worker.line("going apart").await?;
    for (how, status, said) in [("abort", "signal: 6 (SIGABRT)", ""), ("panic", "exit status: 101", "panicked apart")] {
        let id = begin(how, 1).await?;
        assert!(client.result::<String>(&id).await.is_err());
        let (name, message) = activity_failure(&client, &id).await?;
        assert_eq!(name, "Died");
        assert!(message.starts_with(&format!("the process of apart ended with {status}")), "{message}");
        assert!(message.contains(said), "{message}");
        worker.line("going apart").await?;
    }
    let hanging = begin("hang", 1).await?;
    worker.line("going apart").await?;
    client.workflow(&hanging).cancel(Default::default()).await?;
    assert!(client.result::<String>(&hanging).await.is_err());
    let mut looks = tokio::time::interval(Duration::from_millis(50));
    for look in 0.. {
        looks.tick().await;
        match children(worker.pid())? {
            0 => break,
            left => assert!(look < 1_200, "{left} processes are left"),
        }
    }
    Ok(())
}
