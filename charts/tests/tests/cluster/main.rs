//! The chart in the real API server of Kubernetes, by the real Helm.
#![cfg(feature = "full")]
#![allow(clippy::unwrap_used, reason = "what a test sets up for itself fails the test")]

mod admission;
#[path = "../../../../crates/servers/tests/servers/ending.rs"]
mod ending;
mod kubelet;
mod releases;
mod server;

use chart_tests::ChartError;

type Outcome = Result<(), ChartError>;
