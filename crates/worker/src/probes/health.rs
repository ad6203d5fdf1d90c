//! What the workers say about themselves, and what probes make of it. A worker's word is an atomic store.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use serde::Serialize;

/// A worker whose thread has not answered for so long is dead to the orchestrator (invariant 6).
const LIMIT: Duration = Duration::from_secs(60);

/// The state of a host's workers.
#[derive(Debug)]
pub(crate) struct Health {
    began: Instant,
    limit: Duration,
    draining: AtomicBool,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    workers: Vec<Weak<Worker>>,
    /// What has been served once must be served for readiness: a worker that died leaves a gap until it is rebuilt.
    kinds: BTreeMap<String, BTreeSet<&'static str>>,
}

#[derive(Debug)]
struct Worker {
    queue: String,
    kind: &'static str,
    began: Instant,
    answered_ms: AtomicU64,
    connected: AtomicBool,
    polling: AtomicBool,
    busy_with: Mutex<Option<String>>,
}

/// A worker's handle on its state. Once the last clone is gone, liveness asks no more after the worker.
#[derive(Clone, Debug)]
pub(crate) struct WorkerHealth(Arc<Worker>);

impl Health {
    /// No workers yet: alive, and not ready.
    pub(crate) fn new() -> Arc<Self> {
        Self::with_limit(LIMIT)
    }

    pub(super) fn with_limit(limit: Duration) -> Arc<Self> {
        let draining = AtomicBool::new(false);
        Arc::new(Self { began: Instant::now(), limit, draining, known: Mutex::default() })
    }

    /// Registers a worker. `kind` is "workflow" or "activity". It has answered now, has no connection and does not poll.
    /// From here on readiness wants a worker of this kind on this queue.
    pub(crate) fn worker(&self, queue: &str, kind: &'static str) -> WorkerHealth {
        let worker = Arc::new(Worker {
            queue: queue.to_owned(),
            kind,
            began: self.began,
            answered_ms: AtomicU64::default(),
            connected: AtomicBool::default(),
            polling: AtomicBool::default(),
            busy_with: Mutex::default(),
        });
        let handle = WorkerHealth(worker);
        handle.answered();
        let mut known = self.known.lock();
        known.workers.retain(|worker| worker.strong_count() > 0);
        known.workers.push(Arc::downgrade(&handle.0));
        known.kinds.entry(queue.to_owned()).or_default().insert(kind);
        handle
    }

    /// No longer ready, for good.
    pub(crate) fn draining(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Do the workers' threads answer?
    pub(super) fn liveness(&self, now: Instant) -> Liveness {
        let now = millis(now.saturating_duration_since(self.began));
        let mut silent = Vec::new();
        let mut workers = Vec::new();
        for worker in self.workers() {
            let silence = Duration::from_millis(now.saturating_sub(worker.answered_ms.load(Ordering::Relaxed)));
            let busy_with = worker.busy_with.lock().clone();
            if silence >= self.limit {
                let held =
                    busy_with.as_ref().map_or_else(String::new, |workflow| format!("; workflow {workflow} holds it"));
                silent.push(format!(
                    "the thread of the {} worker of {} has not answered for {} s (the limit is {} s){held}",
                    worker.kind,
                    worker.queue,
                    silence.as_secs(),
                    self.limit.as_secs(),
                ));
            }
            workers.push(LiveWorker {
                queue: worker.queue.clone(),
                kind: worker.kind,
                answered_seconds_ago: silence.as_secs(),
                busy_with,
            });
        }
        workers.sort_by(|a, b| (&a.queue, a.kind).cmp(&(&b.queue, b.kind)));
        silent.sort();
        Liveness { alive: silent.is_empty(), reason: reason(&silent), workers }
    }

    /// Can every queue's tasks be taken?
    pub(super) fn readiness(&self) -> Readiness {
        let draining = self.draining.load(Ordering::Relaxed);
        let workers = self.workers();
        let mut missing = Vec::new();
        let mut queues = BTreeMap::new();
        for (queue, kinds) in &self.known.lock().kinds {
            let mut state = ReadyQueue { connected: true, polling: true, workers: BTreeMap::new() };
            for kind in kinds {
                let of_kind: Vec<_> = workers.iter().filter(|w| w.queue == *queue && w.kind == *kind).collect();
                // One is enough: while a worker is replaced there are two, and the old one stops first.
                let connected = of_kind.iter().any(|worker| worker.connected.load(Ordering::Relaxed));
                let polling = of_kind.iter().any(|worker| worker.polling.load(Ordering::Relaxed));
                state.connected &= connected;
                state.polling &= polling;
                state.workers.insert(kind, of_kind.len());
                let fault = match (of_kind.len(), connected, polling) {
                    (0, ..) => "is being built",
                    (_, false, _) => "has no connection to Temporal",
                    (.., false) => "does not poll",
                    _ => continue,
                };
                missing.push(format!("the {kind} worker of {queue} {fault}"));
            }
            queues.insert(queue.clone(), state);
        }
        if queues.is_empty() {
            missing.push("starting: there is no worker yet".to_owned());
        }
        if draining {
            missing = vec!["draining: no new tasks are taken".to_owned()];
        }
        Readiness { ready: missing.is_empty(), draining, reason: reason(&missing), queues }
    }

    fn workers(&self) -> Vec<Arc<Worker>> {
        self.known.lock().workers.iter().filter_map(Weak::upgrade).collect()
    }
}

impl WorkerHealth {
    /// The worker's thread is there.
    pub(crate) fn answered(&self) {
        self.0.answered_ms.store(millis(self.0.began.elapsed()), Ordering::Relaxed);
    }

    /// Whether the server answers on the worker's connection. Gives what was known before.
    pub(crate) fn connected(&self, connected: bool) -> bool {
        self.0.connected.swap(connected, Ordering::Relaxed)
    }

    /// Whether the worker asks for tasks.
    pub(crate) fn polling(&self, polling: bool) {
        self.0.polling.store(polling, Ordering::Relaxed);
    }

    /// The workflow that holds the worker's thread: type, id and run, for an operator to terminate it.
    pub(crate) fn busy_with(&self, workflow: Option<String>) {
        *self.0.busy_with.lock() = workflow;
    }
}

fn reason(reasons: &[String]) -> Option<String> {
    (!reasons.is_empty()).then(|| reasons.join(", and "))
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[derive(Debug, Serialize)]
pub(super) struct Liveness {
    pub(super) alive: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    workers: Vec<LiveWorker>,
}

#[derive(Debug, Serialize)]
struct LiveWorker {
    queue: String,
    kind: &'static str,
    answered_seconds_ago: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    busy_with: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct Readiness {
    pub(super) ready: bool,
    draining: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    queues: BTreeMap<String, ReadyQueue>,
}

#[derive(Debug, Serialize)]
struct ReadyQueue {
    connected: bool,
    polling: bool,
    workers: BTreeMap<&'static str, usize>,
}
