//! `go install` of a pinned version, for machines that reach Go's module proxy and not the release archives; or
//! `go build` in a module of our own, for what `go install` refuses.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::install::cache_error;
use super::tool::GoPackage;
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
    // `go install` refuses a GOBIN when GOOS or GOARCH ask for another platform, which is never wanted here. The folder
    // has no go.mod of a checkout: its `go` and `toolchain` lines would count.
    command.current_dir(workplace).env("GOBIN", workplace).env_remove("GOOS").env_remove("GOARCH");
    let (name, line) = match &package.module {
        None => {
            let target = format!("{}@v{}", package.path, tool.version);
            let line = format!("go install {target}");
            command.arg("install").args(flags(package)).arg(target);
            ("go install", line)
        }
        Some(module) => {
            let file = workplace.join("go.mod");
            fs::write(&file, module).map_err(cache_error("write", &file))?;
            // Go adds what that file does not say, from the modules' own, and checks each sum as always.
            command.args(["build", "-mod=mod", "-o", &tool.program]).args(flags(package)).arg(&package.path);
            command.env("GOWORK", "off");
            ("go build", format!("go build {}", package.path))
        }
    };
    build::run(tool, (name, line), command, workplace.join(&tool.program), progress, |command, outcome, lines| {
        ServersError::GoInstall { command, outcome, lines }
    })
}

fn flags(package: &GoPackage) -> Vec<&str> {
    match package.linker_flags.as_str() {
        "" => Vec::new(),
        flags => vec!["-ldflags", flags],
    }
}
