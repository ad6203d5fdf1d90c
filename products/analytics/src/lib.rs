//! The product `analytics`: on every weekday a schedule starts `RevenueReportWorkflow`, which sums the payments of the days
//! before into a row a day, in PostgreSQL or SQLite.
// What the SDK's macros make of workflows and activities has no docs and no `Debug`.
#![allow(missing_docs, missing_debug_implementations)]

pub mod activities;
mod database;
mod settings;
pub mod workflows;

use std::time::Duration;

pub use analytics_contract as contract;
use analytics_contract::{Activities, Period, RevenueReport, TASK_QUEUE};
use mainspring::Product;
use mainspring::schedules::{Overlap, Schedule};

use activities::Reporter;
pub use database::Database;
pub use settings::AnalyticsSettings;

/// What its workers run.
pub fn product() -> Product {
    Product::new("analytics", TASK_QUEUE)
        .example(r#"workflow execute RevenueReportWorkflow '"daily"'"#)
        .settings::<AnalyticsSettings>()
        .workflow_as::<workflows::RevenueReport, RevenueReport>()
        .activities(
            |setup| async move { Ok(Reporter::new(Database::connect(&setup.settings::<AnalyticsSettings>()?)?)) },
            |set| set.activity_as(Reporter::report_day, Activities::report_day),
        )
        .schedule(daily_revenue_report())
}

/// At nine on weekdays. A run that is late for the next one is not run twice: rows follow the scheduled time, not the clock.
pub fn daily_revenue_report() -> Schedule {
    Schedule::new("daily-revenue-report", &RevenueReport, Period::Daily)
        .cron("0 9 * * 1-5")
        .time_zone("UTC")
        .jitter(Duration::from_secs(5 * 60))
        .overlap(Overlap::Skip)
        .note("Sums the payments of the days before into revenue_reports")
}

#[cfg(test)]
mod tests {
    use mainspring::{Registry, RegistryError};

    #[test]
    fn the_product_keeps_to_its_contract_and_its_schedule_is_right() -> Result<(), RegistryError> {
        let registry = Registry::new([super::product()])?;
        let product = &registry.products()[0];
        assert_eq!((product.name(), product.queue()), ("analytics", "analytics"));
        assert_eq!(product.workflow_names().collect::<Vec<_>>(), ["RevenueReportWorkflow"]);
        assert_eq!(product.activity_names().collect::<Vec<_>>(), ["report_day"]);
        let schedules = registry.schedules();
        let named: Vec<_> =
            schedules.iter().map(|schedule| (schedule.id(), schedule.workflow(), schedule.queue())).collect();
        assert_eq!(named, [("daily-revenue-report", "RevenueReportWorkflow", "analytics")]);
        Ok(())
    }
}
