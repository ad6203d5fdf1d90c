//! MAINSPRING_BACKLOG_INTERVAL: how many tasks wait on each queue, and for how long, as metrics to scale by. The server
//! says it; every replica of a worker shows the same numbers, so whoever adds them up takes the largest and not the sum.

use std::time::Duration;

use mainspring_client::calls::{self, Limit};
use mainspring_client::{Connector, PATIENCE_WORKER};
use metrics::{Unit, describe_gauge, gauge};
use temporalio_client::Connection;
use temporalio_common::protos::temporal::api::enums::v1::TaskQueueType;
use temporalio_common::protos::temporal::api::taskqueue::v1::{TaskQueue, TaskQueueStats};
use temporalio_common::protos::temporal::api::workflowservice::v1::DescribeTaskQueueRequest;
use tokio::time::MissedTickBehavior;

const BACKLOG: &str = "mainspring_task_queue_backlog";
const AGE: &str = "mainspring_task_queue_backlog_age_seconds";
/// A number that comes later is of no use to an autoscaler: the next round asks again.
const LIMIT: Limit = Limit { attempt: Duration::from_secs(5), patience: Duration::ZERO };
const TYPES: [(TaskQueueType, &str); 2] =
    [(TaskQueueType::Workflow, "workflow"), (TaskQueueType::Activity, "activity")];

/// Asks every `every`, for ever.
pub(super) async fn watch(connector: Connector, namespace: String, queues: Vec<String>, every: Duration) {
    describe_gauge!(
        BACKLOG,
        Unit::Count,
        "Tasks that wait on the queue for a worker, about, as the server counts them: the same from every replica; NaN while it does not say"
    );
    describe_gauge!(
        AGE,
        Unit::Seconds,
        "How long the oldest task of the queue has waited, about; NaN while the server does not say"
    );
    let link = loop {
        match connector.connect(PATIENCE_WORKER).await {
            Ok(link) => break link,
            Err(error) => tracing::warn!(%error, "the backlogs of the task queues are not known yet"),
        }
    };
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut told = false;
    loop {
        ticks.tick().await;
        let mut known = true;
        for queue in &queues {
            for (of, name) in TYPES {
                let stats = ask(link.client().connection(), &namespace, queue, of).await;
                if let Err(error) = &stats {
                    known = false;
                    if !std::mem::replace(&mut told, true) {
                        tracing::warn!(
                            task_queue = queue,
                            error,
                            "the backlogs of the task queues are not known, and will be asked for again"
                        );
                    }
                }
                let (waiting, age) = stats.map_or((f64::NAN, f64::NAN), |stats| figures(&stats));
                gauge!(BACKLOG, "task_queue" => queue.clone(), "task_type" => name).set(waiting);
                gauge!(AGE, "task_queue" => queue.clone(), "task_type" => name).set(age);
            }
        }
        told &= !known;
    }
}

async fn ask(
    connection: &Connection,
    namespace: &str,
    queue: &str,
    of: TaskQueueType,
) -> Result<TaskQueueStats, String> {
    let request = DescribeTaskQueueRequest {
        namespace: namespace.to_owned(),
        task_queue: Some(TaskQueue { name: queue.to_owned(), ..Default::default() }),
        task_queue_type: of.into(),
        report_stats: true,
        ..Default::default()
    };
    let answer = calls::call(connection, |service, request| service.describe_task_queue(request), request, LIMIT).await;
    let answer = answer.map_err(|refused| refused.of_a_question().to_string())?;
    answer.stats.ok_or_else(|| "this server does not count them: it takes 1.25 or later".to_owned())
}

#[allow(clippy::cast_precision_loss)]
fn figures(stats: &TaskQueueStats) -> (f64, f64) {
    let age = stats.approximate_backlog_age.as_ref();
    let age = age.map_or(0.0, |age| age.seconds as f64 + f64::from(age.nanos) / 1e9);
    (stats.approximate_backlog_count as f64, age)
}
