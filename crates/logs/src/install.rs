//! Puts the layer before the process's events, with a writer that never holds a caller back.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;

use crate::layer::{Form, LogLayer};
use crate::{Format, LogSettings};

/// Lines that may wait for the writer before new ones are dropped: at 300 bytes each about 10 MB.
const WAITING_LINES: usize = 32_768;

/// Where lines go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    /// A worker's lines are its data.
    Stdout,
    /// A command's lines are talk; its data is on stdout.
    Stderr,
}

/// Logs could not be installed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogsError {
    /// Only one subscriber can be the process's.
    #[error("logs are installed already: a tracing subscriber was set before")]
    AlreadyInstalled,
}

/// What became of the lines so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogStats {
    /// Lines that were handed to the writer.
    pub handed: u64,
    /// Of those, lines that were dropped because the writer could not keep up.
    pub lost: u64,
}

/// Keeps the writer going. Dropped, it writes what waits, for at most a second.
pub struct LogGuard {
    worker: Option<WorkerGuard>,
    handed: Arc<AtomicU64>,
    out: Arc<AtomicU64>,
    lost: ErrorCounter,
}

/// Counts the lines that have left.
struct Counted<W>(W, Arc<AtomicU64>);

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // The appender writes a line with one call. One that fails has left as well: nothing will bring it back.
        let outcome = self.0.write_all(bytes);
        self.1.fetch_add(1, Ordering::Relaxed);
        outcome.map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Makes the process's events lines of that form, at that destination.
///
/// # Errors
/// A subscriber is installed already.
pub fn install(settings: &LogSettings, destination: Destination) -> Result<LogGuard, LogsError> {
    let (writer, terminal): (Box<dyn Write + Send>, bool) = match destination {
        Destination::Stdout => (Box::new(io::stdout()), io::stdout().is_terminal()),
        Destination::Stderr => (Box::new(io::stderr()), io::stderr().is_terminal()),
    };
    let out = Arc::new(AtomicU64::new(0));
    let (writer, worker) = NonBlockingBuilder::default()
        .lossy(true)
        .buffered_lines_limit(WAITING_LINES)
        .thread_name("logs")
        .finish(Counted(writer, out.clone()));
    let lost = writer.error_counter();
    let form = match settings.format {
        Format::Json => Form::Json,
        Format::Auto if !terminal && destination == Destination::Stdout => Form::Json,
        Format::Text | Format::Auto => Form::Text { colour: terminal && std::env::var_os("NO_COLOR").is_none() },
    };
    let layer = LogLayer::new(Box::new(writer), form, settings.max_line_bytes);
    let handed = layer.written.clone();
    // The SDK's own info lines say little to an operator; a level for its targets can be set.
    let filter = EnvFilter::new(format!(
        "temporalio_client=warn,temporalio_sdk=warn,temporalio_sdk_core=warn,{}",
        settings.level
    ));
    let subscriber = tracing_subscriber::registry().with(filter).with(layer);
    tracing::subscriber::set_global_default(subscriber).map_err(|_| LogsError::AlreadyInstalled)?;
    Ok(LogGuard { worker: Some(worker), handed, out, lost })
}

impl LogGuard {
    /// What became of the lines so far.
    pub fn stats(&self) -> LogStats {
        LogStats { handed: self.handed.load(Ordering::Relaxed), lost: self.lost.dropped_lines() as u64 }
    }

    /// Waits until every line that was handed over has left, or the time is over. True when all have.
    pub fn flush(&self, within: Duration) -> bool {
        let until = Instant::now() + within;
        loop {
            let stats = self.stats();
            if self.out.load(Ordering::Relaxed) + stats.lost >= stats.handed {
                return true;
            }
            if Instant::now() >= until {
                return false;
            }
            std::thread::park_timeout(Duration::from_millis(2));
        }
    }
}

impl Drop for LogGuard {
    fn drop(&mut self) {
        // A pipe that nobody reads would hold the appender's own guard.
        if !self.flush(Duration::from_secs(1))
            && let Some(worker) = self.worker.take()
        {
            std::mem::drop(std::thread::spawn(move || drop(worker)));
        }
    }
}

impl std::fmt::Debug for LogGuard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogGuard").field("stats", &self.stats()).finish_non_exhaustive()
    }
}
