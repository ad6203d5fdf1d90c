//! A product on another queue than its own, and callers that follow it in the middle of a workflow.

mod lab;

use lab::{Outcome, worker};
use mainspring_testing::{Env, TestError, Workflows};
use nix::sys::signal::Signal;
use temporalio_client::{Client, UntypedSignal, UntypedWorkflowHandle};
use temporalio_common::data_converters::{PayloadConverter, RawValue};
use temporalio_common::protos::temporal::api::history::v1::HistoryEvent;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;

async fn tell(workflow: &UntypedWorkflowHandle<Client>, told: u32) -> Outcome {
    let told = RawValue::from_value(&serde_json::json!(told), &PayloadConverter::default());
    Ok(workflow.signal(UntypedSignal::new("next"), told, Default::default()).await?)
}

/// The queue of each activity that a workflow scheduled.
fn queues(events: Vec<HistoryEvent>) -> Vec<String> {
    let queue = |event: HistoryEvent| match event.attributes {
        Some(Attributes::ActivityTaskScheduledEventAttributes(scheduled)) => {
            scheduled.task_queue.map(|queue| queue.name)
        }
        _ => None,
    };
    events.into_iter().filter_map(queue).collect()
}

#[tokio::test]
async fn a_product_moves_while_its_caller_waits_and_the_caller_follows() -> Outcome {
    let env = Env::shared().await?;
    let (caller, home, moved) = (env.queue("caller"), env.queue("home"), env.queue("moved"));
    let id = env.id("relay");
    // Nothing cached, so that each task of the workflow is a replay from its first event.
    let cold = ("MAINSPRING_MAX_CACHED_WORKFLOWS", "0");
    let mut before = worker(&env, &format!("{caller},{home}"), &[cold]).await?;
    let client = env.client().await?;
    client.begin(&caller, &id, "relay", &(&home, 2)).await?;
    let workflow = client.workflow(&id);
    tell(&workflow, 1).await?;
    before.line("relayed 0").await?;
    before.signal(Signal::SIGTERM);
    assert_eq!(before.end().await?.code, 0);

    let moves = format!("lab-1={moved}");
    let after = worker(&env, &format!("{caller},{home}"), &[cold, ("MAINSPRING_QUEUES", &moves)]).await?;
    tell(&workflow, 2).await?;
    assert_eq!(client.result::<u32>(&id).await?, 2);
    let events = workflow.fetch_history(Default::default()).into_events().await?;
    let failed = events.iter().any(|event| event.event_type().as_str_name() == "EVENT_TYPE_WORKFLOW_TASK_FAILED");
    assert!(!failed, "the replay did not mind");
    assert_eq!(queues(events), [home, moved]);
    after.signal(Signal::SIGTERM);
    assert_eq!(after.end().await?.code, 0);
    Ok(())
}

#[tokio::test]
async fn a_caller_without_the_callee_follows_its_queue() -> Outcome {
    let env = Env::shared().await?;
    let (caller, home, moved) = (env.queue("caller"), env.queue("home"), env.queue("moved"));
    let callee = worker(&env, &home, &[("MAINSPRING_QUEUES", &format!("lab-0={moved}"))]).await?;
    let following = worker(&env, &caller, &[("MAINSPRING_QUEUES", &format!("{home}={moved}"))]).await?;
    let (client, id) = (env.client().await?, env.id("relay"));
    client.begin(&caller, &id, "relay", &(&home, 1)).await?;
    let workflow = client.workflow(&id);
    tell(&workflow, 1).await?;
    assert_eq!(client.result::<u32>(&id).await?, 1);
    assert_eq!(queues(workflow.fetch_history(Default::default()).into_events().await?), [moved]);
    drop((callee, following));
    Ok(())
}

#[tokio::test]
async fn moves_that_cannot_be_are_refused_at_start() -> Result<(), TestError> {
    for (moves, said) in [
        ("lab-0", "MAINSPRING_QUEUES is \"lab-0\", whose part \"lab-0\" is no move: write product=queue,…"),
        ("lab-1=one", "workflow call is registered twice on one: by product lab-0 and by product lab-1"),
    ] {
        let exit = lab::unready("127.0.0.1:9", "one,two", &[("MAINSPRING_QUEUES", moves)])?.end().await?;
        let lines = exit.lines.join("\n");
        assert_eq!(exit.code, 78, "{lines}");
        assert!(lines.contains(said), "{lines}");
    }
    Ok(())
}
