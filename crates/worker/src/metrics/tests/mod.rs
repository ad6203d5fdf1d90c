//! The exposition as a scrape reads it.

pub(crate) mod exposition;

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ::metrics::{counter, gauge, histogram, with_local_recorder};
use metrics_exporter_prometheus::PrometheusRecorder;
use temporalio_common::telemetry::metrics::{
    CounterBase, HeartbeatMetricType, HistogramDurationBase, MetricAttributable, MetricKeyValue, MetricParameters,
    TemporalMeter,
};
use temporalio_common::telemetry::{TelemetryOptions, telemetry_init};

use super::*;
use exposition::Exposition;

pub(crate) fn labels() -> GlobalLabels {
    GlobalLabels { deployment_name: "orders".to_owned(), build_id: "b-1".to_owned(), namespace: "shop".to_owned() }
}

const GLOBAL: [(&str, &str); 3] = [
    ("temporal_worker_deployment_name", "orders"),
    ("temporal_worker_build_id", "b-1"),
    ("temporal_namespace", "shop"),
];

fn read(metrics: &Metrics) -> Exposition {
    Exposition::read(&metrics.render()).unwrap()
}

/// The meter as the SDK's runtime hands it to a worker.
fn workers_meter(metrics: &Metrics) -> TemporalMeter {
    let telemetry = telemetry_init(TelemetryOptions::builder().metrics(metrics.meter()).build()).unwrap();
    telemetry.get_temporal_metric_meter().unwrap()
}

fn queue(name: &str) -> NewAttributes {
    NewAttributes::new(vec![MetricKeyValue::new("task_queue", name.to_owned())])
}

#[test]
fn the_sdks_metrics_and_the_products_leave_in_one_exposition() {
    let (metrics, recorder) = Metrics::new(labels());
    let meter = workers_meter(&metrics);
    let orders = meter.extend_attributes(meter.get_default_attributes().clone(), queue("orders"));
    meter.counter("workflow_completed".into()).add(3, &orders);
    meter.gauge("num_pollers".into()).record(5, &orders);
    meter.gauge_f64("load".into()).record(0.5, &orders);
    let up_down = meter.up_down_counter("in-flight".into());
    up_down.add(3, &orders);
    up_down.add(-1, &orders);
    let latency = meter.histogram_duration("workflow_task_execution_latency".into());
    latency.record(Duration::from_millis(15), &orders);
    meter.histogram("sizes".into()).record(7, &orders);
    meter.histogram_f64("ratios".into()).record(0.25, &orders);
    with_local_recorder(&*recorder, || {
        counter!("orders_placed_total", "kind" => "gift \"x\"\n").increment(2);
        gauge!("orders_open").set(4.0);
        histogram!("orders_upload_seconds").record(0.3);
        histogram!("orders_upload_bytes").record(5000.0);
        histogram!("orders_rows").record(3.0);
    });

    let shown = read(&metrics);
    let sdk = |name: &str, more: &[(&str, &str)]| {
        let of = [("task_queue", "orders"), ("service_name", "temporal-core-sdk")];
        shown.value(name, &[&GLOBAL[..], &of, more].concat())
    };
    let product = |name: &str, more: &[(&str, &str)]| shown.value(name, &[&GLOBAL[..], more].concat());
    assert_eq!(sdk("temporal_workflow_completed", &[]), 3.0);
    assert_eq!(sdk("temporal_num_pollers", &[]), 5.0);
    assert_eq!(sdk("temporal_load", &[]), 0.5);
    assert_eq!(sdk("temporal_in_flight", &[]), 2.0);
    assert_eq!(sdk("temporal_workflow_task_execution_latency_bucket", &[("le", "10")]), 0.0);
    assert_eq!(sdk("temporal_workflow_task_execution_latency_bucket", &[("le", "20")]), 1.0);
    assert_eq!(sdk("temporal_workflow_task_execution_latency_sum", &[]), 15.0);
    assert_eq!(sdk("temporal_sizes_bucket", &[("le", "50")]), 1.0);
    assert_eq!(sdk("temporal_ratios_sum", &[]), 0.25);
    assert_eq!(product("orders_placed_total", &[("kind", "gift \"x\"\n")]), 2.0);
    assert_eq!(product("orders_open", &[]), 4.0);
    assert_eq!(product("orders_upload_seconds_bucket", &[("le", "0.25")]), 0.0);
    assert_eq!(product("orders_upload_seconds_bucket", &[("le", "0.5")]), 1.0);
    assert_eq!(product("orders_upload_bytes_bucket", &[("le", "16384")]), 1.0);
    assert_eq!(product("orders_rows_bucket", &[("le", "5")]), 1.0);
    let unlabelled = |sample: &&exposition::Sample| {
        GLOBAL.iter().any(|(name, value)| sample.labels.get(*name).is_none_or(|shown| shown != value))
    };
    assert!(shown.samples.iter().find(unlabelled).is_none(), "every series carries the global labels");
}

