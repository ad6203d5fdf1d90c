//! The state that the probes tell: written by the seats, read by the listener.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use serde::Serialize;

/// A worker's thread that has not answered for so long is not alive.
const ALIVE: Duration = Duration::from_secs(60);

/// The health of a host.
#[derive(Debug)]
pub(crate) struct Health {
    began: Instant,
    draining: AtomicBool,
    numbers: AtomicU64,
    workers: Mutex<BTreeMap<u64, Arc<State>>>,
}

#[derive(Debug)]
struct State {
    queue: String,
    kind: &'static str,
    polling: AtomicBool,
    connected: AtomicBool,
    answered_millis: AtomicU64,
    holder: Mutex<Option<String>>,
}

/// One worker's part in the health of its host; gone when the last clone is.
#[derive(Clone, Debug)]
pub(crate) struct WorkerHealth {
    state: Arc<State>,
    registered: Arc<Registered>,
}

#[derive(Debug)]
struct Registered {
    health: Arc<Health>,
    number: u64,
}

/// What `/livez` answers with.
#[derive(Debug, Serialize)]
pub(crate) struct Liveness {
    pub(crate) alive: bool,
    workers: Vec<WorkerLiveness>,
}

#[derive(Debug, Serialize)]
struct WorkerLiveness {
    queue: String,
    kind: &'static str,
    alive: bool,
    answered_seconds_ago: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    held_by: Option<String>,
}

/// What `/readyz` answers with.
#[derive(Debug, Serialize)]
pub(crate) struct Readiness {
    pub(crate) ready: bool,
    draining: bool,
    queues: BTreeMap<String, QueueReadiness>,
}

#[derive(Debug, Serialize)]
struct QueueReadiness {
    connected: bool,
    polling: bool,
    workers: usize,
}

impl Health {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            began: Instant::now(),
            draining: AtomicBool::new(false),
            numbers: AtomicU64::new(0),
            workers: Mutex::new(BTreeMap::new()),
        })
    }

    /// Adds a worker.
    pub(crate) fn worker(self: &Arc<Self>, queue: &str, kind: &'static str) -> WorkerHealth {
        let state = Arc::new(State {
            queue: queue.to_owned(),
            kind,
            polling: AtomicBool::new(false),
            connected: AtomicBool::new(false),
            answered_millis: AtomicU64::new(self.millis()),
            holder: Mutex::new(None),
        });
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        self.workers.lock().insert(number, state.clone());
        WorkerHealth { state, registered: Arc::new(Registered { health: self.clone(), number }) }
    }

    /// Readiness goes, and stays gone.
    pub(crate) fn draining(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    pub(crate) fn liveness(&self) -> Liveness {
        let now = self.millis();
        let workers: Vec<WorkerLiveness> = self
            .workers
            .lock()
            .values()
            .map(|state| {
                let ago = Duration::from_millis(now.saturating_sub(state.answered_millis.load(Ordering::Relaxed)));
                WorkerLiveness {
                    queue: state.queue.clone(),
                    kind: state.kind,
                    // One that has ended is the seat's to rebuild, not the orchestrator's.
                    alive: ago < ALIVE || !state.polling.load(Ordering::Relaxed),
                    answered_seconds_ago: ago.as_secs(),
                    held_by: state.holder.lock().clone(),
                }
            })
            .collect();
        Liveness { alive: workers.iter().all(|worker| worker.alive), workers }
    }

    pub(crate) fn readiness(&self) -> Readiness {
        let draining = self.draining.load(Ordering::Relaxed);
        let mut queues: BTreeMap<String, QueueReadiness> = BTreeMap::new();
        for state in self.workers.lock().values() {
            let queue = queues.entry(state.queue.clone()).or_insert(QueueReadiness {
                connected: true,
                polling: true,
                workers: 0,
            });
            queue.connected &= state.connected.load(Ordering::Relaxed);
            queue.polling &= state.polling.load(Ordering::Relaxed);
            queue.workers += 1;
        }
        let all = !queues.is_empty() && queues.values().all(|queue| queue.connected && queue.polling);
        Readiness { ready: all && !draining, draining, queues }
    }

    fn millis(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

impl WorkerHealth {
    pub(crate) fn polling(&self, polling: bool) {
        self.state.polling.store(polling, Ordering::Relaxed);
    }

    pub(crate) fn connected(&self, connected: bool) {
        self.state.connected.store(connected, Ordering::Relaxed);
    }

    /// The worker's thread shows that it runs.
    pub(crate) fn answered(&self) {
        self.state.answered_millis.store(self.registered.health.millis(), Ordering::Relaxed);
    }

    /// What holds the thread, when something does.
    pub(crate) fn busy_with(&self, holder: Option<String>) {
        *self.state.holder.lock() = holder;
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.health.workers.lock().remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(value: &impl Serialize) -> String {
        serde_json::to_string(value).unwrap()
    }

    #[test]
    fn nothing_that_polls_is_not_ready() {
        assert_eq!(json(&Health::new().readiness()), r#"{"ready":false,"draining":false,"queues":{}}"#);
    }

    #[test]
    fn a_queue_is_ready_when_all_of_its_workers_are() {
        let health = Health::new();
        let (first, second) = (health.worker("q", "workflow"), health.worker("q", "activity"));
        for worker in [&first, &second] {
            worker.connected(true);
            worker.polling(true);
        }
        assert!(health.readiness().ready);
        second.connected(false);
        assert_eq!(
            json(&health.readiness()),
            r#"{"ready":false,"draining":false,"queues":{"q":{"connected":false,"polling":true,"workers":2}}}"#
        );
        drop(second);
        assert!(health.readiness().ready, "a worker that is gone counts no more");
        health.draining();
        assert!(!health.readiness().ready);
        assert!(health.liveness().alive, "a host that drains is alive");
    }

    #[test]
    fn a_thread_that_does_not_answer_is_not_alive_and_its_holder_is_named() {
        let mut health = Health::new();
        Arc::get_mut(&mut health).unwrap().began = Instant::now().checked_sub(Duration::from_secs(100)).unwrap();
        let worker = health.worker("q", "workflow");
        worker.polling(true);
        worker.state.answered_millis.store(1_000, Ordering::Relaxed);
        worker.busy_with(Some("Spin w-1 run r-1".into()));
        let liveness = health.liveness();
        assert!(!liveness.alive);
        assert!(json(&liveness).contains(r#""alive":false,"answered_seconds_ago":99,"held_by":"Spin w-1 run r-1""#));
        worker.answered();
        assert!(health.liveness().alive);
    }
}
