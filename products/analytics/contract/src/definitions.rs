//! The activity, as its callers see it. What the SDK's macro makes of it has no docs and no `Debug`.
#![allow(missing_docs, missing_debug_implementations, clippy::needless_pass_by_value, clippy::unimplemented)]

use std::time::Duration;

use mainspring_vocabulary::{ActivityContract, Timeouts};
use temporalio_common::{ActivityError, RetryPolicy};
use temporalio_macros::activity_definitions;

use crate::{Day, DayReport, ReportError};

/// The activities of `analytics`.
#[derive(Clone, Copy, Debug)]
pub struct Activities;

#[activity_definitions]
impl Activities {
    /// Sums a day's payments into its row; again, it sums anew into the same row.
    #[activity(name = "report_day")]
    pub fn report_day(day: Day) -> Result<DayReport, ActivityError> {
        unimplemented!()
    }
}

/// One statement, which may have to read many payments. A worker that dies is missed after ten seconds, and a database that
/// is away is waited for.
impl ActivityContract for activities::ReportDay {
    type Failures = ReportError;
    const TIMEOUTS: Timeouts = Timeouts::start_to_close(Duration::from_secs(5 * 60)).heartbeat(Duration::from_secs(10));

    fn retry_policy() -> RetryPolicy {
        RetryPolicy::builder().maximum_interval(Duration::from_secs(60)).build()
    }
}

pub use activities::ReportDay as ReportDayActivity;
