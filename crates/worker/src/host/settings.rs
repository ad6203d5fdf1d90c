//! The settings of a worker, each with its default and why.

use std::net::SocketAddr;
use std::time::Duration;

use mainspring_settings::{Reader, Section};

use crate::registry::QueueMoves;

/// How many slots, pollers and threads a worker has, how long it may take to leave, and where its probes listen.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WorkerSettings {
    /// GRACEFUL_SHUTDOWN_TIMEOUT_SECONDS: from the signal to the last flush. Default 5 min.
    pub grace: Duration,
    /// MAX_CONCURRENT_WORKFLOW_TASKS: default 100 a queue.
    pub workflow_tasks: usize,
    /// MAX_CONCURRENT_ACTIVITIES: default 50 a queue.
    pub activities: usize,
    /// TARGET_MEMORY_USAGE, 0 to 1: slots follow the machine's memory and CPU instead of fixed numbers.
    pub target_memory: Option<f64>,
    /// TARGET_CPU_USAGE, 0 to 1.
    pub target_cpu: Option<f64>,
    /// MAINSPRING_MAX_CACHED_WORKFLOWS: default from the memory limit, see [`crate::cache_size`].
    pub cached_workflows: Option<usize>,
    /// MAINSPRING_WORKFLOW_WORKERS: threads of workflow code a queue, each with a connection of its own. Default 1.
    pub workflow_workers: usize,
    /// MAINSPRING_WORKFLOW_POLLERS: default the SDK's, 5 or autoscaling where the server offers it.
    pub workflow_pollers: Option<usize>,
    /// MAINSPRING_ACTIVITY_POLLERS: default the SDK's, 5 or autoscaling where the server offers it.
    pub activity_pollers: Option<usize>,
    /// MAINSPRING_MAX_ACTIVITIES_PER_SECOND: for this process, a queue. Default no limit.
    pub activities_per_second: Option<f64>,
    /// MAINSPRING_MAX_QUEUE_ACTIVITIES_PER_SECOND: for the queue, over every worker; the server keeps it.
    pub queue_activities_per_second: Option<f64>,
    /// MAINSPRING_HEARTBEAT_THROTTLE: the longest that the SDK holds a beat back. Default 5 s.
    pub heartbeat_throttle: Duration,
    /// MAINSPRING_ACTIVITY_POLL_LIMIT: an activity that does not await for longer is named and counted. Default 1 s.
    pub activity_poll_limit: Duration,
    /// MAINSPRING_RECYCLE_ACTIVITIES: the activity worker is rebuilt after so many. Default 2,000; 0 is never.
    pub recycle_activities: u64,
    /// MAINSPRING_CRASH_BUDGET: how often a worker may die in ten minutes. Default 5.
    pub crash_budget: usize,
    /// TEMPORAL_DEPLOYMENT_NAME: a label of every metric, and the deployment when versioning is on.
    pub deployment_name: Option<String>,
    /// TEMPORAL_WORKER_BUILD_ID: default what was compiled in, as MAINSPRING_BUILD_ID; else a checksum of the executable.
    pub build_id: Option<String>,
    /// MAINSPRING_VERSIONING: off, pinned or auto-upgrade. Default off.
    pub versioning: Versioning,
    /// MAINSPRING_HTTP_ADDR: probes and metrics. Default 127.0.0.1:9090.
    pub http_addr: SocketAddr,
    /// MAINSPRING_CONTROL_ADDR: a second listener with the same pages, on loopback, for a worker whose first one is open to
    /// its network: log levels are changed on loopback alone. Default: none.
    pub control_addr: Option<SocketAddr>,
    /// MAINSPRING_REPLAY_GATE: whether workers offer the workflow `mainspring-replay-gate`. Default on.
    pub replay_gate: bool,
    /// MAINSPRING_QUEUES: products on other queues than their own, for this binary; calls from workflow code follow.
    pub queues: QueueMoves,
    /// MAINSPRING_EVERY_ACTIVITY_TWICE: for development. The first success of each activity is answered as if it had been
    /// lost, and what the next attempt gives is compared with it. Default false.
    pub every_activity_twice: bool,
    /// MAINSPRING_APPLY_SCHEDULES: at start, the schedules of this binary's products are brought about; none is deleted. Default off.
    pub apply_schedules: bool,
    /// MAINSPRING_BACKLOG_INTERVAL: how often the server is asked how many tasks wait on each queue, for the metric
    /// `mainspring_task_queue_backlog`. Default 0, never: a request an interval, replica, queue and type of task.
    pub backlog_interval: Duration,
    /// TEMPORAL_TASK_QUEUE: run only the products of that queue.
    pub task_queue: Option<String>,
}

