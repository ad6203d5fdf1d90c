//! The activities, as their callers see them. What the SDK's macro makes of them has no docs and no `Debug`.
#![allow(missing_docs, missing_debug_implementations, clippy::needless_pass_by_value, clippy::unimplemented)]

use std::time::Duration;

use mainspring_vocabulary::{ActivityContract, NoFailures, Timeouts};
use temporalio_common::{ActivityError, RetryPolicy};
use temporalio_macros::activity_definitions;

use crate::dataset::default_heartbeat_timeout_seconds;
use crate::{DatasetError, NoOpInput, ProcessLargeDatasetInput, ProcessLargeDatasetResult};

/// The activities of `general-purpose`.
#[derive(Clone, Copy, Debug)]
pub struct Activities;

#[activity_definitions]
impl Activities {
    /// Gives back `arg`.
    #[activity(name = "no-op-activity")]
    pub fn no_op(input: NoOpInput) -> Result<String, ActivityError> {
        unimplemented!()
    }

    /// Turns Parquet into JSON lines, batch by batch; goes on where the attempt before was.
    #[activity(name = "process_dataset")]
    pub fn process_dataset(input: ProcessLargeDatasetInput) -> Result<ProcessLargeDatasetResult, ActivityError> {
        unimplemented!()
    }
}

impl ActivityContract for activities::NoOp {
    type Failures = NoFailures;
    const TIMEOUTS: Timeouts = Timeouts::start_to_close(Duration::from_secs(10));
}

impl ActivityContract for activities::ProcessDataset {
    type Failures = DatasetError;
    /// The input may set another heartbeat timeout.
    const TIMEOUTS: Timeouts = Timeouts::start_to_close(Duration::from_secs(24 * 60 * 60))
        .heartbeat(Duration::from_secs(default_heartbeat_timeout_seconds() as u64));

    /// A worker that died has cost one batch, so the next attempt comes soon; there is no last one.
    fn retry_policy() -> RetryPolicy {
        RetryPolicy::builder()
            .initial_interval(Duration::from_millis(500))
            .backoff_coefficient(1.2)
            .maximum_interval(Duration::from_secs(5))
            .build()
    }
}

pub use activities::{NoOp as NoOpActivity, ProcessDataset as ProcessDatasetActivity};
