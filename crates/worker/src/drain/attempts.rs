//! The attempts that run right now: counted for recycling, listed when a shutdown has to give them up.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use mainspring_context::Activity;
use parking_lot::Mutex;

use crate::layers::Hold;

/// Longer than any poll that only computes a little; shorter than what makes a cancellation late.
const POLL_LIMIT: Duration = Duration::from_secs(1);

/// The running attempts of one worker.
#[derive(Debug)]
pub struct Attempts {
    poll_limit: Duration,
    started: AtomicU64,
    running: Mutex<HashMap<u64, Running>>,
}

#[derive(Debug)]
struct Running {
    activity: Arc<Activity>,
    since: Instant,
    limits: Limits,
    hold: Arc<Hold>,
}

/// What Temporal gives an attempt.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// When Temporal gives it up.
    pub deadline: Option<SystemTime>,
    /// Whether it has to beat: such an attempt may take long.
    pub beats: bool,
}

/// An attempt that has not ended.
#[derive(Clone, Debug)]
pub struct RunningAttempt {
    /// Which one.
    pub activity: Arc<Activity>,
    /// For how long it has run.
    pub running: Duration,
}

impl Default for Attempts {
    fn default() -> Self {
        Self::new(POLL_LIMIT)
    }
}

impl Attempts {
    /// Of which a poll that holds its thread for longer than `poll_limit` is named.
    pub fn new(poll_limit: Duration) -> Self {
        Self { poll_limit, started: AtomicU64::new(0), running: Mutex::default() }
    }

    /// Names those that hold their thread right now.
    pub(crate) fn name_holders(&self) {
        let holds: Vec<Arc<Hold>> = self.running.lock().values().map(|one| one.hold.clone()).collect();
        holds.iter().for_each(|hold| hold.look());
    }

    /// Notes that an attempt starts; it ends when the guard is dropped.
    pub(crate) fn begin(self: &Arc<Self>, activity: Arc<Activity>, limits: Limits) -> AttemptGuard {
        let number = self.started.fetch_add(1, Ordering::Relaxed);
        let hold = Arc::new(Hold::new(activity.clone(), self.poll_limit));
        let running = Running { activity, since: Instant::now(), limits, hold: hold.clone() };
        self.running.lock().insert(number, running);
        AttemptGuard { attempts: self.clone(), number, hold }
    }

    /// How many attempts have started since the worker did.
    pub fn started(&self) -> u64 {
        self.started.load(Ordering::Relaxed)
    }

    /// How many run now.
    pub fn running(&self) -> usize {
        self.running.lock().len()
    }

    /// Whether an attempt may still run after `patience`: Temporal lets it, and it beats, or has run for a thirtieth of
    /// that already.
    pub(crate) fn outlive(&self, patience: Duration) -> bool {
        let end = SystemTime::now() + patience;
        self.running.lock().values().any(|one| {
            let may = one.limits.deadline.is_none_or(|deadline| deadline > end);
            may && (one.limits.beats || one.since.elapsed() > patience / 30)
        })
    }

    /// Those that run now, the longest first.
    pub fn list(&self) -> Vec<RunningAttempt> {
        let mut list: Vec<RunningAttempt> = self
            .running
            .lock()
            .values()
            .map(|one| RunningAttempt { activity: one.activity.clone(), running: one.since.elapsed() })
            .collect();
        list.sort_by_key(|attempt| std::cmp::Reverse(attempt.running));
        list
    }
}

/// Ends an attempt when dropped, also by a panic.
#[derive(Debug)]
pub(crate) struct AttemptGuard {
    attempts: Arc<Attempts>,
    number: u64,
    /// What its polls run in.
    pub(crate) hold: Arc<Hold>,
}

impl Drop for AttemptGuard {
    fn drop(&mut self) {
        self.attempts.running.lock().remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_is_listed_until_its_guard_goes() {
        let attempts = Arc::new(Attempts::default());
        let first =
            attempts.begin(Arc::new(Activity { activity_id: "1".into(), ..Activity::default() }), Limits::default());
        let second =
            attempts.begin(Arc::new(Activity { activity_id: "2".into(), ..Activity::default() }), Limits::default());
        let ids = |attempts: &Attempts| -> Vec<String> {
            attempts.list().iter().map(|attempt| attempt.activity.activity_id.clone()).collect()
        };
        assert_eq!(ids(&attempts), ["1", "2"], "the longest first");
        drop(first);
        assert_eq!(ids(&attempts), ["2"]);
        drop(second);
        assert_eq!((attempts.running(), attempts.started()), (0, 2));
    }

    #[test]
    fn an_attempt_outlives_what_its_deadline_allows_if_it_beats_or_is_old() {
        let minute = Duration::from_secs(60);
        let outlives = |deadline: Option<Duration>, beats| {
            let attempts = Arc::new(Attempts::default());
            let deadline = deadline.map(|within| SystemTime::now() + within);
            let _attempt = attempts.begin(Arc::default(), Limits { deadline, beats });
            attempts.outlive(minute)
        };
        assert!(outlives(None, true) && outlives(Some(minute * 2), true));
        assert!(!outlives(Some(minute / 2), true), "Temporal ends it before");
        assert!(!outlives(None, false), "it is young, and does not beat");
        let attempts = Arc::new(Attempts::default());
        let _attempt = attempts.begin(Arc::default(), Limits::default());
        assert!(attempts.outlive(Duration::ZERO), "it is old");
    }
}