/// Temporal's worker versioning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Versioning {
    /// The server hands tasks to any worker of the queue.
    Off,
    /// A workflow stays on the version that it started on.
    Pinned,
    /// A workflow moves to the current version at its next task.
    AutoUpgrade,
}

impl WorkerSettings {
    /// When each step of a shutdown happens.
    pub const fn sum(&self) -> crate::Sum {
        crate::Sum::of(self.grace)
    }
}

impl Section for WorkerSettings {
    const NAME: &'static str = "worker";

    fn read(reader: &mut Reader<'_>) -> Self {
        let settings = Self {
            grace: reader
                .field("GRACEFUL_SHUTDOWN_TIMEOUT_SECONDS")
                .doc("From the signal to stop until the last flush; activities are cancelled 5 s before its end")
                .duration_seconds(Duration::from_secs(300)),
            workflow_tasks: reader
                .field("MAX_CONCURRENT_WORKFLOW_TASKS")
                .alias("MAX_CONCURRENT_WORKFLOWS")
                .doc("Workflow tasks that run at once, a queue")
                .count(100, 1..=100_000),
            activities: reader
                .field("MAX_CONCURRENT_ACTIVITIES")
                .doc("Activities that run at once, a queue")
                .count(50, 1..=100_000),
            target_memory: reader
                .field("TARGET_MEMORY_USAGE")
                .doc("Share of the memory limit that slots may fill; with TARGET_CPU_USAGE in place of fixed slots")
                .optional_ratio(),
            target_cpu: reader
                .field("TARGET_CPU_USAGE")
                .doc("Share of the CPU limit that slots may fill; with TARGET_MEMORY_USAGE in place of fixed slots")
                .optional_ratio(),
            cached_workflows: reader
                .field("MAINSPRING_MAX_CACHED_WORKFLOWS")
                .doc("Workflows kept in memory between their tasks; by default a quarter of the memory limit")
                .optional_count(0..=1_000_000),
            workflow_workers: reader
                .field("MAINSPRING_WORKFLOW_WORKERS")
                .doc("Threads that run workflow code, a queue; each has a connection of its own")
                .count(1, 1..=256),
            workflow_pollers: reader
                .field("MAINSPRING_WORKFLOW_POLLERS")
                .doc("Polls for workflow tasks open at once, a thread of workflow code")
                .optional_count(2..=1_000),
            activity_pollers: reader
                .field("MAINSPRING_ACTIVITY_POLLERS")
                .doc("Polls for activity tasks open at once, a queue")
                .optional_count(1..=1_000),
            activities_per_second: reader
                .field("MAINSPRING_MAX_ACTIVITIES_PER_SECOND")
                .doc("Activities started a second by this process, a queue")
                .optional_number(0.0..=1_000_000.0),
            queue_activities_per_second: reader
                .field("MAINSPRING_MAX_QUEUE_ACTIVITIES_PER_SECOND")
                .doc("Activities started a second from a queue by all workers together; the server keeps it")
                .optional_number(0.0..=1_000_000.0),
            heartbeat_throttle: reader
                .field("MAINSPRING_HEARTBEAT_THROTTLE")
                .doc("The longest that a heartbeat is held back to be sent with the next")
                .duration_seconds(Duration::from_secs(5)),
            activity_poll_limit: reader
                .field("MAINSPRING_ACTIVITY_POLL_LIMIT")
                .doc("An activity that holds its thread for longer without awaiting is named in the log and counted")
                .duration_seconds(Duration::from_secs(1)),
            recycle_activities: reader
                .field("MAINSPRING_RECYCLE_ACTIVITIES")
                .doc("Activities after which the activity worker is rebuilt, for the SDK keeps 0.6 KB of each; 0 is never")
                .count(2_000, 0..=10_000_000) as u64,
            crash_budget: reader
                .field("MAINSPRING_CRASH_BUDGET")
                .doc("How often a worker may die within ten minutes before the process gives up with exit code 70")
                .count(5, 0..=1_000),
            deployment_name: reader
                .field("TEMPORAL_DEPLOYMENT_NAME")
                .doc("Name of the worker deployment")
                .optional_string(),
            build_id: reader
                .field("TEMPORAL_WORKER_BUILD_ID")
                .doc("Build id of this worker; by default the one that its image was built with, else a checksum of the executable")
                .optional_string()
                .or_else(|| crate::baked::build_id().map(str::to_owned)),
            versioning: reader
                .field("MAINSPRING_VERSIONING")
                .doc("Worker versioning: off, pinned or auto-upgrade")
                .choice(
                    &[("off", Versioning::Off), ("pinned", Versioning::Pinned), ("auto-upgrade", Versioning::AutoUpgrade)],
                    Versioning::Off,
                ),
            http_addr: reader
                .field("MAINSPRING_HTTP_ADDR")
                .doc("Where /livez, /readyz and /metrics listen")
                .parse(SocketAddr::from(([127, 0, 0, 1], 9090)), parse_addr),
            control_addr: reader
                .field("MAINSPRING_CONTROL_ADDR")
                .doc("A second listener with the same pages, on loopback, where PUT /log-levels is taken when MAINSPRING_HTTP_ADDR is open to a network")
                .parse_optional(parse_loopback),
            replay_gate: reader
                .field("MAINSPRING_REPLAY_GATE")
                .doc("Whether workers offer the workflow mainspring-replay-gate, which replays recent histories on their code: on or off")
                .choice(&[("on", true), ("off", false)], true),
            queues: reader
                .field("MAINSPRING_QUEUES")
                .doc("Products on other queues than their own, product=queue,…; a queue that other binaries serve may be named too")
                .parse(QueueMoves::default(), QueueMoves::parse),
            apply_schedules: reader
                .field("MAINSPRING_APPLY_SCHEDULES")
                .doc("Whether this worker brings its products' schedules about when it starts, as `mainspring schedules apply` does without --prune: on or off")
                .choice(&[("on", true), ("off", false)], false),
            every_activity_twice: reader
                .field("MAINSPRING_EVERY_ACTIVITY_TWICE")
                .doc("For development: runs each activity once more after it has succeeded, and fails it if the results differ")
                .flag(false),
            backlog_interval: reader
                .field("MAINSPRING_BACKLOG_INTERVAL")
                .doc("How often the server is asked how many tasks wait on each queue, for the metric mainspring_task_queue_backlog; 0 is never")
                .duration_seconds(Duration::ZERO),
            task_queue: reader
                .field("TEMPORAL_TASK_QUEUE")
                .alias("TASK_QUEUE")
                .doc("Run only the products of that task queue")
                .optional_string(),
        };
        if settings.target_memory.is_some() != settings.target_cpu.is_some() {
            let (missing, there) = if settings.target_cpu.is_none() {
                ("TARGET_CPU_USAGE", "TARGET_MEMORY_USAGE")
            } else {
                ("TARGET_MEMORY_USAGE", "TARGET_CPU_USAGE")
            };
            reader.fault(missing, format!("is missing: {there} is set, and resource-based slots need both"));
        }
        if settings.versioning != Versioning::Off && (settings.deployment_name.is_none() || settings.build_id.is_none())
        {
            let message = "needs TEMPORAL_DEPLOYMENT_NAME and TEMPORAL_WORKER_BUILD_ID, or must be off";
            reader.fault("MAINSPRING_VERSIONING", message);
        }
        settings
    }
}

fn parse_loopback(text: &str) -> Result<SocketAddr, String> {
    let addr = parse_addr(text)?;
    if addr.ip().is_loopback() {
        return Ok(addr);
    }
    Err(format!("which others can reach: write a loopback address, such as 127.0.0.1:{}", addr.port()))
}

fn parse_addr(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "which is not an address: write IP:PORT, such as 127.0.0.1:9090 or [::]:9090".to_owned())
}
