//! The gate's workflow: one local activity. So the build that has taken the workflow is the one that is judged, and a queue
//! whose activities somebody else runs gets no poller for them.
// What the SDK's macros make of it has no docs and no `Debug`.
#![allow(missing_docs, missing_debug_implementations, unreachable_pub)]

use std::time::Duration;

use temporalio_common::RetryPolicy;
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{LocalActivityOptions, WorkflowContext, WorkflowResult};

use super::activity::Histories;
use super::{GateInput, GateReport};

/// The longest that all replays may take. Temporal's server ends a workflow task that waits for a local activity after 30
/// minutes.
const LONGEST: Duration = Duration::from_secs(25 * 60);
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
        let mut options = LocalActivityOptions::default();
        options.schedule_to_close_timeout = Some(LONGEST);
        options.retry_policy = RetryPolicy::builder().maximum_attempts(ATTEMPTS).build();
        // Each retry waits for a timer of the server's, so that another worker takes over from one that leaves.
        options.timer_backoff_threshold = Some(Duration::ZERO);
        options.summary = Some("replays histories on this build".to_owned());
        Ok(ctx.execute_local_activity(Histories::replay, input, options).await?)
    }
}
