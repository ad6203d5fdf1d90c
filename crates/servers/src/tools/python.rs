//! Python with one package, in an environment of its own in the cache: `python3 -m venv`, then pip. For tests in which another
//! SDK is on the other side.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::build::outcome;
use super::install::{cache_error, lock};
use super::{How, Installed, Progress, Tool, Toolbox};
use crate::error::ServersError;
use crate::process::OwnedProcess;

/// The wheel of temporalio has 15 MB.
const LIMIT: Duration = Duration::from_secs(10 * 60);

/// Written last: without it, an installation was cut short.
const WHOLE: &str = "whole";

impl Toolbox {
    /// A Python with this version of this package, made first when it is not in the cache. Blocks: for a minute, then.
    ///
    /// # Errors
    /// [`ServersError::Python`] with what Python or pip said, [`ServersError::NotFound`] without a `python3` on the
    /// search path, or [`ServersError::Cache`].
    pub fn python_with(&self, package: &str, version: &str, progress: &Progress) -> Result<Installed, ServersError> {
        // It has the place and the lock of a tool; no way of a tool leads to it.
        let tool = Tool::new(format!("Python with {package}"), format!("python-{package}"), version);
        let tools = self.tools();
        fs::create_dir_all(&tools).map_err(cache_error("create", &tools))?;
        let _lock = lock(&tools, &tool, progress)?;
        let folder = tools.join(tool.slug());
        let python = folder.join("bin/python");
        if folder.join(WHOLE).is_file() {
            return Ok(tool.installed(python, How::Cached));
        }
        let system = self.on_path("python3");
        let system = system.ok_or_else(|| ServersError::NotFound {
            program: "python3".to_owned(),
            place: "any folder of PATH; install Python 3.10 or newer with its module venv".to_owned(),
        })?;
        make(&system, &folder, &python, &format!("{package}=={version}"), progress)?;
        File::create(folder.join(WHOLE)).map_err(cache_error("finish", &folder))?;
        Ok(tool.installed(python, How::InstalledWithPip))
    }
}

fn make(
    system: &Path,
    folder: &Path,
    python: &Path,
    requirement: &str,
    progress: &Progress,
) -> Result<(), ServersError> {
    let _step = progress.step(&format!("Python with {requirement}: venv, then pip"), None);
    // `--clear` empties what a killed installation left.
    run(system, ["-m".as_ref(), "venv".as_ref(), "--clear".as_ref(), folder.as_os_str()])?;
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", requirement];
    run(python, pip.map(OsStr::new))
}

fn run<'a>(python: &Path, arguments: impl IntoIterator<Item = &'a OsStr> + Clone) -> Result<(), ServersError> {
    let mut command = Command::new(python);
    // An environment around this process is not the one that is meant.
    command.args(arguments.clone()).env_remove("PYTHONHOME").env_remove("PYTHONPATH").env_remove("VIRTUAL_ENV");
    let process = OwnedProcess::start("python", command)?;
    outcome(&process, LIMIT).map_err(|outcome| {
        let words: Vec<_> = arguments.into_iter().map(OsStr::to_string_lossy).collect();
        let command = format!("{} {}", python.display(), words.join(" "));
        ServersError::Python { command, outcome, lines: process.last_lines() }
    })
}