#[test]
fn both_ways_into_the_sdk_give_the_same_series() {
    let (metrics, _recorder) = Metrics::new(labels());
    let (worker, client) = (workers_meter(&metrics), metrics.temporal_meter());
    worker.counter("request".into()).add(1, worker.get_default_attributes());
    client.counter("request".into()).add(2, client.get_default_attributes());
    assert_eq!(read(&metrics).value("temporal_request", &[("service_name", "temporal-core-sdk")]), 3.0);
}

#[test]
fn a_series_goes_on_when_its_worker_is_rebuilt() {
    let (metrics, _recorder) = Metrics::new(labels());
    for _ in 0..3 {
        let mut meter = workers_meter(&metrics);
        meter.merge_attributes(queue("orders"));
        let starts =
            meter.counter(MetricParameters::builder().name("worker_start").description("Workers\nstarted").build());
        starts.with_attributes(meter.get_default_attributes()).unwrap().adds(1);
    }
    assert_eq!(read(&metrics).value("temporal_worker_start", &[("task_queue", "orders")]), 3.0);
    assert!(metrics.render().contains("# HELP temporal_worker_start Workers\\nstarted\n"));
}

#[test]
fn the_order_of_labels_makes_no_series() {
    let (metrics, _recorder) = Metrics::new(labels());
    let meter = metrics.meter();
    let failed = meter.counter("failed".into());
    let [a, b] = ["a", "b"].map(|key| MetricKeyValue::new(key, "x"));
    let ab = meter.extend_attributes(meter.new_attributes([a.clone()].into()), [b.clone()].into());
    let ba = meter.extend_attributes(meter.new_attributes([b].into()), [a].into());
    failed.add(1, &ab);
    failed.add(1, &ba);
    assert_eq!(read(&metrics).value("failed", &[]), 2.0);
}

#[test]
fn a_workers_heartbeat_still_reads_its_figures_by_label() {
    use std::sync::atomic::{AtomicU64, Ordering};
    let (metrics, _recorder) = Metrics::new(labels());
    let meter = workers_meter(&metrics);
    let used = Arc::new(AtomicU64::new(0));
    let by_type = [("WorkflowWorker".to_owned(), used.clone())].into();
    let beat = HeartbeatMetricType::WithLabel { label_key: "worker_type".to_owned(), metrics: by_type };
    let slots = meter.gauge_with_in_memory("worker_task_slots_used".into(), beat);
    let of_workflows = NewAttributes::new(vec![MetricKeyValue::new("worker_type", "WorkflowWorker")]);
    slots.record(7, &meter.extend_attributes(meter.get_default_attributes().clone(), of_workflows));
    assert_eq!(used.load(Ordering::Relaxed), 7);
    assert_eq!(read(&metrics).value("temporal_worker_task_slots_used", &[]), 7.0);
}

#[test]
fn the_build_shows_itself() {
    let (metrics, _recorder) = Metrics::new(labels());
    let build = [("version", baked::VERSION), ("build_id", "b-1"), ("commit", baked::commit())];
    assert_eq!(read(&metrics).value("mainspring_build_info", &build), 1.0);
}

