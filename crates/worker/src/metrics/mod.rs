//! One exposition for the SDK's metrics, the products' and ours.
//!
//! Products use the `metrics` facade; the SDK records through a meter; both end in one Prometheus recorder per process,
//! with the worker's deployment, build and namespace on every series. Names and units of the SDK's series are those of
//! its own Prometheus exporter: prefix `temporal_`, counters without `_total`, latencies in milliseconds without a unit
//! in the name. Somebody has to call [`Metrics::keep_up`], for a histogram's samples wait in memory until then.

mod buckets;
mod families;
mod help;
mod label_sets;
mod meter;
mod process;
mod produced;
#[cfg(test)]
pub(crate) mod tests;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use ::metrics::{Counter, Key, Label, Recorder, Unit, counter};
use metrics_exporter_prometheus::{PrometheusHandle, PrometheusRecorder};
use temporalio_common::telemetry::TaskQueueLabelStrategy;
use temporalio_common::telemetry::metrics::{CoreMeter, MetricKeyValue, NewAttributes, TemporalMeter};

use crate::baked;
use families::Families;
use meter::Meter;

/// How often histograms are folded. A sample takes 16 bytes until then: 10,000 a second hold 0.8 MB.
const UPKEEP: Duration = Duration::from_secs(5);
/// What the SDK puts before the names of its own metrics.
const SDK_PREFIX: &str = "temporal_";
/// The label that the SDK's runtime adds to its metrics; the client's are given the same.
const SDK_SERVICE: (&str, &str) = ("service_name", "temporal-core-sdk");

const WORKFLOW_TASK_FAILURES: &str = "mainspring_workflow_task_failures_total";
const ACTIVITIES_HELD: &str = "mainspring_activity_polls_held_total";
const BUILD_INFO: &str = "mainspring_build_info";
const LOG_LINES_LOST: &str = "mainspring_log_lines_lost_total";

static INSTALLED: OnceLock<Arc<Metrics>> = OnceLock::new();

/// What every series carries, as `temporal_worker_deployment_name`, `temporal_worker_build_id` and `temporal_namespace`:
/// the names by which Temporal's worker controller scales. A value may be empty, which Prometheus takes for absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct GlobalLabels {
    /// The worker deployment.
    pub(crate) deployment_name: String,
    /// The build within the deployment.
    pub(crate) build_id: String,
    /// The namespace that the workers poll.
    pub(crate) namespace: String,
}

impl GlobalLabels {
    fn pairs(&self) -> [(&'static str, &str); 3] {
        [
            ("temporal_worker_deployment_name", &self.deployment_name),
            ("temporal_worker_build_id", &self.build_id),
            ("temporal_namespace", &self.namespace),
        ]
    }
}

/// The process's recorder, seen from the host.
#[derive(Debug)]
pub(crate) struct Metrics {
    labels: GlobalLabels,
    handle: PrometheusHandle,
    families: Arc<Families>,
    log_lines_lost: Counter,
}

impl Metrics {
    /// Makes the process's recorder, or returns the one that is there: a process has one, so a second host shares it and
    /// the labels of the first stay. An application that has installed a recorder of its own keeps it: what products
    /// record through the facade is then shown there, and this exposition shows the SDK's series and the process's.
    pub(crate) fn install(labels: &GlobalLabels) -> Arc<Self> {
        let installed = INSTALLED.get_or_init(|| {
            let (metrics, recorder) = Self::new(labels.clone());
            if ::metrics::set_global_recorder(recorder).is_err() {
                tracing::warn!(
                    "the application has installed a metrics recorder of its own: products' metrics go there, and \
                     /metrics shows only the SDK's and the process's"
                );
            }
            help::describe();
            Arc::new(metrics)
        });
        if installed.labels != *labels {
            tracing::warn!(
                kept = ?installed.labels,
                ignored = ?labels,
                "two hosts in this process want different metric labels; a process has one recorder, so the first host's stay"
            );
        }
        installed.clone()
    }

    fn new(labels: GlobalLabels) -> (Self, Arc<PrometheusRecorder>) {
        // A test refuses the one error, an empty table.
        let mut builder = buckets::builder().unwrap_or_default();
        for (name, value) in labels.pairs() {
            builder = builder.add_global_label(name, value);
        }
        let recorder = Arc::new(builder.build_recorder());
        let families = Arc::new(Families::new(recorder.clone()));
        // On this recorder whatever the application installs: a log cannot say by itself that it loses lines.
        let log_lines_lost = recorder.register_counter(&Key::from_static_name(LOG_LINES_LOST), &families::METADATA);
        let lost = "Log lines that were dropped, for nobody read them or the stream refused them";
        recorder.describe_counter(LOG_LINES_LOST.into(), Some(Unit::Count), lost.into());
        recorder.describe_gauge(BUILD_INFO.into(), None, "Which build this is: always 1".into());
        let build = Key::from_parts(
            BUILD_INFO,
            vec![
                Label::new("version", baked::VERSION),
                Label::new("build_id", labels.build_id.clone()),
                Label::new("commit", baked::commit()),
            ],
        );
        recorder.register_gauge(&build, &families::METADATA).set(1.0);
        (Self { labels, handle: recorder.handle(), families, log_lines_lost }, recorder)
    }

    /// For `TelemetryOptions::metrics`. The SDK puts its prefix before the names that it asks this one for.
    pub(crate) fn meter(&self) -> Arc<dyn CoreMeter> {
        Arc::new(Meter::new(self.families.clone(), ""))
    }

    /// For `ConnectionOptions::metrics_meter`, on which the SDK puts no prefix: it is put here, so that requests are
    /// counted as `temporal_request` and their latencies as `temporal_request_latency`, as with the SDK's own exporter.
    pub(crate) fn temporal_meter(&self) -> TemporalMeter {
        let meter = Arc::new(Meter::new(self.families.clone(), SDK_PREFIX));
        let service = MetricKeyValue::new(SDK_SERVICE.0, SDK_SERVICE.1);
        TemporalMeter::new(meter, NewAttributes::new(vec![service]), TaskQueueLabelStrategy::UseNormal)
    }

    /// The exposition in Prometheus' text format 0.0.4.
    pub(crate) fn render(&self) -> String {
        if let Some(stats) = mainspring_logs::stats() {
            self.log_lines_lost.absolute(stats.lost());
        }
        let mut text = self.handle.render();
        // A product may bring a process collector of its own, and a name may be declared only once.
        if !text.contains("# TYPE process_") {
            process::render(&mut text, &self.labels.pairs());
        }
        if let Some(stats) = mainspring_logs::produce_stats() {
            produced::render(&mut text, &stats, &self.labels.pairs());
        }
        text
    }

    /// Folds histograms every five seconds, for ever. Without it their samples pile up until somebody scrapes.
    pub(crate) async fn keep_up(self: Arc<Self>) {
        let mut ticks = tokio::time::interval(UPKEEP);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.handle.run_upkeep();
        }
    }
}

/// Counts a poll that held its thread. `activity_type` must be a registered type, which bounds the label.
pub(crate) fn activity_held_its_thread(activity_type: &str) {
    counter!(ACTIVITIES_HELD, "activity_type" => activity_type.to_owned()).increment(1);
}

/// Counts a workflow task that failed in workflow code, repeated attempts too. `workflow_type` must be a registered type,
/// which bounds the label.
pub(crate) fn workflow_task_failed(workflow_type: &str) {
    counter!(WORKFLOW_TASK_FAILURES, "workflow_type" => workflow_type.to_owned()).increment(1);
}
