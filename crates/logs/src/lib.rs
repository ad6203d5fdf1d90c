//! Structured logs of `tracing` events: JSON lines in production, readable text on a terminal.
//!
//! A log line never blocks, fails or slows its caller: it goes into a bounded buffer that a thread of its own writes
//! out. What does not fit, or cannot be written, is counted ([`LogStats::lost`]). Nothing is logged while a workflow
//! replays, and every line bears the ids of the activity or workflow that logged it ([`mainspring_context`]), in a span
//! or not.
//!
//! ```no_run
//! use mainspring_logs::{Destination, LogSettings};
//! use mainspring_settings::Sources;
//!
//! let settings: LogSettings = mainspring_settings::load(&Sources::from_process()?)?;
//! let logs = mainspring_logs::install(&settings, Destination::Stdout)?;
//! tracing::info!(rows = 42, "export finished");
//! logs.flush(std::time::Duration::from_secs(1));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The record
//! One JSON object a line, no key twice:
//!
//! | key | value |
//! |---|---|
//! | `timestamp` | UTC with microseconds, `2026-11-21T01:02:03.000004Z` |
//! | `level` | `trace`, `debug`, `info`, `warn` or `error` |
//! | `msg` | the event's message; empty when it has none |
//! | `logger` | its target, a module's path unless said otherwise |
//! | `filename`, `lineno` | where the event is in the source; the file without its folders |
//! | `func_name` | the innermost span of the event's own module: under `#[tracing::instrument]`, the function |
//! | `workflow_namespace`, `task_queue`, `workflow_id`, `workflow_run_id`, `workflow_type`, `activity_id`, `activity_type`, `attempt` | inside an activity or workflow |
//! | any other | the fields of the spans, root to leaf, then of the event; the innermost of one name wins |
//! | `cut` | `true` when the line was longer than `MAINSPRING_LOG_MAX_LINE_BYTES` and something was left out |
//!
//! A field under one of the fixed names of the record is renamed,
//! `level` to `field_level`. Numbers and booleans keep their type; an error given as `&dyn Error` becomes its chain,
//! `[{"message": "…"}, …]`. The value of a field whose name tells of a secret (`password`, `api_key`, `….token`) is
//! `***`.

mod error;
mod fields;
mod form;
mod gate;
mod ids;
mod kafka;
mod layer;
mod levels;
mod mask;
mod moment;
mod produce;
mod settings;
mod writer;

#[cfg(test)]
mod tests;

use std::sync::OnceLock;

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use gate::Gate;
use produce::Outlet;

pub use error::LogsError;
pub use gate::LiveLevels;
pub use kafka::{
    Drained, Dropped, Failed, KafkaSettings, Latencies, ProduceStats, Producing, SaslMechanism, SecurityProtocol,
    produce_stats,
};
pub use layer::LogLayer;
pub use levels::Levels;
pub use mask::is_secret;
pub use produce::{LogRules, LogSource, Sinks, SourceId};
pub use settings::{LogFormat, LogSettings};
pub use writer::{Destination, LogGuard, LogStats};

static STATS: OnceLock<LogStats> = OnceLock::new();
static LEVELS: OnceLock<LiveLevels> = OnceLock::new();

/// Makes these logs the process's own: events of `tracing`, and records of the `log` crate. They are written, and not
/// produced.
///
/// # Errors
/// Another subscriber is installed already, or the operating system refused the destination or a thread.
pub fn install(settings: &LogSettings, destination: Destination) -> Result<LogGuard, LogsError> {
    let (layer, guard) = layer(settings, destination)?;
    let levels = LiveLevels::new(settings.levels.clone(), None, LogRules::default());
    install_layer(layer, levels)?;
    Ok(guard)
}

/// The same, and produces the lines that are to be produced, as the products' rules say.
///
/// # Errors
/// As [`install`].
pub fn install_producing(
    settings: &LogSettings,
    destination: Destination,
    producing: &Producing,
    rules: LogRules,
) -> Result<LogGuard, LogsError> {
    let (layer, guard) = layer(settings, destination)?;
    let levels = LiveLevels::new(settings.levels.clone(), Some(settings.produced.clone()), rules.clone());
    install_layer(layer.producing(levels.clone(), Outlet::new(producing.queue(), rules)), levels)?;
    Ok(guard)
}

fn install_layer(layer: LogLayer, levels: LiveLevels) -> Result<(), LogsError> {
    let subscriber = tracing_subscriber::registry().with(Gate(levels.clone())).with(layer);
    subscriber.try_init().map_err(|_| LogsError::AlreadyInstalled)?;
    let _ = LEVELS.set(levels);
    Ok(())
}

/// The levels of the installed logs, to read and to change; `None` before [`install`].
pub fn levels() -> Option<LiveLevels> {
    LEVELS.get().cloned()
}

/// The same as a layer, for a program with a subscriber of its own. It does not filter by level: combine it with
/// [`Levels::targets`].
///
/// # Errors
/// The operating system refused the destination or a thread.
pub fn layer(settings: &LogSettings, destination: Destination) -> Result<(LogLayer, LogGuard), LogsError> {
    let form = form::Form::choose(settings.format, destination, no_color());
    let (sink, guard) = writer::start(Box::new(destination.open()?), writer::CAPACITY)?;
    // A process has one log; of a second layer only its guard knows.
    let _ = STATS.set(guard.stats());
    Ok((LogLayer::new(sink, form, settings.max_line_bytes), guard))
}

/// JSON lines into any writer, as a layer: for tests that read them. It does not filter by level.
///
/// # Errors
/// The operating system refused a thread.
pub fn layer_into(
    settings: &LogSettings,
    writer: impl std::io::Write + Send + 'static,
) -> Result<(LogLayer, LogGuard), LogsError> {
    let (sink, guard) = writer::start(Box::new(writer), writer::CAPACITY)?;
    Ok((LogLayer::new(sink, form::Form::Json, settings.max_line_bytes), guard))
}

/// What the process's logs have counted, by [`install`] or the first [`layer`]; `None` before.
pub fn stats() -> Option<LogStats> {
    STATS.get().cloned()
}

/// <https://no-color.org>: set, and not empty.
fn no_color() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}
