//! `go install` of a pinned version, for machines that reach Go's module proxy and not the release archives.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Progress, Tool, Toolbox, build};
use crate::error::ServersError;

/// Builds the tool's program into `workplace`.
pub(super) fn build(
    toolbox: &Toolbox,
    tool: &Tool,
    workplace: &Path,
    progress: &Progress,
) -> Result<PathBuf, ServersError> {
    let not_found = |program: &str, place: String| ServersError::NotFound { program: program.to_owned(), place };
    let package = tool.go.as_ref().ok_or_else(|| not_found(&tool.program, "Go's modules".to_owned()))?;
    let go = toolbox.on_path("go").ok_or_else(|| not_found("go", "any folder of PATH".to_owned()))?;

    let target = format!("{}@v{}", package.path, tool.version);
    let line = format!("go install {target}");
    let mut command = Command::new(go);
    command.arg("install");
    if !package.linker_flags.is_empty() {
        command.args(["-ldflags", &package.linker_flags]);
    }
    // `go install` refuses a GOBIN when GOOS or GOARCH ask for another platform, which is never wanted here. The folder
    // has no go.mod: in a checkout that has one, its `go` and `toolchain` lines would count.
    command.arg(&target).env("GOBIN", workplace).env_remove("GOOS").env_remove("GOARCH").current_dir(workplace);

    build::run(
        tool,
        ("go install", line),
        command,
        workplace.join(&tool.program),
        progress,
        |command, outcome, lines| ServersError::GoInstall { command, outcome, lines },
    )
}
