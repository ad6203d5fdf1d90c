//! The runs of a workflow, and whether it has ended, as Temporal tells.

use jiff::Timestamp;
use temporalio_client::tonic::Code;
use temporalio_common::protos::temporal::api::enums::v1::WorkflowExecutionStatus;
use temporalio_common::protos::temporal::api::workflow::v1::WorkflowExecutionInfo;
use temporalio_common::protos::temporal::api::workflowservice::v1::ListWorkflowExecutionsRequest;

use crate::workflow::describe::fetch;
use crate::workflow::server::{Refused, SHORT, Server};

/// Runs a call.
const PAGE: i32 = 500;

/// The newest run under an id, or the one that was asked for.
#[derive(Clone, Debug)]
pub(super) struct Newest {
    pub(super) run: String,
    /// When it ended, if it has, and nothing goes on.
    pub(super) ended: Option<Timestamp>,
    /// Of its chain.
    first: String,
}

/// None: Temporal knows none.
pub(super) async fn newest(server: &Server, id: &str, run: Option<&str>) -> Result<Option<Newest>, Refused> {
    let Some(info) = info(server, id, run).await? else { return Ok(None) };
    let ended = ended(&info);
    let run = run_id(&info).unwrap_or_default();
    let first = if info.first_run_id.is_empty() { run.clone() } else { info.first_run_id };
    Ok(Some(Newest { run, ended, first }))
}

/// The runs of its chain, as far as Temporal still knows them: what continued as new, was retried, or came by cron or reset. The
/// list is a second or so behind.
pub(super) async fn chain(server: &Server, id: &str, newest: &Newest) -> Result<Vec<String>, Refused> {
    let mut runs = vec![newest.run.clone()];
    if newest.first == newest.run {
        return Ok(runs);
    }
    runs.push(newest.first.clone());
    // One run of an id runs at a time, so what began since the first of the chain is of the chain. Its history may be gone.
    let first = info(server, id, Some(&newest.first)).await?;
    let since = first.and_then(|first| first.start_time).and_then(|time| timestamp(time.seconds, time.nanos));
    let since = since.map_or_else(String::new, |since| format!(" AND StartTime >= '{since}'"));
    let mut request = ListWorkflowExecutionsRequest {
        namespace: server.namespace.clone(),
        page_size: PAGE,
        query: format!("WorkflowId = '{}'{since}", id.replace('\'', "''")),
        ..Default::default()
    };
    loop {
        let page =
            server.call(|service, request| service.list_workflow_executions(request), request.clone(), SHORT).await?;
        runs.extend(page.executions.iter().filter_map(run_id));
        if page.next_page_token.is_empty() {
            return Ok(runs);
        }
        request.next_page_token = page.next_page_token;
    }
}

fn run_id(info: &WorkflowExecutionInfo) -> Option<String> {
    info.execution.as_ref().map(|execution| execution.run_id.clone())
}

async fn info(server: &Server, id: &str, run: Option<&str>) -> Result<Option<WorkflowExecutionInfo>, Refused> {
    match fetch(server, id, run).await {
        Ok(described) => Ok(described.workflow_execution_info),
        Err(refused) if refused.is(Code::NotFound) => Ok(None),
        Err(refused) => Err(refused),
    }
}

/// A run that continues as new is not the end.
fn ended(info: &WorkflowExecutionInfo) -> Option<Timestamp> {
    use WorkflowExecutionStatus as Status;
    if matches!(info.status(), Status::Running | Status::Paused | Status::ContinuedAsNew | Status::Unspecified) {
        return None;
    }
    let closed = info.close_time.as_ref().and_then(|time| timestamp(time.seconds, time.nanos));
    Some(closed.unwrap_or_else(Timestamp::now))
}

fn timestamp(seconds: i64, nanos: i32) -> Option<Timestamp> {
    Timestamp::new(seconds, nanos).ok()
}
