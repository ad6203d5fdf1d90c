//! `new-product-greet`: one activity.

use mainspring::prelude::ActivityContract;
use new_product_contract::{Activities, GreetInput};
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{WorkflowContext, WorkflowResult};

/// Greets.
#[workflow]
#[derive(Debug, Default)]
pub struct Greet;

#[workflow_methods]
impl Greet {
    /// Runs the activity and gives its answer.
    ///
    /// # Errors
    /// The activity failed for good, or the workflow was cancelled.
    #[run(name = "new-product-greet")]
    pub async fn run(ctx: &mut WorkflowContext<Self>, input: GreetInput) -> WorkflowResult<String> {
        Ok(ctx.execute_activity(Activities::compose, input, Activities::compose.options()).await?)
    }
}
