//! Whether anybody polls a task queue. A workflow that no worker takes waits for ever without a word, so a command that
//! waits for one says so at once, and gives up after a while.

use std::fmt;
use std::time::{Duration, Instant};

use temporalio_common::protos::temporal::api::enums::v1::{PendingWorkflowTaskState, TaskQueueType};
use temporalio_common::protos::temporal::api::taskqueue::v1::{PollerInfo, TaskQueue};
use temporalio_common::protos::temporal::api::workflowservice::v1::DescribeTaskQueueRequest;

use super::describe;
use super::server::{SHORT, Server};
use super::times::{Moment, rough};
use crate::exit::Failure;
use crate::say;

/// A poll lasts a minute, and Temporal lists a poller for five minutes after its last one.
const STALE: Duration = Duration::from_secs(75);
/// How often it is looked whether somebody has come.
const INTERVAL: Duration = Duration::from_millis(500);

/// The one version of a worker deployment that a workflow is pinned to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Version<'a> {
    pub(crate) deployment: &'a str,
    pub(crate) build_id: &'a str,
}

impl Version<'_> {
    fn is_of(&self, poller: &PollerInfo) -> bool {
        let of = poller.deployment_options.as_ref();
        of.is_some_and(|of| of.deployment_name == self.deployment && of.build_id == self.build_id)
    }
}

/// Nobody polls.
#[derive(Debug)]
pub(crate) struct Unpolled<'a> {
    queue: &'a str,
    version: Option<Version<'a>>,
}

impl fmt::Display for Unpolled<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.version {
            None => write!(formatter, "nobody polls task queue {}", self.queue),
            Some(Version { deployment, build_id }) => {
                write!(
                    formatter,
                    "no worker of build {build_id} of deployment {deployment} polls task queue {}",
                    self.queue
                )
            }
        }
    }
}

/// Whether the queue is known to have no worker for workflows, or none of that version. A server that does not say is no
/// reason to complain.
pub(crate) async fn unpolled<'a>(
    server: &Server,
    queue: &'a str,
    version: Option<Version<'a>>,
) -> Option<Unpolled<'a>> {
    let request = DescribeTaskQueueRequest {
        namespace: server.namespace.clone(),
        task_queue: Some(TaskQueue { name: queue.to_owned(), ..Default::default() }),
        task_queue_type: TaskQueueType::Workflow.into(),
        ..Default::default()
    };
    let answer = server.call(|service, request| service.describe_task_queue(request), request, SHORT).await.ok()?;
    let ours = answer.pollers.iter().filter(|poller| version.is_none_or(|version| version.is_of(poller)));
    let seen = ours.filter_map(|poller| poller.last_access_time.as_ref());
    let mut seen = seen.filter_map(|time| Moment::of(time.seconds, time.nanos));
    (!seen.any(|time| time.age() < STALE)).then_some(Unpolled { queue, version })
}

/// A workflow task that waits for a worker.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waiting<'a> {
    pub(crate) queue: &'a str,
    pub(crate) workflow_id: &'a str,
    pub(crate) run_id: Option<&'a str>,
    pub(crate) version: Option<Version<'a>>,
}

impl Waiting<'_> {
    /// Warns at once if nobody polls. Ends only if nobody has come for so long, and the workflow still waits.
    pub(crate) async fn give_up(self, server: &Server, wait: Duration) -> Failure {
        let since = Instant::now();
        let Some(nobody) = unpolled(server, self.queue, self.version).await else {
            return std::future::pending().await;
        };
        say(&format!("warning: {nobody}: workflow {} waits until a worker does", self.workflow_id));
        loop {
            // Past the wait there is only a delayed start to look at, which may take hours.
            let left = wait.saturating_sub(since.elapsed());
            tokio::time::sleep(if left.is_zero() { INTERVAL * 10 } else { INTERVAL.min(left) }).await;
            let Some(nobody) = unpolled(server, self.queue, self.version).await else {
                return std::future::pending().await;
            };
            if since.elapsed() >= wait && self.is_untaken(server).await {
                return Failure::Unavailable(format!(
                    "{nobody}, for {} now: workflow {id} goes on when a worker does. Start one that has it, and wait with \
                     `mainspring workflow result --workflow-id {id}`; or wait longer with --poller-wait",
                    rough(since.elapsed()),
                    id = self.workflow_id,
                ));
            }
        }
    }

    /// A delayed start has no task yet, and one that was taken is not idle: neither waits for a worker.
    async fn is_untaken(self, server: &Server) -> bool {
        let described = describe::fetch(server, self.workflow_id, self.run_id).await;
        let task = described.ok().and_then(|described| described.pending_workflow_task);
        task.is_some_and(|task| task.state() == PendingWorkflowTaskState::Scheduled)
    }
}
