//! Workflow code, as a history is replayed on it.

use std::any::Any;
use std::collections::BTreeSet;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use mainspring_client::with_causes;
use temporalio_client::WorkflowHistory;
use temporalio_common::protos::temporal::api::history::v1::History as Events;
use temporalio_sdk::workflow_replayer::{WorkflowReplayFailure, WorkflowReplayer, WorkflowReplayerOptions};

use crate::recorder::Recorder;
use crate::{History, Parting, ReplayError};

/// A history whose replay takes longer has met code that waits for something else than Temporal.
const PATIENCE: Duration = Duration::from_secs(120);

/// The workflows that histories are replayed on, with the interceptors that a worker puts around them.
#[derive(Clone)]
pub struct Code {
    types: BTreeSet<String>,
    options: WorkflowReplayerOptions,
    patience: Duration,
    /// A replay never came back, and holds its thread. Clones share it.
    stuck: Arc<AtomicBool>,
}

/// What came of one replay.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// The code does what history says.
    Same,
    /// It does something else.
    Parted(Parting),
    /// It failed a workflow task: it panicked, say, or an input no longer decodes.
    Failed {
        /// The last event that it had seen.
        event_id: i64,
        /// Why, in the SDK's words.
        reason: String,
    },
    /// No workflow of that type is among the code.
    Unknown {
        /// The type in the history.
        workflow_type: String,
        /// Those that there are.
        known: Vec<String>,
    },
}

/// One history's replay.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Replayed {
    /// Its workflow's type.
    pub workflow_type: String,
    /// How many events it has.
    pub events: usize,
    /// How long its replay took.
    pub took: Duration,
    /// Its outcome.
    pub verdict: Verdict,
}

impl Verdict {
    /// Whether the code can go on where this history ends.
    pub const fn is_good(&self) -> bool {
        matches!(self, Self::Same)
    }

    /// As it is printed, without texts that may hold values of the workflow: names of events and commands only.
    pub fn without_values(&self) -> String {
        match self {
            Self::Parted(Parting { event_id: Some(id), event: None, .. }) => {
                format!("code and history part at event {id}")
            }
            Self::Parted(Parting { event: None, .. }) => "code and history part".to_owned(),
            Self::Failed { event_id, .. } => {
                format!("the code failed after event {event_id}: replay check, or capture, on this build says why")
            }
            other => other.to_string(),
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Same => f.write_str("replayed"),
            Self::Parted(parting) => parting.fmt(f),
            Self::Failed { event_id, reason } => write!(f, "the code failed after event {event_id}: {reason}"),
            Self::Unknown { workflow_type, known } => {
                write!(f, "no workflow {workflow_type} is registered: there is {}", known.join(", "))
            }
        }
    }
}

impl Replayed {
    /// One that there was no code for, so that nothing ran.
    pub fn unknown(history: &History, known: Vec<String>) -> Self {
        let workflow_type = history.workflow_type().to_owned();
        let verdict = Verdict::Unknown { workflow_type: workflow_type.clone(), known };
        Self { workflow_type, events: history.events().len(), took: Duration::ZERO, verdict }
    }
}

impl Code {
    /// Workflows of these types, registered with these options.
    pub fn new(types: impl IntoIterator<Item = String>, options: WorkflowReplayerOptions) -> Self {
        Self { types: types.into_iter().collect(), options, patience: PATIENCE, stuck: Arc::default() }
    }

    /// How long a replay may take. By default two minutes.
    #[must_use]
    pub const fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// The types that can be replayed.
    pub fn types(&self) -> impl Iterator<Item = &str> {
        self.types.iter().map(String::as_str)
    }

