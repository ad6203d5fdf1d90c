//! The bare SDK. BENCH_SETUP=defaults is what its README shows; `same` is set up as Mainspring sets it up: no gzip, one
//! thread for the SDK, a worker for workflows and one for activities on connections and threads of their own, and the SDK's
//! own Prometheus exporter.
#![allow(missing_docs, missing_debug_implementations, unreachable_pub)]

mod work;

use std::sync::Arc;

use temporalio_client::{Client, ClientOptions, Connection, ConnectionOptions, GrpcCompression, Url};
use temporalio_common::telemetry::metrics::{CoreMeter, NewAttributes, TemporalMeter};
use temporalio_common::telemetry::{
    PrometheusExporterOptions, TaskQueueLabelStrategy, TelemetryOptions, start_prometheus_metric_exporter,
};
use temporalio_sdk::runtime::RuntimeOptions;
use temporalio_sdk::{Runtime, Worker, WorkerOptions};
use work::{Bench, Burn, Work};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

async fn client(gzip: bool, meter: Option<TemporalMeter>) -> Outcome<Client> {
    let url = Url::parse(&format!("http://{}", std::env::var("TEMPORAL_ADDRESS")?))?;
    let mut options = ConnectionOptions::new(url).build();
    if !gzip {
        options.grpc_compression = GrpcCompression::None;
    }
    options.metrics_meter = meter;
    Ok(Client::new(Connection::connect(options).await?, ClientOptions::new("default").build())?)
}

fn main() -> Outcome<()> {
    let queue = std::env::var("BENCH_QUEUE")?;
    if std::env::var("BENCH_SETUP")? == "defaults" {
        return tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
            let runtime = Runtime::from_current_tokio(Default::default())?;
            let options = WorkerOptions::new(queue)
                .register_workflow::<Bench>()?
                .register_workflow::<Burn>()?
                .register_activities(Work)
                .build();
            Ok(Worker::new(&runtime, client(true, None).await?, options)?.run().await?)
        });
    }
    let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let exporter = PrometheusExporterOptions::builder().socket_addr(([127, 0, 0, 1], 0).into()).build();
    let meter = tokio.block_on(async { start_prometheus_metric_exporter(exporter) })?.meter;
    let telemetry = TelemetryOptions::builder().metrics(meter.clone() as Arc<dyn CoreMeter>).build();
    let options = RuntimeOptions::builder().telemetry_options(telemetry).build()?;
    let runtime = Arc::new(tokio.block_on(async { Runtime::from_current_tokio(options) })?);
    let meter = TemporalMeter::new(meter, NewAttributes::new(Vec::new()), TaskQueueLabelStrategy::UseNormal);
    let mut threads = Vec::new();
    for workflows in [true, false] {
        let options = WorkerOptions::new(queue.clone());
        let options = if workflows {
            options.register_workflow::<Bench>()?.register_workflow::<Burn>()?.build()
        } else {
            options.register_activities(Work).build()
        };
        let client = tokio.block_on(client(false, Some(meter.clone())))?;
        let mut worker = {
            let _entered = tokio.enter();
            Worker::new(&runtime, client, options)?
        };
        let handle = tokio.handle().clone();
        threads.push(std::thread::spawn(move || {
            handle.block_on(async { worker.run().await.map_err(|error| error.to_string()) })
        }));
    }
    for thread in threads {
        thread.join().map_err(|_| "a worker's thread panicked")??;
    }
    Ok(())
}
