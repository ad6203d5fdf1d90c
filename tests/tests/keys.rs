//! Idempotency keys over attempts, resets and workers that die; and what a local activity may and may not do.

mod lab;

use std::time::Duration;

use lab::{Outcome, call, worker};
use mainspring_testing::{Env, Process, TestClient, TestError, Workflows};
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use temporalio_client::NamespacedClient;
use temporalio_client::grpc::WorkflowService;
use temporalio_client::tonic::IntoRequest;
use temporalio_common::protos::temporal::api::common::v1::WorkflowExecution;
use temporalio_common::protos::temporal::api::workflowservice::v1::ResetWorkflowExecutionRequest;

/// What one attempt told.
#[derive(Debug, PartialEq)]
struct Told {
    key: String,
    business: String,
    attempt: String,
    id: String,
    seen: String,
}

async fn told(worker: &mut Process) -> Result<Told, TestError> {
    let line: Value = serde_json::from_str(&worker.line("\"msg\":\"my keys\"").await?)?;
    let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
    Ok(Told {
        key: text("key"),
        business: text("business"),
        attempt: text("attempt_key"),
        id: text("id"),
        seen: text("seen"),
    })
}

/// Resets to the workflow's first task; gives the id of the new run.
async fn reset(client: &TestClient, id: &str) -> Result<String, TestError> {
    let request = ResetWorkflowExecutionRequest {
        namespace: client.client().namespace(),
        workflow_execution: Some(WorkflowExecution { workflow_id: id.to_owned(), run_id: String::new() }),
        workflow_task_finish_event_id: 4,
        request_id: id.to_owned(),
        ..Default::default()
    };
    Ok(client.client().clone().reset_workflow_execution(request.into_request()).await?.into_inner().run_id)
}

#[tokio::test]
async fn a_key_is_the_same_for_every_attempt_and_another_after_a_reset() -> Outcome {
    let env = Env::shared().await?;
    let (queue, id, other) = (env.queue("keys"), env.id("keys"), env.id("keys"));
    let mut worker = worker(&env, &queue, &[]).await?;
    let client = env.client().await?;
    client.begin(&queue, &id, "call", &call("tell_keys", "order-17")).await?;
    let (first, second, third) = (told(&mut worker).await?, told(&mut worker).await?, told(&mut worker).await?);
    assert!(first.key.len() == 36 && first.key == second.key && second.key == third.key, "{first:?} {second:?}");
    assert!(first.business == third.business && first.business != first.key, "{first:?}");
    assert!(first.attempt != second.attempt && second.attempt != third.attempt, "{first:?} {second:?} {third:?}");
    assert_eq!(client.result::<String>(&id).await?, format!("{} {}", first.key, first.business));
    reset(&client, &id).await?;
    let after = told(&mut worker).await?;
    assert_ne!(after.key, first.key, "another run");
    assert_eq!(after.business, first.business, "the same order");
    client.result::<String>(&id).await?;
    client.begin(&queue, &other, "call", &call("tell_keys", "order-18")).await?;
    worker.line(&other).await?;
    let elsewhere = client.result::<String>(&other).await?;
    assert!(!elsewhere.contains(&first.key) && !elsewhere.contains(&first.business), "{elsewhere}");
    Ok(())
}

#[tokio::test]
async fn a_local_activity_keeps_its_key_over_timers_and_a_dead_worker() -> Outcome {
    let env = Env::shared().await?;
    let (queue, id) = (env.queue("local-keys"), env.id("local-keys"));
    let mut first = worker(&env, &queue, &[]).await?;
    let client = env.client().await?;
    // Six seconds between the second attempt and the third: the worker is dead before.
    let input = json!({ "activity": "tell_keys", "arg": "order-17", "pause_millis": 300 });
    client.begin(&queue, &id, "call_local", &input).await?;
    let (one, two) = (told(&mut first).await?, told(&mut first).await?);
    assert_eq!((one.seen.as_str(), two.seen.as_str()), ("Some(1)", "Some(2)"), "the context is there");
    assert_ne!(one.id, two.id, "the SDK changes the id with the timer, or the test shows nothing");
    assert_eq!((&one.key, &one.business), (&two.key, &two.business));
    first.signal(Signal::SIGKILL);
    first.end().await?;
    let mut next = worker(&env, &queue, &[]).await?;
    assert_eq!(told(&mut next).await?.key, one.key, "replayed on another worker");
    let results: Vec<String> = client.result(&id).await?;
    assert_eq!(results[0], format!("{} {}", one.key, one.business));
    assert_ne!(results[1], results[0], "the second call has a key of its own");
    Ok(())
}

#[tokio::test]
async fn a_local_activity_with_an_id_of_its_own_has_the_key_of_that_id() -> Outcome {
    let env = Env::shared().await?;
    let (queue, id) = (env.queue("local-id"), env.id("local-id"));
    let mut worker = worker(&env, &queue, &[]).await?;
    let client = env.client().await?;
    let input = json!({ "activity": "tell_keys", "arg": "order-17", "id": "mine" });
    client.begin(&queue, &id, "call_local", &input).await?;
    let (one, two) = (told(&mut worker).await?, told(&mut worker).await?);
    assert_eq!((one.id.as_str(), &one.key), ("mine-0", &two.key));
    let results: Vec<String> = client.result(&id).await?;
    assert_ne!(results[0], results[1]);
    Ok(())
}

#[tokio::test]
async fn a_local_activity_has_no_heartbeater_and_is_told_what_would_be_right() -> Outcome {
    let env = Env::shared().await?;
    let (queue, id) = (env.queue("local-beats"), env.id("local-beats"));
    let _worker = worker(&env, &queue, &[]).await?;
    let client = env.client().await?;
    client.begin(&queue, &id, "call_local", &call("beats_locally", "")).await?;
    let said: Vec<String> = client.result(&id).await?;
    let refused =
        "activity beats_locally is a local one, which cannot beat: run it as an activity if it takes long / None";
    assert_eq!(said, [refused, refused]);
    Ok(())
}

#[tokio::test]
async fn a_local_activity_that_nears_its_workflow_tasks_timeout_is_named() -> Outcome {
    let env = Env::shared().await?;
    let (queue, id) = (env.queue("local-long"), env.id("local-long"));
    let mut worker = worker(&env, &queue, &[]).await?;
    let client = env.client().await?;
    let began = std::time::Instant::now();
    client.begin(&queue, &id, "call_local", &call("stubborn", "8500")).await?;
    let said: Value = serde_json::from_str(&worker.line("a local activity takes nearly as long").await?)?;
    let after = began.elapsed();
    assert_eq!(
        (said["level"].as_str(), said["activity_type"].as_str(), said["workflow_id"].as_str()),
        (Some("warn"), Some("stubborn"), Some(id.as_str())),
        "{said}"
    );
    assert_eq!(said["workflow_task_timeout_seconds"], json!(10.0), "{said}");
    assert!(after >= Duration::from_secs(8), "{after:?}");
    Ok(())
}
