//! `process-large-dataset`: one long activity.

use std::time::Duration;

use general_purpose_contract::{
    Activities, DatasetError, HEARTBEAT_TIMEOUT_SECONDS, ProcessLargeDatasetInput, ProcessLargeDatasetResult,
};
use mainspring::prelude::ActivityContract;
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{WorkflowContext, WorkflowResult};

/// Turns Parquet into JSON lines.
#[workflow]
#[derive(Debug, Default)]
pub struct ProcessLargeDataset;

#[workflow_methods]
impl ProcessLargeDataset {
    /// Runs the activity, over as many attempts as it takes.
    ///
    /// # Errors
    /// A [`DatasetError`] that no other attempt would mend, or the workflow was cancelled.
    #[run(name = "process-large-dataset")]
    pub async fn run(
        ctx: &mut WorkflowContext<Self>,
        input: ProcessLargeDatasetInput,
    ) -> WorkflowResult<ProcessLargeDatasetResult> {
        let seconds = input.heartbeat_timeout_seconds;
        if !HEARTBEAT_TIMEOUT_SECONDS.contains(&seconds) {
            let (field, right) = ("heartbeat_timeout_seconds", "from 1 to 600");
            return Err(DatasetError::InvalidInput { field, value: seconds.to_string(), right }.into());
        }
        let mut options = Activities::process_dataset.options();
        options.heartbeat_timeout = Some(Duration::from_secs(seconds.into()));
        Ok(ctx.execute_activity(Activities::process_dataset, input, options).await?)
    }
}
