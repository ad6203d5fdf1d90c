//! Beating only as long as there is progress.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// What is watched for progress.
#[derive(Debug)]
pub(super) struct Watch {
    what: String,
    limit: Duration,
    last: Mutex<Instant>,
}

impl Watch {
    pub(super) fn new(what: String, limit: Duration) -> Self {
        Self { what, limit, last: Mutex::new(Instant::now()) }
    }

    pub(super) fn progressed(&self) {
        *self.last.lock() = Instant::now();
    }

    /// For how long it has stood still, if that is too long.
    pub(super) fn stalled(&self) -> Option<Duration> {
        let idle = self.last.lock().elapsed();
        (idle >= self.limit).then_some(idle)
    }

    pub(super) fn what(&self) -> &str {
        &self.what
    }
}

/// Stops the beats on purpose while there is no progress, so that Temporal times the attempt out and starts another,
/// instead of believing in one that hangs. [`Heartbeater::set`](super::Heartbeater::set) is progress, and so is
/// [`progressed`](Self::progressed); with progress the beats go on. It watches until it is dropped.
#[derive(Debug)]
#[must_use = "it watches until it is dropped"]
pub struct StallGuard(pub(super) Arc<Watch>);

impl StallGuard {
    /// Something was done.
    pub fn progressed(&self) {
        self.0.progressed();
    }
}
