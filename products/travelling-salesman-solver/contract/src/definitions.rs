//! The activity, as its callers see it. What the SDK's macro makes of it has no docs and no `Debug`.
#![allow(missing_docs, missing_debug_implementations, clippy::needless_pass_by_value, clippy::unimplemented)]

use std::time::Duration;

use mainspring_vocabulary::{ActivityContract, Timeouts};
use temporalio_common::{ActivityError, RetryPolicy};
use temporalio_macros::activity_definitions;

use crate::{InvalidInstance, SolveInput, Tour};

/// The activities of `travelling-salesman-solver`.
#[derive(Clone, Copy, Debug)]
pub struct Activities;

#[activity_definitions]
impl Activities {
    /// Improves a tour round by round, on the process's pool; goes on where the attempt before was.
    #[activity(name = "improve_tour")]
    pub fn improve_tour(input: SolveInput) -> Result<Tour, ActivityError> {
        unimplemented!()
    }
}

/// A search may take a day; a worker that dies is missed after ten seconds.
impl ActivityContract for activities::ImproveTour {
    type Failures = InvalidInstance;
    const TIMEOUTS: Timeouts =
        Timeouts::start_to_close(Duration::from_secs(24 * 60 * 60)).heartbeat(Duration::from_secs(10));

    fn retry_policy() -> RetryPolicy {
        RetryPolicy::builder().maximum_interval(Duration::from_secs(10)).build()
    }
}

pub use activities::ImproveTour as ImproveTourActivity;
