//! Structured logs: plain `tracing` events, one JSON object a line in production, readable on a terminal.
//!
//! A line carries the ids of the activity or workflow that wrote it. Nothing is written while a workflow replays. A line
//! never blocks or fails its caller: when the pipe is full it is dropped and counted. Secrets by name print `***`.

mod field;
mod install;
mod json;
mod layer;
mod settings;
mod text;

pub use install::{Destination, LogGuard, LogStats, LogsError, install};
pub use layer::LogLayer;
pub use settings::{Format, LogSettings};
