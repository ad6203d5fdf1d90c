//! Peers in Python, in a virtual environment beside the benchmarks.

use std::path::{Path, PathBuf};
use std::process::Command;

use mainspring_testing::TestError;

/// A Python with the packages of one list.
#[derive(Debug)]
pub struct Python(PathBuf);

impl Python {
    /// Makes the environment, and installs a list of benches/peers/python.
    ///
    /// # Errors
    /// There is no `python3` with venv, or no way to the packages.
    pub fn install(requirements: &str) -> Result<Self, TestError> {
        #[expect(clippy::print_stderr, reason = "it takes a while")]
        {
            eprintln!("installing Python's packages …");
        }
        let venv = std::env::current_exe()?.parent().ok_or("this program is in no folder")?.join("peers/venv");
        output(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
        let python = venv.join("bin/python");
        let list = folder().join(requirements);
        output(Command::new(&python).args(["-m", "pip", "install", "--quiet", "--requirement"]).arg(list))?;
        Ok(Self(python))
    }

    /// Runs a script of benches/peers/python, and gives what it prints.
    ///
    /// # Errors
    /// It fails, with what it said.
    pub fn run(&self, script: &str, arguments: &[&str]) -> Result<String, TestError> {
        output(Command::new(&self.0).arg(folder().join(script)).args(arguments))
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/python")
}

fn output(command: &mut Command) -> Result<String, TestError> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8(output.stdout)?);
    }
    Err(format!("{command:?} ended with {}: {}", output.status, String::from_utf8_lossy(&output.stderr)).into())
}
