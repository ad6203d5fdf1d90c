//! MAINSPRING_QUEUE_DEPTH_INTERVAL: how many tasks wait on each task queue, as the gauge `mainspring_task_queue_depth`, for
//! autoscalers that read metrics. The server's figure for the whole queue, so every worker shows the same one. Beside a
//! worker's work and never in its way: a figure that cannot be had stays as it was, and a line in the log says so.

use std::time::Duration;

use mainspring_client::calls::{Limit, Refused, call};
use mainspring_client::{Connector, Link, PATIENCE_WORKER};
use temporalio_common::protos::temporal::api::enums::v1::TaskQueueType;
use temporalio_common::protos::temporal::api::taskqueue::v1::TaskQueue;
use temporalio_common::protos::temporal::api::workflowservice::v1::DescribeTaskQueueRequest;
use tokio::time::MissedTickBehavior;

use crate::metrics::QUEUE_DEPTH;

/// A question that is late is asked again at the next tick.
const LIMIT: Limit = Limit { attempt: Duration::from_secs(5), patience: Duration::ZERO };
const KINDS: [(&str, TaskQueueType); 2] =
    [("workflow", TaskQueueType::Workflow), ("activity", TaskQueueType::Activity)];

/// Asks for each queue, for ever.
pub(super) async fn watch(queues: Vec<String>, connector: Connector, namespace: String, interval: Duration) {
    let mut ticks = tokio::time::interval(interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // Of a server that is away for long, one line is enough.
    let mut said = false;
    let mut link = None;
    loop {
        ticks.tick().await;
        let outcome = look(&mut link, &queues, &connector, &namespace).await;
        if let Err(reason) = &outcome {
            // The next one gets a connection of its own.
            link = None;
            if !said {
                tracing::warn!(reason, "how many tasks wait is not known: mainspring_task_queue_depth stays as it was");
            }
        }
        said = outcome.is_err();
    }
}

async fn look(
    link: &mut Option<Link>,
    queues: &[String],
    connector: &Connector,
    namespace: &str,
) -> Result<(), String> {
    let link = match link {
        Some(link) => link,
        None => link.insert(connector.connect(PATIENCE_WORKER).await.map_err(|error| error.to_string())?),
    };
    for queue in queues {
        for (kind, of) in KINDS {
            let waiting = depth(link, queue, of, namespace).await.map_err(|refused| refused.to_string())?;
            metrics::gauge!(QUEUE_DEPTH, "task_queue" => queue.clone(), "kind" => kind).set(waiting);
        }
    }
    Ok(())
}

async fn depth(link: &Link, queue: &str, kind: TaskQueueType, namespace: &str) -> Result<f64, Refused> {
    let request = DescribeTaskQueueRequest {
        namespace: namespace.to_owned(),
        task_queue: Some(TaskQueue { name: queue.to_owned(), ..Default::default() }),
        task_queue_type: kind.into(),
        report_stats: true,
        ..Default::default()
    };
    let answer =
        call(link.client().connection(), |service, request| service.describe_task_queue(request), request, LIMIT)
            .await?;
    // A queue that nobody has used has no figures.
    Ok(answer.stats.map_or(0.0, |stats| stats.approximate_backlog_count as f64))
}
