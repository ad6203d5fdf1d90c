//! A build from source, whatever builds it: minutes with progress, and in the end a program, or what stopped it.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use super::{Progress, Tool};
use crate::error::ServersError;
use crate::process::OwnedProcess;

/// On two cores the Temporal CLI takes 4 minutes, mprocs 3, and Kubernetes' API server 5.
const LIMIT: Duration = Duration::from_secs(30 * 60);

/// How a build failed: what was run, how it ended, the end of its output.
type Failed = fn(String, String, Vec<String>) -> ServersError;

/// Runs a build that leaves its program there. `name` is the builder's, and `line` is what a person would type.
pub(super) fn run(
    tool: &Tool,
    (name, line): (&str, String),
    command: Command,
    program: PathBuf,
    progress: &Progress,
    failed: Failed,
) -> Result<PathBuf, ServersError> {
    let step = progress.step(&format!("{} {}: {line} (minutes, the first time)", tool.name, tool.version), None);
    let process = OwnedProcess::start(name, command)?;
    let ended = outcome(&process, LIMIT);
    drop(step);
    let outcome = match ended {
        Ok(()) if program.is_file() => return Ok(program),
        Ok(()) => format!("it built no `{}`", tool.program),
        Err(outcome) => outcome,
    };
    Err(failed(line, outcome, process.last_lines()))
}

/// Waits for a process that is to do its work within that time. The error says how it ended instead.
pub(super) fn outcome(process: &OwnedProcess, limit: Duration) -> Result<(), String> {
    match process.wait_blocking(limit) {
        Some(exit) if exit.success() => Ok(()),
        Some(exit) => Err(exit.to_string()),
        None => Err(format!("not done within {} minutes", limit.as_secs() / 60)),
    }
}
