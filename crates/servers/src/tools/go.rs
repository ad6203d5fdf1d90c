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
    let flags = match package.linker_flags.as_str() {
        "" => Vec::new(),
        flags => vec!["-ldflags", flags],
    };
    let (name, line) = match &package.module {
        None => {
            let target = format!("{}@v{}", package.path, tool.version);
            command.arg("install").args(flags).arg(&target);
            ("go install", format!("go install {target}"))
        }
        Some(module) => {
            let path = workplace.join("go.mod");
            fs::write(&path, module).map_err(cache_error("write", &path))?;
            // Go completes go.mod and go.sum, and asks its checksum database, as for a package with a version.
            command.args(["build", "-mod=mod", "-o", &tool.program]).args(flags).arg(&package.path);
            command.env("GOWORK", "off");
            let required = module.lines().filter_map(|line| line.strip_prefix("require "));
            let line = format!("go build {} (with {})", package.path, required.collect::<Vec<_>>().join(", "));
            ("go build", line)
        }
    };
    // `go install` refuses a GOBIN when GOOS or GOARCH ask for another platform, which is never wanted here. In a
    // checkout that has a go.mod, its `go` and `toolchain` lines would count: the workplace has none, or one of ours.
    command.env("GOBIN", workplace).env_remove("GOOS").env_remove("GOARCH").current_dir(workplace);

    build::run(tool, (name, line), command, workplace.join(&tool.program), progress, |command, outcome, lines| {
        ServersError::GoInstall { command, outcome, lines }
    })
}