#[test]
fn the_process_shows_its_own_figures() {
    let odd = GlobalLabels { namespace: "a \"b\"\\".to_owned(), ..labels() };
    let (metrics, _recorder) = Metrics::new(odd);
    let before = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64();
    let shown = read(&metrics);
    let of = [("temporal_namespace", "a \"b\"\\")];
    assert!(shown.value("process_resident_memory_bytes", &of) > 500_000.0);
    assert!(shown.value("process_open_fds", &of) >= 3.0);
    assert!(shown.value("process_max_fds", &of) > shown.value("process_open_fds", &of));
    assert!(shown.value("process_cpu_seconds_total", &of) >= 0.0);
    let started = shown.value("process_start_time_seconds", &of);
    assert!(started <= before + 1.0 && started > before - 86_400.0, "{started} against {before}");
}

#[test]
fn a_product_may_bring_a_process_collector_of_its_own() {
    let (metrics, recorder) = Metrics::new(labels());
    with_local_recorder(&*recorder, || gauge!("process_open_fds").set(9.0));
    assert_eq!(read(&metrics).value("process_open_fds", &[]), 9.0);
}

#[test]
fn upkeep_folds_samples_without_a_scrape() {
    let (metrics, recorder) = Metrics::new(labels());
    with_local_recorder(&*recorder, || (0..1000).for_each(|_| histogram!("waits_seconds").record(1.0)));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let metrics = Arc::new(metrics);
    runtime.block_on(async {
        tokio::select! {
            biased;
            // Its first turn is at once, and it never ends.
            () = metrics.clone().keep_up() => {}
            () = tokio::task::yield_now() => {}
        }
    });
    assert_eq!(read(&metrics).value("waits_seconds_count", &[]), 1000.0);
}

#[test]
fn two_hosts_of_a_process_share_the_first_ones_recorder() {
    let first = Metrics::install(&labels());
    let second = Metrics::install(&GlobalLabels { build_id: "b-2".to_owned(), ..labels() });
    assert!(Arc::ptr_eq(&first, &second));
    workflow_task_failed("Order");
    workflow_task_failed("Order");
    let of = [("workflow_type", "Order"), ("temporal_worker_build_id", "b-1")];
    let shown = read(&second);
    assert_eq!(shown.value("mainspring_workflow_task_failures_total", &of), 2.0);
    assert_eq!(shown.types["mainspring_workflow_task_failures_total"], "counter");
}

/// Prints what a recording costs, in the shapes in which the SDK records. `--nocapture` shows it. Whoever runs tests has other
/// work on the machine, so the fastest round counts.
#[test]
fn what_a_recording_costs() {
    const ROUNDS: u32 = 20;
    const TIMES: u32 = 1_000;
    fn price(what: &str, ceiling: Duration, mut record: impl FnMut()) {
        record();
        let rounds = (0..ROUNDS).map(|_| {
            let began = Instant::now();
            (0..TIMES).for_each(|_| record());
            began.elapsed() / TIMES
        });
        let each = rounds.min().unwrap();
        println!("{what}: {} ns", each.as_nanos());
        assert!(each < ceiling, "{what} took {each:?}");
    }
    let (metrics, _recorder): (Metrics, Arc<PrometheusRecorder>) = Metrics::new(labels());
    let mut meter = workers_meter(&metrics);
    meter.merge_attributes(queue("orders"));
    let attributes = meter.get_default_attributes().clone();
    let requests = meter.counter("request".into());
    let latency = meter.histogram_duration("request_latency".into());
    let bound = requests.with_attributes(&attributes).unwrap();
    let bound_latency = latency.with_attributes(&attributes).unwrap();
    let micros = Duration::from_micros;
    price("a bound counter", micros(5), || bound.adds(1));
    price("a counter with attributes", micros(20), || requests.add(1, black_box(&attributes)));
    price("a bound latency", micros(20), || bound_latency.records(Duration::from_millis(3)));
    price("attributes that were made before", micros(50), || {
        let code = NewAttributes::new(vec![MetricKeyValue::new("operation", "PollWorkflowTaskQueue")]);
        black_box(meter.extend_attributes(attributes.clone(), code));
    });
    price("a request: attributes, a counter and a latency", micros(100), || {
        let code = NewAttributes::new(vec![MetricKeyValue::new("operation", "PollWorkflowTaskQueue")]);
        let attributes = meter.extend_attributes(attributes.clone(), code);
        requests.with_attributes(&attributes).unwrap().adds(1);
        latency.with_attributes(&attributes).unwrap().records(Duration::from_millis(3));
    });
    metrics.handle.run_upkeep();
}
