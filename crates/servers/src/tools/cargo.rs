//! `cargo install` of a pinned version: a machine that builds this repository can build that too.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Progress, Tool, Toolbox, build};
use crate::error::ServersError;
use crate::process::forget_variables;

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
    forget_variables(&mut command, &["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BUILD_"]);
    command.env("CARGO_TARGET_DIR", workplace.join("target")).current_dir(workplace);

    build::run(
        tool,
        ("cargo install", line),
        command,
        workplace.join("bin").join(&tool.program),
        progress,
        |command, outcome, lines| ServersError::CargoInstall { command, outcome, lines },
    )
}
