//! `go install` of a pinned version, for machines that reach Go's module proxy and not the release archives; or
//! `go build` in a module of our own, for what `go install` refuses.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::install::cache_error;
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

    let mut command = Command::new(go);
    command.arg("install");
    if !package.linker_flags.is_empty() {
        command.args(["-ldflags", &package.linker_flags]);
    }
    let line = match &package.module {
        None => {
            let target = format!("{}@v{}", package.path, tool.version);
            command.arg(&target);
            format!("go install {target}")
        }
        Some(module) => {
            let path = workplace.join("go.mod");
            fs::write(&path, module).map_err(cache_error("write", &path))?;
            // Go completes go.mod and go.sum, and asks its checksum database, as for a package with a version.
            command.args(["-mod=mod", &package.path]).env("GOWORK", "off");
            let required = module.lines().filter_map(|line| line.strip_prefix("require "));
            format!("go install {} (with {})", package.path, required.collect::<Vec<_>>().join(", "))
        }
    };
    // `go install` refuses a GOBIN when GOOS or GOARCH ask for another platform, which is never wanted here. In a
    // checkout that has a go.mod, its `go` and `toolchain` lines would count: the workplace has none, or one of ours.
    command.env("GOBIN", workplace).env_remove("GOOS").env_remove("GOARCH").current_dir(workplace);

    build::run(
        tool,
        ("go install", line),
        command,
        workplace.join(&tool.program),
        progress,
        |command, outcome, lines| ServersError::GoInstall { command, outcome, lines },
    )
}
