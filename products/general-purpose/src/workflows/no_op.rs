//! `no-op`: one activity that echoes.

use general_purpose_contract::{Activities, NoOpInput};
use mainspring::prelude::ActivityContract;
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{WorkflowContext, WorkflowResult};

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
        Ok(ctx.execute_activity(Activities::no_op, input, Activities::no_op.options()).await?)
    }
}
