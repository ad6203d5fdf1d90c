//! `RevenueReportWorkflow`: the days before its scheduled time, one after another.

use std::time::{SystemTime, UNIX_EPOCH};

use analytics_contract::{Activities, Day, DayReport, Period};
use mainspring::prelude::ActivityContract;
use temporalio_common::search_attributes::{SearchAttributeKey, Timestamp};
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{WorkflowContext, WorkflowResult};

use super::days::days_before;

/// The time that the schedule said, without its jitter; the server sets it on what a schedule starts, a trigger or a backfill too.
const SCHEDULED: SearchAttributeKey<Timestamp> = SearchAttributeKey::datetime("TemporalScheduledStartTime");

/// Reports revenue.
#[workflow]
#[derive(Debug, Default)]
pub struct RevenueReport;

#[workflow_methods]
impl RevenueReport {
    /// Reports each day that is due, and gives the rows.
    ///
    /// # Errors
    /// The database refuses a report, or the workflow was cancelled.
    #[run(name = "RevenueReportWorkflow")]
    pub async fn run(ctx: &mut WorkflowContext<Self>, period: Period) -> WorkflowResult<Vec<DayReport>> {
        tracing::debug!(?period, "begins");
        let scheduled = ctx.search_attributes().get(&SCHEDULED).map(|time| time.seconds());
        let due = scheduled.or_else(|| ctx.workflow_time().map(seconds)).unwrap_or_default();
        let mut reports = Vec::new();
        for day in days_before(due) {
            let options = Activities::report_day.options();
            reports.push(ctx.execute_activity(Activities::report_day, Day { day }, options).await?);
        }
        Ok(reports)
    }
}

/// Whole seconds since 1970.
fn seconds(time: SystemTime) -> i64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs().cast_signed())
}
