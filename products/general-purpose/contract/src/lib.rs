//! What callers of `general-purpose` need: its task queue, the types of its workflows and the contracts of its
//! activities. No worker code.

mod dataset;
mod definitions;

pub use dataset::{
    BATCH_ROWS, DatasetError, HEARTBEAT_TIMEOUT_SECONDS, ProcessLargeDataset, ProcessLargeDatasetInput,
    ProcessLargeDatasetResult,
};
pub use definitions::{Activities, NoOpActivity, ProcessDatasetActivity};
use mainspring_vocabulary::Contract;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use temporalio_common::WorkflowDefinition;

/// The task queue that its workers poll.
pub const TASK_QUEUE: &str = "general-purpose-task-queue";

/// What `no-op` is given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NoOpInput {
    /// Any text; it comes back as the result.
    pub arg: String,
    /// The export that the run stands for.
    pub batch_export_id: String,
    /// The team that it belongs to.
    pub team_id: i64,
}

/// The workflow `no-op`: one activity that echoes. It shows that a deployment works from end to end.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoOp;

impl WorkflowDefinition for NoOp {
    type Input = NoOpInput;
    type Output = String;

    fn name(&self) -> &'static str {
        "no-op"
    }
}

impl Contract for NoOp {
    const TASK_QUEUE: &'static str = TASK_QUEUE;
}
