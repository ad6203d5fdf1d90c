//! Python's replayer, in a virtual environment beside this benchmark.

use std::path::{Path, PathBuf};
use std::process::Command;

use mainspring_testing::TestError;

pub(crate) struct Python(PathBuf);

impl Python {
    pub(crate) fn install() -> Result<Self, TestError> {
        eprintln!("installing Python's SDK …");
        let venv = std::env::current_exe()?.parent().ok_or("this program is in no folder")?.join("peers/venv");
        run(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
        let python = venv.join("bin/python");
        let requirements = folder().join("requirements.txt");
        run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "--requirement"]).arg(requirements))?;
        Ok(Self(python))
    }

    /// Seconds that it measured itself, without the start of the interpreter.
    pub(crate) fn replay(&self, history: &Path, sandbox: bool) -> Result<f64, TestError> {
        let mut command = Command::new(&self.0);
        command.arg(folder().join("replay.py")).arg(history).arg(if sandbox { "sandbox" } else { "plain" });
        Ok(run(&mut command)?.trim().parse()?)
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/python")
}

fn run(command: &mut Command) -> Result<String, TestError> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8(output.stdout)?);
    }
    Err(format!("{command:?} ended with {}: {}", output.status, String::from_utf8_lossy(&output.stderr)).into())
}
