//! What callers of `new-product` need: its task queue, its workflow and the contract of its activity. No worker code.

mod definitions;

pub use definitions::{Activities, ComposeActivity};
use mainspring_vocabulary::{Contract, Failure};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use temporalio_common::{HasWorkflowDefinition, WorkflowDefinition};

/// The task queue that its workers poll.
pub const TASK_QUEUE: &str = "new-queue-task-queue";

/// The workflow `new-product-greet`: one activity, which composes a greeting.
#[derive(Clone, Copy, Debug, Default)]
pub struct Greet;

impl WorkflowDefinition for Greet {
    type Input = GreetInput;
    type Output = String;

    fn name(&self) -> &'static str {
        "new-product-greet"
    }
}

impl HasWorkflowDefinition for Greet {
    type Run = Self;
}

impl Contract for Greet {
    const TASK_QUEUE: &'static str = TASK_QUEUE;
}

/// What the workflow and its activity are given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GreetInput {
    /// Who is greeted.
    pub name: String,
}

/// Nobody can be greeted.
#[derive(Debug, Failure)]
#[non_exhaustive]
pub enum GreetError {
    /// The name is empty: no other attempt would mend it.
    #[failure(terminal, message = "there is nobody to greet: name is empty")]
    NoName,
}
