//! The workflow.

mod days;
mod revenue_report;

pub use revenue_report::RevenueReport;