    /// Replays one history, on a thread of its own for which the calling one waits; that must not be one of a tokio runtime.
    /// Workflow code sees the task queue of the history.
    ///
    /// # Errors
    /// [`ReplayError::Replayer`]: the SDK's replayer did not start, panicked, or did not end within its
    /// [`patience`](Self::patience). [`ReplayError::Stuck`]: an earlier replay on this code blocks or spins, and cannot be
    /// ended; its thread stays until the process ends, and there is to be no second one.
    pub fn replay(&self, history: &History) -> Result<Replayed, ReplayError> {
        let from = Instant::now();
        let workflow_type = history.workflow_type().to_owned();
        let verdict = if self.types.contains(&workflow_type) {
            self.in_time(history)?
        } else {
            Verdict::Unknown { workflow_type: workflow_type.clone(), known: self.types.iter().cloned().collect() }
        };
        Ok(Replayed { workflow_type, events: history.events().len(), took: from.elapsed(), verdict })
    }

    /// A timer on the thread of a workflow never fires while its code blocks or spins.
    fn in_time(&self, history: &History) -> Result<Verdict, ReplayError> {
        if self.stuck.load(Ordering::Relaxed) {
            return Err(ReplayError::Stuck);
        }
        let (send, receive) = mpsc::sync_channel(1);
        let (code, its) = (self.clone(), history.clone());
        let replay = move || {
            // Nobody listens any more if it took too long.
            let _ = send.send(code.verdict(&its));
        };
        thread::Builder::new().name("replay".to_owned()).spawn(replay).map_err(|error| ReplayError::Replayer {
            reason: format!("the operating system refused a thread: {error}"),
        })?;
        // What merely waits gives up by itself before.
        match receive.recv_timeout(self.patience + self.patience / 4) {
            Ok(verdict) => verdict,
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                Err(ReplayError::Replayer { reason: "its thread vanished".to_owned() })
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {
                self.stuck.store(true, Ordering::Relaxed);
                Err(ReplayError::Replayer {
                    reason: format!(
                        "workflow {} blocks or spins, it did not come back within {:.0?}: look for a loop without an await, a \
                         lock, or a wait for something else than Temporal",
                        history.workflow_type(),
                        self.patience
                    ),
                })
            }
        }
    }

    fn verdict(&self, history: &History) -> Result<Verdict, ReplayError> {
        let failed = |reason: String| ReplayError::Replayer { reason };
        let recorder = Recorder::default();
        let mut options = self.options.clone();
        options.task_queue = history.task_queue().to_owned();
        options.worker_interceptor(recorder.clone());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| failed(format!("the operating system refused a runtime: {error}")))?;
        let replay = async {
            let replayer = WorkflowReplayer::new(options).map_err(|error| failed(with_causes(&error)))?;
            let events = Events { events: history.events().to_vec() };
            let results =
                tokio::time::timeout(self.patience, replayer.replay_workflows([WorkflowHistory::from(events)])).await;
            let results = results.map_err(|_| failed(format!("it did not end within {:.0?}", self.patience)))?;
            let mut results = results.map_err(|error| failed(with_causes(&error)))?;
            results.pop().ok_or_else(|| failed("it gave no result".to_owned()))
        };
        let outcome = catch_unwind(AssertUnwindSafe(|| runtime.block_on(replay)));
        // What hangs in a task must not hold this thread.
        runtime.shutdown_background();
        let result = outcome.unwrap_or_else(|panic| Err(failed(panic_text(&panic))))?;
        let record = recorder.take();
        Ok(match result.replay_failure {
            None => Verdict::Same,
            Some(WorkflowReplayFailure::Nondeterminism { message }) => {
                Verdict::Parted(Parting::find(&message, history, &record))
            }
            Some(WorkflowReplayFailure::WorkflowTaskFailure { message }) => {
                Verdict::Failed { event_id: record.seen, reason: message }
            }
            Some(other) => return Err(failed(other.to_string())),
        })
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Code").field("types", &self.types).finish_non_exhaustive()
    }
}

fn panic_text(panic: &Box<dyn Any + Send>) -> String {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("it panicked: {}", text.unwrap_or("not a text"))
}
