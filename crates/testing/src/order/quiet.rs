//! When a workflow has nothing to do until something happens to it: what makes an order the same each time.

use std::time::{Duration, Instant};

use temporalio_client::NamespacedClient;
use temporalio_client::tonic::Request;
use temporalio_common::protos::temporal::api::common::v1::WorkflowExecution;
use temporalio_common::protos::temporal::api::enums::v1::WorkflowExecutionStatus;
use temporalio_common::protos::temporal::api::workflowservice::v1::{
    DescribeWorkflowExecutionRequest, DescribeWorkflowExecutionResponse,
};

use super::gate::{Gate, Key};
use crate::RunError;
use crate::worker::shared;

/// How often the server is asked.
const ASK: Duration = Duration::from_millis(2);
/// How long an activity may run. One that takes longer waits for something itself, a cancellation for instance; to go on
/// without it would make the order one of the clock.
const LONGEST_BODY: Duration = Duration::from_secs(20);

/// Waits until the workflow and its children are quiet and there is something to release: a result, or an event of the
/// test's. Gives the results.
///
/// # Errors
/// [`RunError::Unheld`]; no connection.
pub(super) async fn wait(
    address: &str,
    workflow_id: &str,
    gate: &Gate,
    event: impl Fn() -> bool,
) -> Result<Vec<(Key, String)>, RunError> {
    let caller = shared::caller(address).await?;
    let client = caller.link().client();
    let longest = gate.longest().unwrap_or(LONGEST_BODY);
    let begun = Instant::now();
    loop {
        let mut family = vec![workflow_id.to_owned()];
        let (mut held, mut quiet) = (Vec::new(), true);
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
            held.extend(of_it.into_iter().map(|(activity, name)| ((workflow_id.clone(), activity), name)));
        }
        if quiet && (event() || !held.is_empty()) {
            return Ok(held);
        }
        tokio::time::sleep(ASK).await;
    }
}

fn is_closed(described: &DescribeWorkflowExecutionResponse) -> bool {
    let info = described.workflow_execution_info.as_ref();
    info.is_some_and(|info| info.status() != WorkflowExecutionStatus::Running)
}
