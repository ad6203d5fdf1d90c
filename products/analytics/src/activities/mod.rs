//! The activity: one day into one row.

use std::sync::Arc;

use analytics_contract::{Day, DayReport, ReportDayActivity, ReportError};
use jiff::civil::Date;
use mainspring::prelude::Heartbeater;
use temporalio_macros::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError};

use crate::Database;

/// Reports days to a database.
#[derive(Clone, Debug)]
pub struct Reporter {
    database: Database,
}

impl Reporter {
    /// To this database.
    pub const fn new(database: Database) -> Self {
        Self { database }
    }
}

#[activities]
impl Reporter {
    /// Sums a day's payments into its row. The row is the day's, so a second time leaves one row, with what the payments
    /// are then.
    ///
    /// # Errors
    /// [`ReportError`].
    #[activity(definition = ReportDayActivity)]
    pub async fn report_day(self: Arc<Self>, ctx: ActivityContext, day: Day) -> Result<DayReport, ActivityError> {
        let Day { day } = day;
        if !is_day(&day) {
            return Err(ReportError::NoDay { day }.into());
        }
        let _heartbeater = Heartbeater::start(&ctx)?;
        let report = self.database.report(&day).await?;
        tracing::info!(day, payments = report.payments, cents = report.cents, "reported");
        Ok(report)
    }
}

/// Databases read other forms as well, each its own.
fn is_day(text: &str) -> bool {
    text.parse::<Date>().is_ok_and(|date| date.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_written_in_one_way() {
        assert!(is_day("2026-11-20") && is_day("2028-02-29"));
        for text in ["2026-02-29", "20261120", "2026-11-20T00:00:00Z", "today", "", "2026-11-20 "] {
            assert!(!is_day(text), "{text:?}");
        }
    }
}
