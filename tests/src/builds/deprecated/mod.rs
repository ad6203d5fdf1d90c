//! The old branch is gone, and runs that recorded the patch still go on.

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
        ctx.deprecate_patch("wait-first");
        wait(ctx).await;
        call(ctx, "new").await?;
        ctx.wait_condition(|change| change.told > 0).await?;
        Ok(())
    }

    #[signal(name = "end")]
    pub fn end(&mut self, _ctx: &mut SyncWorkflowContext<Self>, _ignored: RawValue) {
        self.told += 1;
    }
}
