//! Names of variants decide its branches, and a name is in the id of a local activity.

use serde::{Deserialize, Serialize};
use temporalio_common::data_converters::RawValue;
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{LocalActivityOptions, SyncWorkflowContext, WorkflowContext, WorkflowResult};

use super::{call, wait};
use crate::activities::Lab;

/// Who goes where.
#[derive(Serialize, Deserialize, schemars::JsonSchema)]
pub struct Trip {
    name: String,
    way: Way,
}

#[derive(Clone, Copy, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    Straight,
    Round,
}

/// What became of them.
#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "end", rename_all = "snake_case")]
pub enum End {
    Arrived { name: String, way: Way },
    Lost,
}

#[workflow]
#[derive(Default)]
pub struct Change {
    told: u32,
}

#[workflow_methods]
impl Change {
    #[run(name = "change")]
    pub async fn run(ctx: &mut WorkflowContext<Self>, trip: Trip) -> WorkflowResult<End> {
        let note = LocalActivityOptions::builder()
            .activity_id(format!("note-{}", trip.name))
            .include_arguments_in_marker(true)
            .schedule_to_close_timeout(std::time::Duration::from_secs(30))
            .build();
        let name = ctx.execute_local_activity(Lab::echo, trip.name, note).await?;
        call(ctx, &name).await?;
        if matches!(trip.way, Way::Round) {
            wait(ctx).await;
        }
        call(ctx, "old").await?;
        ctx.wait_condition(|change| change.told > 0).await?;
        Ok(if name.is_empty() { End::Lost } else { End::Arrived { name, way: trip.way } })
    }

    #[signal(name = "end")]
    pub fn end(&mut self, _ctx: &mut SyncWorkflowContext<Self>, _ignored: RawValue) {
        self.told += 1;
    }
}
