//! `no-op`: one activity that echoes.

use general_purpose_contract::{Activities, NO_OP_TIMEOUT, NoOpInput};
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{ActivityOptions, WorkflowContext, WorkflowResult};

/// Shows that a deployment works from end to end.
#[workflow]
#[derive(Debug, Default)]
pub struct NoOp;

#[workflow_methods]
impl NoOp {
    /// Runs the activity and gives back its answer.
    ///
    /// # Errors
    /// The activity failed for good, or the workflow was cancelled.
    #[run(name = "no-op")]
    pub async fn run(ctx: &mut WorkflowContext<Self>, input: NoOpInput) -> WorkflowResult<String> {
        tracing::info!(team_id = input.team_id, batch_export_id = input.batch_export_id, "running");
        let options = ActivityOptions::start_to_close_timeout(NO_OP_TIMEOUT);
        Ok(ctx.execute_activity(Activities::no_op, input, options).await?)
    }
}
