//! Polls of an activity that hold their thread: named in a log line and counted.
//!
//! Neighbours and heartbeats go on, for each poll may hold its thread (see `protect`). But the attempt itself hears of no
//! cancellation and no shutdown until it awaits, and every such poll costs a thread.

use std::sync::Arc;
use std::time::{Duration, Instant};

use mainspring_context::Activity;
use parking_lot::Mutex;

/// What an attempt's poll has been doing to its thread.
#[derive(Debug)]
pub(crate) struct Hold {
    activity: Arc<Activity>,
    limit: Duration,
    poll: Mutex<Option<Poll>>,
}

/// A poll that runs.
#[derive(Clone, Copy, Debug)]
struct Poll {
    since: Instant,
    is_named: bool,
}

impl Hold {
    pub(crate) const fn new(activity: Arc<Activity>, limit: Duration) -> Self {
        Self { activity, limit, poll: Mutex::new(None) }
    }

    /// Runs a poll. One that held the thread for longer than the limit is named when it gives it back.
    pub(crate) fn polled<T>(&self, poll: impl FnOnce() -> T) -> T {
        *self.poll.lock() = Some(Poll { since: Instant::now(), is_named: false });
        let output = poll();
        let ended = self.poll.lock().take();
        if let Some(Poll { since, is_named }) = ended
            && since.elapsed() >= self.limit
        {
            self.name(since.elapsed(), is_named, "an activity held its thread without awaiting");
        }
        output
    }

    /// Names a poll that still runs, once. Called now and then from another thread, for it may never end.
    pub(crate) fn look(&self) {
        let mut poll = self.poll.lock();
        let Some(holding) = poll.as_mut().filter(|poll| !poll.is_named && poll.since.elapsed() >= self.limit) else {
            return;
        };
        holding.is_named = true;
        let held = holding.since.elapsed();
        drop(poll);
        self.name(held, false, "an activity holds its thread and has not awaited yet");
    }

    fn name(&self, held: Duration, is_counted: bool, what: &'static str) {
        let Activity { task_queue, workflow_id, workflow_type, activity_id, activity_type, attempt, .. } =
            self.activity.as_ref();
        if !is_counted {
            crate::metrics::activity_held_its_thread(activity_type);
        }
        tracing::warn!(
            task_queue,
            workflow_id,
            workflow_type,
            activity_id,
            activity_type,
            attempt,
            held_seconds = held.as_secs_f64(),
            "{what}, so it hears of no cancellation: run what blocks in spawn_blocking, and what computes in \
             mainspring::activity::cpu"
        );
    }
}
