//! Which buckets a histogram has. The SDK's latencies have the SDK's own tables, in milliseconds. A product chooses by
//! the unit that Prometheus wants at the end of a name: `_seconds`, `_bytes`, or anything else.

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder};
use temporalio_common::telemetry::metrics::{
    ACTIVITY_EXEC_LATENCY_HISTOGRAM_NAME, ACTIVITY_SCHED_TO_START_LATENCY_HISTOGRAM_NAME,
    WORKFLOW_E2E_LATENCY_HISTOGRAM_NAME, WORKFLOW_TASK_EXECUTION_LATENCY_HISTOGRAM_NAME,
    WORKFLOW_TASK_REPLAY_LATENCY_HISTOGRAM_NAME, WORKFLOW_TASK_SCHED_TO_START_LATENCY_HISTOGRAM_NAME,
    default_buckets_for,
};

use super::SDK_PREFIX;

/// The SDK's histograms that have a table of their own.
const SDK_HISTOGRAMS: [&str; 6] = [
    WORKFLOW_E2E_LATENCY_HISTOGRAM_NAME,
    WORKFLOW_TASK_SCHED_TO_START_LATENCY_HISTOGRAM_NAME,
    WORKFLOW_TASK_REPLAY_LATENCY_HISTOGRAM_NAME,
    WORKFLOW_TASK_EXECUTION_LATENCY_HISTOGRAM_NAME,
    ACTIVITY_SCHED_TO_START_LATENCY_HISTOGRAM_NAME,
    ACTIVITY_EXEC_LATENCY_HISTOGRAM_NAME,
];

/// From five milliseconds, a query, to an hour, a batch.
const SECONDS: [f64; 15] =
    [0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 1800.0, 3600.0];
/// From 1 KiB to 4 GiB, by factors of four.
const BYTES: [f64; 12] = [
    1024.0,
    4096.0,
    16_384.0,
    65_536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
    268_435_456.0,
    1_073_741_824.0,
    4_294_967_296.0,
];
/// Counts of things: rows, retries, parts.
const PLAIN: [f64; 14] =
    [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 10_000.0, 100_000.0, 1_000_000.0, 10_000_000.0];

/// A builder that knows the tables. An empty table is the only error.
pub(super) fn builder() -> Result<PrometheusBuilder, BuildError> {
    let mut builder = PrometheusBuilder::new().set_buckets(&PLAIN)?;
    // A full name beats a prefix, and a prefix beats a suffix.
    for name in SDK_HISTOGRAMS {
        let matcher = Matcher::Full(format!("{SDK_PREFIX}{name}"));
        builder = builder.set_buckets_for_metric(matcher, default_buckets_for(name, false))?;
    }
    builder
        .set_buckets_for_metric(Matcher::Prefix(SDK_PREFIX.to_owned()), default_buckets_for("", false))?
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?
        .set_buckets_for_metric(Matcher::Suffix("_bytes".to_owned()), &BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_table_is_empty_and_all_rise() {
        assert!(builder().is_ok());
        let sdk = SDK_HISTOGRAMS.map(|name| default_buckets_for(name, false));
        for table in sdk.into_iter().chain([&SECONDS[..], &BYTES, &PLAIN]) {
            assert!(table.windows(2).all(|pair| pair[0] < pair[1]), "{table:?}");
        }
    }
}
