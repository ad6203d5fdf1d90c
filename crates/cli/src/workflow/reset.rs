//! `workflow reset`: a new run from a point of the old one's history; one workflow, or all that match a query.

use serde_json::json;
use temporalio_common::protos::temporal::api::batch::v1::BatchOperationReset;
use temporalio_common::protos::temporal::api::common::v1::{ResetOptions, reset_options::Target};
use temporalio_common::protos::temporal::api::enums::v1::ResetReapplyExcludeType;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;
use temporalio_common::protos::temporal::api::workflowservice::v1::start_batch_operation_request::Operation;
use temporalio_common::protos::temporal::api::workflowservice::v1::{
    GetWorkflowExecutionHistoryRequest, ResetWorkflowExecutionRequest,
};

use super::batch::{self, Job};
use super::server::{SHORT, Server, execution};
use super::{Notice, describe};
use crate::arguments::Output;
use crate::arguments::workflow::{ReapplyExclude, ResetArguments, ResetType};
use crate::exit::Failure;
use crate::{print, say};

pub(crate) async fn run(server: &Server, arguments: &ResetArguments, notice: &Notice) -> Result<(), Failure> {
    let targets = &arguments.targets;
    let excluded: Vec<i32> = arguments.reapply_exclude.iter().flat_map(|kind| excluded(*kind)).collect();
    let Some(id) = &targets.workflow_id else {
        let target = match arguments.r#type {
            Some(ResetType::First) => Target::FirstWorkflowTask(()),
            _ => Target::LastWorkflowTask(()),
        };
        let options =
            ResetOptions { target: Some(target), reset_reapply_exclude_types: excluded, ..Default::default() };
        let operation =
            BatchOperationReset { identity: server.identity.clone(), options: Some(options), ..Default::default() };
        let job = Job {
            verb: "reset",
            targets,
            reason: Some(&arguments.reason),
            operation: Operation::ResetOperation(operation),
            output: arguments.output,
        };
        return batch::run(server, &job, notice).await;
    };
    let old = describe::info(server, id, targets.run_id.as_deref()).await?.execution.unwrap_or_default().run_id;
    let event_id = match (arguments.event_id, arguments.r#type) {
        (Some(event_id), _) => event_id,
        (None, kind) => task_end(server, id, &old, kind.unwrap_or(ResetType::Last)).await?,
    };
    let request = ResetWorkflowExecutionRequest {
        namespace: server.namespace.clone(),
        workflow_execution: execution(id, Some(&old)),
        reason: arguments.reason.clone(),
        workflow_task_finish_event_id: event_id,
        // The same for each attempt: it is reset once.
        request_id: uuid::Uuid::new_v4().to_string(),
        reset_reapply_exclude_types: excluded,
        identity: server.identity.clone(),
        ..Default::default()
    };
    notice
        .set(format!("Workflow {id} may have been reset: look with `mainspring workflow describe --workflow-id {id}`"));
    let answer = server.call(|service, request| service.reset_workflow_execution(request), request, SHORT).await;
    let new = answer.map_err(|refused| {
        refused.failure(format_args!("workflow {id} could not be reset to event {event_id}{}", refused.doubt()))
    })?;
    say(&format!("workflow {id} goes on from event {event_id} of run {old} as run {}", new.run_id));
    match arguments.output {
        Output::Text => print(&format!("{id} {}", new.run_id)),
        Output::Json => print(
            &json!({ "workflow_id": id, "run_id": new.run_id, "reset_run_id": old, "event_id": event_id }).to_string(),
        ),
    }
}

/// The event that ends the first or the last workflow task of a run.
async fn task_end(server: &Server, workflow_id: &str, run_id: &str, which: ResetType) -> Result<i64, Failure> {
    let mut request = GetWorkflowExecutionHistoryRequest {
        namespace: server.namespace.clone(),
        execution: execution(workflow_id, Some(run_id)),
        ..Default::default()
    };
    let mut last = None;
    loop {
        let page = server
            .call(|service, request| service.get_workflow_execution_history(request), request.clone(), SHORT)
            .await
            .map_err(|refused| refused.failure(format_args!("the history of workflow {workflow_id} cannot be read")))?;
        for event in page.history.into_iter().flat_map(|history| history.events) {
            let is_end = matches!(
                event.attributes,
                Some(
                    Attributes::WorkflowTaskCompletedEventAttributes(_)
                        | Attributes::WorkflowTaskFailedEventAttributes(_)
                        | Attributes::WorkflowTaskTimedOutEventAttributes(_)
                )
            );
            if is_end {
                last = Some(event.event_id);
                if which == ResetType::First {
                    break;
                }
            }
        }
        match (which, last) {
            (ResetType::First, Some(first)) => return Ok(first),
            _ if !page.next_page_token.is_empty() => request.next_page_token = page.next_page_token,
            (_, Some(last)) => return Ok(last),
            (_, None) => {
                return Err(Failure::Usage(format!(
                    "workflow {workflow_id} cannot be reset: no worker has taken a task of run {run_id} yet, so it is at its \
                     beginning"
                )));
            }
        }
    }
}

fn excluded(kind: ReapplyExclude) -> Vec<i32> {
    let (signal, update) = (ResetReapplyExcludeType::Signal.into(), ResetReapplyExcludeType::Update.into());
    match kind {
        ReapplyExclude::All => vec![signal, update],
        ReapplyExclude::Signal => vec![signal],
        ReapplyExclude::Update => vec![update],
    }
}
