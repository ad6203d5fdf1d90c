//! Log lines of a test, as fields: in the form in which a worker would write them, masks included. `DEBUG=1` shows all of
//! them, and the SDK's, on stderr while the tests run.

use std::fmt;
use std::io::Write;
use std::ops::Index;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Weak};
use std::time::Duration;

use mainspring_logs::{Destination, Levels, LogGuard, LogSettings};
use parking_lot::Mutex;
use serde_json::Value;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::{FilterExt, dynamic_filter_fn};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use crate::{TestError, TestWorker};

/// The longest wait for a line that was logged to be there.
const PATIENCE: Duration = Duration::from_secs(5);

static CAPTURES: AtomicUsize = AtomicUsize::new(0);
static LINES: Mutex<Vec<Weak<Mutex<Vec<LogLine>>>>> = Mutex::new(Vec::new());
static INSTALLED: LazyLock<Result<Installed, String>> = LazyLock::new(Installed::new);

/// Keeps every log line of this process from now on, at `debug` and above. Tests that run beside are in it too: ask for the
/// lines [`of`](CapturedLogs::of) a worker, or of a workflow.
///
/// A line is a worker's if it was logged inside one of its workflows or activities, or in a task that was spawned there with
/// the current span. Not attributed to anyone are lines of other tasks and threads, of the host (`polling`, `drained`), and
/// the SDK's own: they are in [`all`](CapturedLogs::all).
///
/// ```
/// use mainspring_testing::capture_logs;
/// use serde_json::json;
///
/// let logs = capture_logs()?;
/// tracing::info!(order = 17, "charged");
/// let line = logs.all().one("charged", json!({ "order": 17 }))?;
/// assert_eq!(line["level"], "info");
/// # Ok::<(), mainspring_testing::TestError>(())
/// ```
///
/// # Errors
/// Another subscriber of `tracing` is installed in this process.
pub fn capture_logs() -> Result<CapturedLogs, TestError> {
    if let Err(error) = &*INSTALLED {
        return Err(format!("logs cannot be captured: {error}").into());
    }
    let lines = Arc::<Mutex<Vec<LogLine>>>::default();
    LINES.lock().push(Arc::downgrade(&lines));
    CAPTURES.fetch_add(1, Ordering::SeqCst);
    Ok(CapturedLogs { lines })
}

/// With `DEBUG` set, shows every log line of this process on stderr.
pub(crate) fn show_if_asked() {
    if wanted() {
        LazyLock::force(&INSTALLED);
    }
}

fn wanted() -> bool {
    std::env::var_os("DEBUG").is_some_and(|value| !value.is_empty() && value != "0")
}

/// The log lines since a test began to capture; made by [`capture_logs`].
#[derive(Debug)]
pub struct CapturedLogs {
    lines: Arc<Mutex<Vec<LogLine>>>,
}

impl CapturedLogs {
    /// Every line of the process, whoever logged it.
    pub fn all(&self) -> LogLines {
        if let Ok(installed) = &*INSTALLED {
            installed.flush();
        }
        LogLines(self.lines.lock().clone())
    }

    /// Those of the workflows and activities on this worker.
    pub fn of(&self, worker: &TestWorker) -> LogLines {
        let queues = worker.queues();
        self.having(|line| line["task_queue"].as_str().is_some_and(|queue| queues.contains(&queue)))
    }

    /// Those of this workflow and its activities.
    pub fn of_workflow(&self, workflow_id: &str) -> LogLines {
        self.having(|line| line["workflow_id"] == workflow_id)
    }

    fn having(&self, keep: impl Fn(&LogLine) -> bool) -> LogLines {
        LogLines(self.all().0.into_iter().filter(keep).collect())
    }
}

impl Drop for CapturedLogs {
    fn drop(&mut self) {
        CAPTURES.fetch_sub(1, Ordering::SeqCst);
    }
}

/// One line; `line["field"]` is `null` where it has no such field. What is in it, the documentation of `mainspring_logs` says.
#[derive(Clone, Debug, PartialEq)]
pub struct LogLine(Value);

impl LogLine {
    /// Its message.
    pub fn message(&self) -> &str {
        self.0["msg"].as_str().unwrap_or_default()
    }

    /// The whole record.
    pub const fn json(&self) -> &Value {
        &self.0
    }

    /// Whether it has each of these fields with that value.
    fn has(&self, fields: &Value) -> bool {
        fields.as_object().is_none_or(|fields| fields.iter().all(|(name, value)| self.0.get(name) == Some(value)))
    }
}

impl Index<&str> for LogLine {
    type Output = Value;

    fn index(&self, field: &str) -> &Value {
        &self.0[field]
    }
}

/// Lines in their order.
#[derive(Clone, PartialEq)]
pub struct LogLines(Vec<LogLine>);

impl LogLines {
    /// Those with that message and each of these fields: `json!({ "order": 17 })`; `json!({})` asks for none.
    #[expect(clippy::needless_pass_by_value, reason = "it is given as json!(…)")]
    pub fn with(&self, message: &str, fields: Value) -> Vec<&LogLine> {
        self.0.iter().filter(|line| line.message() == message && line.has(&fields)).collect()
    }

    /// The one line with that message and these fields.
    ///
    /// # Errors
    /// There is none, or there are several; the message shows every line that there is.
    pub fn one(&self, message: &str, fields: Value) -> Result<&LogLine, TestError> {
        let asked = format!("{message:?} with {fields}");
        match self.with(message, fields)[..] {
            [line] => Ok(line),
            ref found => Err(format!("{} lines say {asked}, and one should; there are:\n{self:?}", found.len()).into()),
        }
    }

    /// The lines.
    pub fn iter(&self) -> impl Iterator<Item = &LogLine> {
        self.0.iter()
    }
}

impl fmt::Debug for LogLines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|line| writeln!(f, "{}", line.0))
    }
}

/// The subscriber of a test process.
struct Installed {
    captured: LogGuard,
    _shown: Option<LogGuard>,
}

impl Installed {
    fn new() -> Result<Self, String> {
        let settings = LogSettings::default();
        let (capture, captured) = mainspring_logs::layer_into(&settings, Keeper::default()).map_err(said)?;
        // Debug is for the product's code; of the transport below it that would be a thousand lines a second.
        let levels = Levels::parse("debug")?;
        let wants = dynamic_filter_fn(|_, _| CAPTURES.load(Ordering::SeqCst) > 0);
        let capture = capture.with_filter(levels.targets().and(wants));
        let (show, shown) = if wanted() {
            let (layer, guard) = mainspring_logs::layer(&settings, Destination::Stderr).map_err(said)?;
            (Some(layer.with_filter(LevelFilter::DEBUG)), Some(guard))
        } else {
            (None, None)
        };
        let subscriber = tracing_subscriber::registry().with(capture).with(show);
        subscriber.try_init().map_err(|error| format!("{error}: it is this process's own, and cannot be shared"))?;
        Ok(Self { captured, _shown: shown })
    }

    fn flush(&self) {
        self.captured.flush(PATIENCE);
    }
}

fn said(error: impl fmt::Display) -> String {
    error.to_string()
}

/// Takes the writer's bytes apart into lines, and gives each to every capture.
#[derive(Default)]
struct Keeper(Vec<u8>);

impl Write for Keeper {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.extend_from_slice(bytes);
        while let Some(end) = self.0.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.0.drain(..=end).collect();
            if let Ok(line) = serde_json::from_slice(&line) {
                let line = LogLine(line);
                LINES.lock().retain(|capture| {
                    let Some(capture) = capture.upgrade() else { return false };
                    capture.lock().push(line.clone());
                    true
                });
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
