//! The gate's workflow: one activity, so that it can be looked at and cancelled like any other.
// What the SDK's macros make of it has no docs and no `Debug`.
#![allow(missing_docs, missing_debug_implementations, unreachable_pub)]

use std::time::Duration;

use temporalio_common::RetryPolicy;
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{ActivityOptions, WorkflowContext, WorkflowResult};

use super::activity::Histories;
use super::{GateInput, GateReport};

/// The longest that all replays may take.
const LONGEST: Duration = Duration::from_secs(3_600);
/// Beats come with each second of a replay.
const HEARTBEAT: Duration = Duration::from_secs(30);
/// A worker that was stopped in the middle begins anew; one that dies each time has told enough.
const ATTEMPTS: u32 = 3;

/// Replays recent histories of its queue.
#[workflow]
#[derive(Default)]
pub struct ReplayGate;

#[workflow_methods]
impl ReplayGate {
    #[run(name = "mainspring-replay-gate")]
    pub async fn run(ctx: &mut WorkflowContext<Self>, input: GateInput) -> WorkflowResult<GateReport> {
        let options = ActivityOptions::with_start_to_close_timeout(LONGEST)
            .heartbeat_timeout(HEARTBEAT)
            .retry_policy(RetryPolicy::builder().maximum_attempts(ATTEMPTS).build())
            .summary("replays histories on this build")
            .build();
        Ok(ctx.execute_activity(Histories::replay, input, options).await?)
    }
}
