//! `workflow result`, and the waiting of `execute`: to the end of the chain of runs, with the failure as Temporal keeps it.

use serde_json::{Map, Value, json};
use temporalio_common::protos::temporal::api::enums::v1::{HistoryEventFilterType, WorkflowExecutionStatus};
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;
use temporalio_common::protos::temporal::api::workflowservice::v1::GetWorkflowExecutionHistoryRequest;

use super::failure::{Told, values};
use super::pollers::unpolled;
use super::server::{LONG, Server, execution};
use super::{Notice, describe};
use crate::arguments::Output;
use crate::arguments::workflow::OneArguments;
use crate::exit::Failure;
use crate::{print, say};

pub(crate) async fn run(server: &Server, arguments: &OneArguments, notice: &Notice) -> Result<(), Failure> {
    let (id, run_id) = (&arguments.target.workflow_id, arguments.target.run_id.as_deref());
    let info = describe::info(server, id, run_id).await?;
    if info.status() == WorkflowExecutionStatus::Running
        && let Some(nobody) = unpolled(server, &info.task_queue, None).await
    {
        say(&format!("warning: {nobody}: workflow {id} waits until a worker does"));
    }
    let run_id = info.execution.map(|execution| execution.run_id).unwrap_or_default();
    wait(server, id, &run_id, arguments.output, notice).await
}

/// Waits for the end, and prints the result. A run that goes on as another is followed.
pub(crate) async fn wait(
    server: &Server,
    workflow_id: &str,
    run_id: &str,
    output: Output,
    notice: &Notice,
) -> Result<(), Failure> {
    notice.set(format!("The workflow goes on: mainspring workflow result --workflow-id {workflow_id}"));
    let mut run_id = run_id.to_owned();
    loop {
        let end = End::of(server, close_event(server, workflow_id, &run_id).await?).await;
        match end.next_run {
            Some(next) => {
                say(&format!("workflow {workflow_id} {}: it goes on as run {next}", end.how));
                run_id = next;
            }
            None => return end.print(workflow_id, &run_id, output),
        }
    }
}

/// The last event of a run, when it has ended.
pub(crate) async fn close_event(server: &Server, workflow_id: &str, run_id: &str) -> Result<Attributes, Failure> {
    let mut request = GetWorkflowExecutionHistoryRequest {
        namespace: server.namespace.clone(),
        execution: execution(workflow_id, Some(run_id)),
        wait_new_event: true,
        history_event_filter_type: HistoryEventFilterType::CloseEvent.into(),
        ..Default::default()
    };
    loop {
        let answer = server
            .call(|service, request| service.get_workflow_execution_history(request), request.clone(), LONG)
            .await;
        let answer = answer.map_err(|refused| {
            refused.failure(format_args!(
                "the result of workflow {workflow_id} could not be read; `mainspring workflow result --workflow-id \
                 {workflow_id}` asks again"
            ))
        })?;
        let last = answer.history.and_then(|history| history.events.into_iter().next_back());
        if let Some(end) = last.and_then(|event| event.attributes) {
            return Ok(end);
        }
        request.next_page_token = answer.next_page_token;
    }
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct End {
    /// As list filters name it.
    status: &'static str,
    /// The middle of a sentence: "workflow x …".
    how: String,
    outcome: Outcome,
    next_run: Option<String>,
}

#[derive(Debug)]
enum Outcome {
    Result(Value),
    Failure(Value),
}

impl End {
    pub(crate) async fn of(server: &Server, event: Attributes) -> Self {
        let failed = |status, how: String, failure: Value, next: String| Self {
            status,
            how,
            outcome: Outcome::Failure(failure),
            next_run: (!next.is_empty()).then_some(next),
        };
        match event {
            Attributes::WorkflowExecutionCompletedEventAttributes(end) => {
                let mut result = values(&server.payloads, end.result.as_ref()).await;
                let result = if result.len() > 1 { Value::Array(result) } else { result.pop().unwrap_or_default() };
                let next_run = (!end.new_execution_run_id.is_empty()).then_some(end.new_execution_run_id);
                Self { status: "Completed", how: "completed".to_owned(), outcome: Outcome::Result(result), next_run }
            }
            Attributes::WorkflowExecutionFailedEventAttributes(end) => {
                let told = Told::of(server, &end.failure.unwrap_or_default()).await;
                failed("Failed", format!("failed: {}", told.text()), told.shown(), end.new_execution_run_id)
            }
            Attributes::WorkflowExecutionTimedOutEventAttributes(end) => {
                let how = "timed out".to_owned();
                failed("TimedOut", how.clone(), json!({ "message": how }), end.new_execution_run_id)
            }
            Attributes::WorkflowExecutionCanceledEventAttributes(end) => {
                let details = values(&server.payloads, end.details.as_ref()).await;
                let mut failure = Map::from_iter([("message".to_owned(), json!("cancelled"))]);
                if !details.is_empty() {
                    failure.insert("details".to_owned(), Value::Array(details));
                }
                failed("Canceled", "was cancelled".to_owned(), Value::Object(failure), String::new())
            }
            Attributes::WorkflowExecutionTerminatedEventAttributes(end) => {
                let why = if end.reason.is_empty() { String::new() } else { format!(": {}", end.reason) };
                let failure = json!({ "message": end.reason, "identity": end.identity });
                failed("Terminated", format!("was terminated{why}"), failure, String::new())
            }
            Attributes::WorkflowExecutionContinuedAsNewEventAttributes(end) => {
                let how = "continued as new".to_owned();
                failed("ContinuedAsNew", how.clone(), json!({ "message": how }), end.new_execution_run_id)
            }
            other => {
                let how = format!("ended by an event that this version does not know ({other:?})");
                failed("Unknown", how.clone(), json!({ "message": how }), String::new())
            }
        }
    }

    /// The fields of a closed workflow that `describe` shows.
    pub(crate) fn field(self) -> (&'static str, Value) {
        match self.outcome {
            Outcome::Result(value) => ("result", value),
            Outcome::Failure(value) => ("failure", value),
        }
    }

    fn print(self, workflow_id: &str, run_id: &str, output: Output) -> Result<(), Failure> {
        let (status, how) = (self.status, self.how);
        let head = |name: &str, value: &Value| {
            json!({ "workflow_id": workflow_id, "run_id": run_id, "status": status, name: value }).to_string()
        };
        match (self.outcome, output) {
            (Outcome::Result(value), Output::Text) => print(&serde_json::to_string_pretty(&value).unwrap_or_default()),
            (Outcome::Result(value), Output::Json) => print(&head("result", &value)),
            (Outcome::Failure(value), output) => {
                if output == Output::Json {
                    print(&head("failure", &value))?;
                }
                Err(Failure::WorkflowFailed(format!("workflow {workflow_id} {how}")))
            }
        }
    }
}
