//! What a test takes from the machine: programs without its settings, Temporal's CLI.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;

use mainspring_servers::process::forget_variables;
use mainspring_servers::tools::{Progress, Tool, Toolbox};

use crate::TestError;

/// A program that learns none of Temporal's and Mainspring's settings from this environment.
pub fn program(path: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(path);
    forget_variables(&mut command, &["TEMPORAL_", "MAINSPRING_"]);
    command
}

/// Temporal's own CLI, for the other side.
///
/// # Errors
/// It could not be installed.
pub fn temporal_cli() -> Result<PathBuf, TestError> {
    Ok(Toolbox::from_env()?.provide(&Tool::temporal_cli(), &Progress::silent())?.path)
}
