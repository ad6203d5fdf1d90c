//! Runs the attempt, in a worker without a server, and tells how it ended: data to stdout, heartbeats to stderr.

use mainspring_client::Payloads;
use mainspring_settings::Sources;
use mainspring_worker::{LoneAttempt, LoneOutcome, Product, Registry};
use serde_json::{Value, json};
use temporalio_common::data_converters::DataConverter;
use temporalio_common::protos::temporal::api::common::v1::Payload;
use temporalio_common::protos::temporal::api::workflowservice::v1::PollActivityTaskQueueResponse as Task;

use crate::arguments::Output;
use crate::exit::Failure;
use crate::workflow::failure::Told;
use crate::{print, say};

/// The product that has the activity.
pub(super) fn product_of<'a>(task: &Task, registry: &'a Registry) -> Result<&'a Product, Failure> {
    let name = task.activity_type.as_ref().map_or("", |kind| &kind.name);
    let has = |product: &&Product| product.activity_names().any(|activity| activity == name);
    registry.products().iter().find(has).ok_or_else(|| {
        let known: Vec<&str> = registry.products().iter().flat_map(Product::activity_names).collect();
        Failure::NotFound(format!("no product here has an activity {name}: there are {}", known.join(", ")))
    })
}

pub(super) async fn run(task: Task, registry: &Registry, sources: Sources, output: Output) -> Result<(), Failure> {
    let product = product_of(&task, registry)?.clone();
    let execution = task.workflow_execution.clone().unwrap_or_default();
    let name = task.activity_type.as_ref().map(|kind| kind.name.clone()).unwrap_or_default();
    let mut shown = json!({
        "workflow_id": execution.workflow_id,
        "run_id": execution.run_id,
        "activity_id": task.activity_id,
        "activity_type": name,
        "attempt": task.attempt,
    });
    let payloads = Payloads::new(DataConverter::default());
    let attempt = LoneAttempt::of(product, name.clone(), Vec::new()).task(move |polled| *polled = task);
    let attempt = attempt.sources(sources).on_beat(|beat| {
        let details: Vec<String> = beat.details.iter().map(plainly).collect();
        say(&format!("heartbeat after {:.3} s: {}", beat.after.as_secs_f64(), details.join(", ")));
    });
    let running = attempt.start().await?;
    let (outcome, beats) = running.outcome().await;
    shown["heartbeats"] = beats.len().into();
    let mut result = None;
    let failed = match outcome {
        LoneOutcome::Completed(payload) => {
            let value = payloads.decode_json(&payload).await?;
            shown["status"] = "completed".into();
            shown["result"] = value.clone();
            result = Some(value);
            None
        }
        LoneOutcome::Failed(failure) => {
            let told = Told::plain(&failure);
            let text = format!("activity {name} failed: {}", told.text());
            shown["status"] = "failed".into();
            shown["failure"] = told.shown();
            Some(text)
        }
        other => {
            let (status, text) = ended(&other);
            shown["status"] = status.into();
            Some(format!("activity {name} {text}"))
        }
    };
    match (output, result) {
        (Output::Json, _) => print(&shown.to_string())?,
        (Output::Text, Some(value)) => print(&text_of(&value))?,
        (Output::Text, None) => {}
    }
    failed.map_or(Ok(()), |text| Err(Failure::WorkflowFailed(text)))
}

const fn ended(outcome: &LoneOutcome) -> (&'static str, &'static str) {
    match outcome {
        LoneOutcome::Cancelled => ("cancelled", "let itself be cancelled"),
        LoneOutcome::Later => ("later", "left its end to another process, and would be open still"),
        LoneOutcome::HeartbeatTimedOut => ("timed_out", "did not beat within its heartbeat timeout"),
        _ => ("timed_out", "took longer than its start-to-close timeout"),
    }
}

fn text_of(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_else(|_| value.to_string())
}

fn plainly(payload: &Payload) -> String {
    match std::str::from_utf8(&payload.data) {
        Ok(text) => text.to_owned(),
        Err(_) => format!("({} bytes)", payload.data.len()),
    }
}
