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

/// What Temporal knows of a workflow.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    /// Of the whole chain, in no order.
    pub(super) runs: Vec<String>,
    /// When the last of them ended, if it has.
    pub(super) ended: Option<Timestamp>,
}

/// One run, or the chain of the newest: what continued as new, was retried, or came by cron or reset. None: there is none.
pub(super) async fn known(server: &Server, id: &str, run: Option<&str>) -> Result<Option<Known>, Refused> {
    let Some(newest) = info(server, id, run).await? else { return Ok(None) };
    let ended = ended(&newest);
    let of = |info: &WorkflowExecutionInfo| info.execution.as_ref().map(|execution| execution.run_id.clone());
    let mut runs: Vec<String> = of(&newest).into_iter().collect();
    if run.is_some() || newest.first_run_id.is_empty() || runs.contains(&newest.first_run_id) {
        return Ok(Some(Known { runs, ended }));
    }
    // One run of an id runs at a time, so what began since the first of the chain is of the chain.
    let since = match info(server, id, Some(&newest.first_run_id)).await? {
        Some(first) => first.start_time,
        // Its history is gone; its lines need not be.
        None => None,
    };
    runs.push(newest.first_run_id);
    let since = since.and_then(|time| timestamp(time.seconds, time.nanos));
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
        for run in page.executions.iter().filter_map(of) {
            if !runs.contains(&run) {
                runs.push(run);
            }
        }
        if page.next_page_token.is_empty() {
            return Ok(Some(Known { runs, ended }));
        }
        request.next_page_token = page.next_page_token;
    }
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
