//! The worker's shutdown and a cancellation, as an activity sees them.

use std::time::{Duration, SystemTime};

use mainspring_context::Shutdown;
use mainspring_vocabulary::Failure;
use temporalio_sdk::activities::ActivityContext;

/// The worker that ran the attempt was asked to stop. Another worker goes on with the next attempt, so this is always
/// retryable: keep it out of non-retryable lists.
#[derive(Clone, Debug, PartialEq, Eq, Failure)]
#[failure(
    retryable,
    message = "the worker on task queue {task_queue} is shutting down: attempt {attempt} of activity {activity_type} ({activity_id}) of workflow {workflow_type} ({workflow_id}) ends early"
)]
pub struct WorkerShuttingDown {
    /// The activity, unique within its run.
    pub activity_id: Box<str>,
    /// Its type.
    pub activity_type: Box<str>,
    /// Where it was polled from.
    pub task_queue: Box<str>,
    /// From 1.
    pub attempt: u32,
    /// Empty for a standalone activity.
    pub workflow_id: Box<str>,
    /// Empty for a standalone activity.
    pub workflow_type: Box<str>,
}

/// Why an attempt should end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StopReason {
    /// The worker was asked to stop.
    WorkerShutdown,
    /// Temporal has given the attempt up: its time is over.
    TimedOut,
    /// The workflow has cancelled it, or has ended; or an operator has paused or reset the activity. The SDK does not
    /// tell these apart, nor a heartbeat timeout that it noticed by itself.
    Cancelled,
}

/// Tells an activity that its worker is going away, from the first signal on: before the SDK is told to stop, and long
/// before it cancels the activity.
#[derive(Clone)]
pub struct ShutdownMonitor {
    shutdown: Shutdown,
    ctx: ActivityContext,
}

impl ShutdownMonitor {
    /// For this activity. On a thread that the activity has not entered it never fires: make it in the activity, and move
    /// it there.
    pub fn new(ctx: &ActivityContext) -> Self {
        Self { shutdown: mainspring_context::shutdown(), ctx: ctx.clone() }
    }

    /// Whether the worker was asked to stop.
    pub fn is_worker_shutdown(&self) -> bool {
        self.shutdown.is_worker_shutdown()
    }

    /// Ends when the worker is asked to stop; at once, if it was.
    pub async fn wait(&self) {
        self.shutdown.wait().await;
    }

    /// For blocking code: waits at most so long, and says whether the worker was asked to stop.
    pub fn wait_blocking(&self, limit: Duration) -> bool {
        let until = std::time::Instant::now() + limit;
        // A blocking thread has no runtime to be woken by; a look each 20 ms costs it nothing that can be measured.
        while !self.is_worker_shutdown() {
            let left = until.saturating_duration_since(std::time::Instant::now());
            if left.is_zero() {
                return false;
            }
            std::thread::sleep(left.min(Duration::from_millis(20)));
        }
        true
    }

    /// For loops: `monitor.check()?` between two pieces of work.
    ///
    /// # Errors
    /// [`WorkerShuttingDown`], from the moment the worker was asked to stop.
    pub fn check(&self) -> Result<(), WorkerShuttingDown> {
        if !self.is_worker_shutdown() {
            return Ok(());
        }
        let info = self.ctx.info();
        Err(WorkerShuttingDown {
            activity_id: info.activity_id.as_str().into(),
            activity_type: info.activity_type.as_str().into(),
            task_queue: info.task_queue.as_str().into(),
            attempt: info.attempt,
            workflow_id: info.workflow_id.as_deref().unwrap_or_default().into(),
            workflow_type: info.workflow_type.as_deref().unwrap_or_default().into(),
        })
    }

    /// Why the attempt should end, if it should.
    pub fn stop_reason(&self) -> Option<StopReason> {
        let over = self.ctx.info().deadline.is_some_and(|deadline| deadline <= SystemTime::now());
        if over {
            return Some(StopReason::TimedOut);
        }
        if self.is_worker_shutdown() {
            return Some(StopReason::WorkerShutdown);
        }
        self.ctx.is_cancelled().then_some(StopReason::Cancelled)
    }
}

impl std::fmt::Debug for ShutdownMonitor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ShutdownMonitor")
            .field("is_worker_shutdown", &self.is_worker_shutdown())
            .finish_non_exhaustive()
    }
}
