//! The first build.

use temporalio_common::data_converters::RawValue;
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{SyncWorkflowContext, WorkflowContext, WorkflowResult};

use super::{call, wait};

#[workflow]
#[derive(Default)]
pub struct Change {
    told: u32,
}

#[workflow_methods]
impl Change {
    #[run(name = "change")]
    pub async fn run(ctx: &mut WorkflowContext<Self>, name: String) -> WorkflowResult<()> {
        call(ctx, &name).await?;
        // What decides a branch must not be scrubbed.
        if name == "branch-left" {
            wait(ctx).await;
        }
        call(ctx, "old").await?;
        ctx.wait_condition(|change| change.told > 0).await?;
        Ok(())
    }

    #[signal(name = "end")]
    pub fn end(&mut self, _ctx: &mut SyncWorkflowContext<Self>, _ignored: RawValue) {
        self.told += 1;
    }
}
