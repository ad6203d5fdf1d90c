//! One exposition for the SDK's metrics and the products'.
//!
//! Products record with the `metrics` facade. The SDK records with its own exporter, whose registry nothing outside it
//! can read: so it listens on a loopback port of the system's choice, and `/metrics` joins the two texts.

mod sdk;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use temporalio_common::telemetry::metrics::{CoreMeter, TemporalMeter};

pub(crate) use sdk::SdkMetrics;

/// How often the recorder folds what histograms collected: without it they grow until somebody scrapes.
const UPKEEP: Duration = Duration::from_secs(5);
/// Seconds; for every histogram of ours and the products' that ends in `_seconds`.
const SECONDS: [f64; 12] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 60.0, 300.0, 3600.0];

/// Labels of every series of the process.
#[derive(Clone, Debug, Default)]
pub(crate) struct GlobalLabels {
    pub(crate) deployment_name: String,
    pub(crate) build_id: String,
    pub(crate) namespace: String,
}

impl GlobalLabels {
    /// Names and values.
    pub(crate) fn pairs(&self) -> [(&'static str, &str); 3] {
        [
            ("temporal_worker_deployment_name", &self.deployment_name),
            ("temporal_worker_build_id", &self.build_id),
            ("temporal_namespace", &self.namespace),
        ]
    }
}

/// The metrics of a host.
pub(crate) struct Metrics {
    products: Option<PrometheusHandle>,
    sdk: SdkMetrics,
}

impl Metrics {
    /// Installs the recorder of the process, and the SDK's exporter for this host. Must be called inside a runtime. The
    /// recorder is the process's, so the labels of its first host stand on the products' series.
    pub(crate) fn install(labels: &GlobalLabels) -> Result<Arc<Self>, String> {
        Ok(Arc::new(Self { products: products(labels), sdk: SdkMetrics::start(labels)? }))
    }

    /// What the SDK's runtime records with.
    pub(crate) fn meter(&self) -> Arc<dyn CoreMeter> {
        self.sdk.meter()
    }

    /// What the SDK's connections record with.
    pub(crate) fn temporal_meter(&self) -> Result<TemporalMeter, String> {
        self.sdk.temporal_meter()
    }

    /// The text that `/metrics` answers with.
    pub(crate) async fn render(&self) -> String {
        process();
        let mut text = self.products.as_ref().map(PrometheusHandle::render).unwrap_or_default();
        match self.sdk.scrape().await {
            Ok(sdk) => text.push_str(&sdk),
            Err(cause) => tracing::warn!(cause, "the SDK's metrics are missing from this exposition"),
        }
        text
    }

    /// Folds what histograms collected, for ever.
    pub(crate) async fn keep_up(self: Arc<Self>) {
        let mut ticks = tokio::time::interval(UPKEEP);
        loop {
            ticks.tick().await;
            if let Some(products) = &self.products {
                products.run_upkeep();
            }
        }
    }
}

/// The recorder of this process. `None` when an embedding program has installed its own: then its exposition has them.
fn products(labels: &GlobalLabels) -> Option<PrometheusHandle> {
    static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    HANDLE
        .get_or_init(|| {
            let builder = labels
                .pairs()
                .into_iter()
                .fold(PrometheusBuilder::new(), |builder, (name, value)| builder.add_global_label(name, value));
            let recorder =
                builder.set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS).ok()?.build_recorder();
            let handle = recorder.handle();
            if metrics::set_global_recorder(recorder).is_err() {
                tracing::info!("the program has a metrics recorder of its own: products' metrics go there");
                return None;
            }
            describe();
            Some(handle)
        })
        .clone()
}

fn describe() {
    metrics::describe_counter!("mainspring_worker_deaths_total", "Workers that ended and were rebuilt");
    metrics::describe_counter!("mainspring_activities_abandoned_total", "Activities given up at the end of the grace");
    metrics::describe_counter!(
        "mainspring_workflow_task_failures_total",
        "Workflow tasks that user code failed, every attempt counted; the SDK counts the first"
    );
    metrics::describe_gauge!("process_resident_memory_bytes", "Resident memory");
    metrics::describe_counter!("process_cpu_seconds_total", "User and system CPU time");
}

/// Counts a workflow task that user code failed.
pub(crate) fn workflow_task_failed(workflow_type: &str) {
    metrics::counter!("mainspring_workflow_task_failures_total", "workflow_type" => workflow_type.to_owned()).increment(1);
}

/// Reads what the kernel says of this process. Elsewhere than on Linux there is nothing to read.
fn process() {
    let Ok(statm) = std::fs::read_to_string("/proc/self/statm") else { return };
    if let Some(pages) = statm.split_whitespace().nth(1).and_then(|pages| pages.parse::<u32>().ok()) {
        metrics::gauge!("process_resident_memory_bytes").set(f64::from(pages) * 4096.0);
    }
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name of the process may hold anything but ends with the last parenthesis; the kernel counts in hundredths.
    let after_name: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |i: usize| after_name.get(i).and_then(|ticks| ticks.parse::<u64>().ok());
    if let Some((user, system)) = ticks(11).zip(ticks(12)) {
        metrics::counter!("process_cpu_seconds_total").absolute((user + system) / 100);
    }
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}
