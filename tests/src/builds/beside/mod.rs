//! Another workflow of the product, which may call a function of any file.

use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{WorkflowContext, WorkflowResult};

#[workflow]
#[derive(Default)]
pub struct Beside;

#[workflow_methods]
impl Beside {
    #[run(name = "beside")]
    pub async fn run(ctx: &mut WorkflowContext<Self>, _name: String) -> WorkflowResult<()> {
        ctx.wait_condition(|_| false).await?;
        Ok(())
    }
}
