//! `workflow update`: a change that a worker accepts or refuses, and whose result is waited for.

use serde_json::{Value, json};
use temporalio_common::protos::temporal::api::enums::v1::UpdateWorkflowExecutionLifecycleStage as Stage;
use temporalio_common::protos::temporal::api::update::v1::outcome::Value as Kept;
use temporalio_common::protos::temporal::api::update::v1::{Input, Meta, Outcome, Request, WaitPolicy};
use temporalio_common::protos::temporal::api::workflowservice::v1::{
    PollWorkflowExecutionUpdateRequest, UpdateWorkflowExecutionRequest,
};

use super::failure::{Told, values};
use super::pollers::Waiting;
use super::server::{LONG, Refused, Server, execution};
use super::{Notice, describe, input};
use crate::arguments::Output;
use crate::arguments::workflow::UpdateArguments;
use crate::exit::Failure;
use crate::{print, say};

pub(crate) async fn run(
    server: &Server,
    arguments: &UpdateArguments,
    inputs: &[input::Input],
    notice: &Notice,
) -> Result<(), Failure> {
    let (id, name) = (&arguments.target.workflow_id, &arguments.name);
    let update_id = arguments.update_id.clone().unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
    let described = describe::fetch(server, id, arguments.target.run_id.as_deref()).await;
    let described = described.map_err(|refused| refused.failure(format_args!("workflow {id} cannot be updated")))?;
    let info = described.workflow_execution_info.unwrap_or_default();
    let run_id = info.execution.map(|execution| execution.run_id).unwrap_or_default();
    let request = UpdateWorkflowExecutionRequest {
        namespace: server.namespace.clone(),
        workflow_execution: execution(id, Some(&run_id)),
        wait_policy: Some(WaitPolicy { lifecycle_stage: Stage::Completed.into() }),
        request: Some(Request {
            meta: Some(Meta { update_id: update_id.clone(), identity: server.identity.clone() }),
            input: Some(Input {
                header: None,
                name: name.clone(),
                args: input::encode(inputs, &server.payloads).await?,
            }),
            ..Default::default()
        }),
        ..Default::default()
    };
    notice.set(format!(
        "Update {update_id} of workflow {id} goes on; the same command with --update-id {update_id} waits for it"
    ));
    let task = Waiting { queue: &info.task_queue, workflow_id: id, run_id: Some(&run_id), version: None };
    let outcome = tokio::select! {
        outcome = finish(server, request) => outcome,
        failure = task.give_up(server, arguments.polled.poller_wait) => return Err(failure),
    };
    let outcome = outcome.map_err(|refused| {
        let again = if refused.lost {
            format!("; the same command with --update-id {update_id} asks again")
        } else {
            String::new()
        };
        refused.failure(format_args!("update {name} of workflow {id} has no result{again}"))
    })?;
    let head = |field: &str, value: &Value| {
        json!({ "workflow_id": id, "update": name, "update_id": update_id, field: value }).to_string()
    };
    match outcome.value {
        Some(Kept::Failure(failure)) => {
            let told = Told::of(server, &failure).await;
            let text = format!("update {name} of workflow {id} failed: {}", told.text());
            if arguments.output == Output::Json {
                print(&head("failure", &told.shown()))?;
            }
            Err(Failure::WorkflowFailed(text))
        }
        Some(Kept::Success(payloads)) => answer(server, Some(&payloads), arguments.output, head).await,
        None => answer(server, None, arguments.output, head).await,
    }
}

async fn answer(
    server: &Server,
    payloads: Option<&temporalio_common::protos::temporal::api::common::v1::Payloads>,
    output: Output,
    head: impl Fn(&str, &Value) -> String,
) -> Result<(), Failure> {
    let mut values = values(&server.payloads, payloads).await;
    let value = if values.len() > 1 { Value::Array(values) } else { values.pop().unwrap_or_default() };
    match output {
        Output::Text => print(&serde_json::to_string_pretty(&value).unwrap_or_default()),
        Output::Json => print(&head("result", &value)),
    }
}

/// Until a worker has completed it. The server ends a call that waits after 20 s, with what it knows by then: an update that no
/// worker has accepted yet is sent again under the same id, and one that was accepted is polled for.
async fn finish(server: &Server, request: UpdateWorkflowExecutionRequest) -> Result<Outcome, Refused> {
    let accepted = loop {
        let answer =
            server.call(|service, request| service.update_workflow_execution(request), request.clone(), LONG).await?;
        if let Some(outcome) = answer.outcome {
            return Ok(outcome);
        }
        if matches!(answer.stage(), Stage::Accepted | Stage::Completed) {
            break answer.update_ref;
        }
    };
    say("accepted; it is not done yet");
    let poll = PollWorkflowExecutionUpdateRequest {
        namespace: server.namespace.clone(),
        update_ref: accepted,
        identity: server.identity.clone(),
        wait_policy: request.wait_policy,
    };
    loop {
        let answer =
            server.call(|service, request| service.poll_workflow_execution_update(request), poll.clone(), LONG).await?;
        if let Some(outcome) = answer.outcome {
            return Ok(outcome);
        }
    }
}
