//! When a workflow has nothing to do until something happens to it: what makes an order the same each time.

use std::time::{Duration, Instant};

use temporalio_client::tonic::Request;
use temporalio_client::{Client, NamespacedClient};
use temporalio_common::protos::temporal::api::common::v1::WorkflowExecution;
use temporalio_common::protos::temporal::api::enums::v1::WorkflowExecutionStatus;
use temporalio_common::protos::temporal::api::history::v1::HistoryEvent;
use temporalio_common::protos::temporal::api::workflowservice::v1::{
    DescribeWorkflowExecutionRequest, DescribeWorkflowExecutionResponse, GetWorkflowExecutionHistoryRequest,
};

use super::gate::{Gate, Key};
use super::timers::{Leap, Seen, Timers};
use crate::RunError;
use crate::worker::shared;

/// How often the server is asked.
const ASK: Duration = Duration::from_millis(2);
/// How long an activity may run. One that takes longer waits for something itself, a cancellation for instance; to go on
/// without it would make the order one of the clock.
const LONGEST_BODY: Duration = Duration::from_secs(20);

/// What can be released at a quiet moment.
#[derive(Debug)]
pub(super) struct Ready {
    /// Results, by their activities.
    pub(super) held: Vec<(Key, String)>,
    /// Timers, on a time-skipping server.
    pub(super) leap: Option<Leap>,
}

/// Waits until the workflow and its children are quiet and there is something to release: a result, a timer, or an event
/// of the test's.
///
/// # Errors
/// [`RunError::Unheld`], [`RunError::Timer`]; no connection.
pub(super) async fn wait(
    address: &str,
    workflow_id: &str,
    gate: &Gate,
    timers: Option<&Timers>,
    event: impl Fn() -> bool,
) -> Result<Ready, RunError> {
    let caller = shared::caller(address).await?;
    let client = caller.link().client();
    let longest = gate.longest().unwrap_or(LONGEST_BODY);
    let begun = Instant::now();
    loop {
        let mut family = vec![workflow_id.to_owned()];
        let (mut held, mut quiet, mut seen) = (Vec::new(), true, Seen::default());
        while let Some(workflow_id) = family.pop() {
            let execution = Some(WorkflowExecution { workflow_id: workflow_id.clone(), run_id: String::new() });
            let request = DescribeWorkflowExecutionRequest { namespace: client.namespace(), execution };
            let described =
                client.connection().workflow_service().describe_workflow_execution(Request::new(request)).await;
            // A server that does not answer for a moment is asked again; what ends the test is the result's own patience.
            let Ok(described) = described else {
                quiet = false;
                break;
            };
            let described: DescribeWorkflowExecutionResponse = described.into_inner();
            if is_closed(&described) {
                // Its result is on its way, and nothing can happen to it. A child that has just closed is no child soon.
                quiet = false;
                break;
            }
            let of_it = gate.held(&workflow_id);
            let mut running =
                described.pending_activities.iter().filter(|activity| !of_it.contains_key(&activity.activity_id));
            let first = running.next();
            if let Some(activity) = first.filter(|_| begun.elapsed() > longest) {
                let activity_type = activity.activity_type.as_ref().map(|kind| kind.name.clone()).unwrap_or_default();
                let activity_id = activity.activity_id.clone();
                return Err(RunError::Unheld { workflow_id, activity_type, activity_id, waited: longest });
            }
            quiet &= described.pending_workflow_task.is_none() && first.is_none();
            family.extend(described.pending_children.into_iter().map(|child| child.workflow_id));
            if quiet && timers.is_some() {
                match events(client, &workflow_id).await {
                    Some(events) => seen.add(&workflow_id, &events),
                    None => quiet = false,
                }
            }
            held.extend(of_it.into_iter().map(|(activity, name)| ((workflow_id.clone(), activity), name)));
        }
        let mut leap = None;
        if let Some(timers) = timers.filter(|_| quiet) {
            match timers.next(&seen)? {
                Some(next) => leap = next,
                None => quiet = false,
            }
        }
        if quiet && (event() || !held.is_empty() || leap.is_some()) {
            return Ok(Ready { held, leap });
        }
        tokio::time::sleep(ASK).await;
    }
}

/// Whether every timer of the workflow that fired was released.
///
/// # Errors
/// [`RunError::Timer`]; no connection.
pub(super) async fn check(address: &str, workflow_id: &str, timers: &Timers) -> Result<(), RunError> {
    let caller = shared::caller(address).await?;
    let mut seen = Seen::default();
    if let Some(events) = events(caller.link().client(), workflow_id).await {
        seen.add(workflow_id, &events);
    }
    timers.check(&seen)
}

/// The history of a workflow's present run, if the server tells.
async fn events(client: &Client, workflow_id: &str) -> Option<Vec<HistoryEvent>> {
    let (mut events, mut next_page_token) = (Vec::new(), Vec::new());
    loop {
        let execution = Some(WorkflowExecution { workflow_id: workflow_id.to_owned(), run_id: String::new() });
        let namespace = client.namespace();
        let request =
            GetWorkflowExecutionHistoryRequest { namespace, execution, next_page_token, ..Default::default() };
        let page = client.connection().workflow_service().get_workflow_execution_history(Request::new(request)).await;
        let page = page.ok()?.into_inner();
        events.extend(page.history.into_iter().flat_map(|history| history.events));
        if page.next_page_token.is_empty() {
            return Some(events);
        }
        next_page_token = page.next_page_token;
    }
}

fn is_closed(described: &DescribeWorkflowExecutionResponse) -> bool {
    let info = described.workflow_execution_info.as_ref();
    info.is_some_and(|info| info.status() != WorkflowExecutionStatus::Running)
}
