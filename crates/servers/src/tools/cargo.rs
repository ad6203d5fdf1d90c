//! `cargo install` of a pinned version: a machine that builds this repository can build that too.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::{Progress, Tool, Toolbox};
use crate::error::ServersError;
use crate::process::OwnedProcess;

/// mprocs takes 3 minutes on two cores.
const BUILD_LIMIT: Duration = Duration::from_secs(30 * 60);

/// Builds the tool's program into `workplace`.
pub(super) fn build(
    toolbox: &Toolbox,
    tool: &Tool,
    workplace: &Path,
    progress: &Progress,
) -> Result<PathBuf, ServersError> {
    let not_found = |program: &str, place: String| ServersError::NotFound { program: program.to_owned(), place };
    let package = tool.crate_name.as_ref().ok_or_else(|| not_found(&tool.program, "Cargo's registry".to_owned()))?;
    let cargo = toolbox.on_path("cargo").ok_or_else(|| not_found("cargo", "any folder of PATH".to_owned()))?;

    let line = format!("cargo install {package}@{} --locked", tool.version);
    let mut command = Command::new(cargo);
    command.args(["install", &format!("{package}@{}", tool.version), "--locked", "--root"]).arg(workplace);
    // What a surrounding cargo says of its own build is not meant for this one; nor is a checkout's configuration.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BUILD_"].iter().any(|start| text.starts_with(start)) {
            command.env_remove(name);
        }
    }
    command.env("CARGO_TARGET_DIR", workplace.join("target")).current_dir(workplace);

    let step = progress.step(&format!("{} {}: {line} (minutes, the first time)", tool.name, tool.version), None);
    let process = OwnedProcess::start("cargo install", command)?;
    let exit = process.wait_blocking(BUILD_LIMIT);
    drop(step);
    let program = workplace.join("bin").join(&tool.program);
    let outcome = match exit {
        Some(exit) if exit.success() && program.is_file() => return Ok(program),
        Some(exit) if exit.success() => format!("it built no `{}`", tool.program),
        Some(exit) => exit.to_string(),
        None => format!("not done within {} minutes", BUILD_LIMIT.as_secs() / 60),
    };
    Err(ServersError::CargoInstall { command: line, outcome, lines: process.last_lines() })
}
