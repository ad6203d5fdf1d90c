//! The real Helm over the chart, with values from files.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use mainspring_servers::tools::{Progress, Tool, Toolbox};
use serde_json::Value;
use tempfile::TempDir;

use crate::{ChartError, chart};

/// The Kubernetes that the chart is rendered for, and whose schemas its objects are held against.
pub const KUBERNETES: &str = "1.34.2";
/// The release that tests render.
pub const RELEASE: &str = "shop";
/// The namespace that tests render for.
pub const NAMESPACE: &str = "workers";

/// Helm, and a folder for values.
#[derive(Debug)]
pub struct Helm {
    program: PathBuf,
    folder: TempDir,
}

/// Why Helm refused, in its own words; without what it says each time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(pub String);

impl Helm {
    /// Helm as the toolbox provides it.
    ///
    /// # Errors
    /// It is nowhere, and cannot be installed.
    pub fn provided() -> Result<Self, ChartError> {
        let program = Toolbox::from_env()?.provide(&Tool::helm(), &Progress::stderr())?.path;
        let folder = tempfile::tempdir().map_err(ChartError::file("make a folder in", &std::env::temp_dir()))?;
        Ok(Self { program, folder })
    }

    /// The program, with variables that keep it away from this user's own settings and clusters.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        let home = self.folder.path().join("home");
        command.env("HELM_CONFIG_HOME", &home).env("HELM_CACHE_HOME", &home).env("HELM_DATA_HOME", &home);
        command.env("KUBECONFIG", home.join("none"));
        command
    }

    /// What `helm template` makes of a file of values.
    ///
    /// # Errors
    /// [`ChartError::Refused`] with its reason.
    pub fn template(&self, values: &Path) -> Result<String, ChartError> {
        self.template_of(&chart(), RELEASE, values)
    }

    /// The same for another chart and release.
    ///
    /// # Errors
    /// [`ChartError::Refused`] with its reason.
    pub fn template_of(&self, chart: &Path, release: &str, values: &Path) -> Result<String, ChartError> {
        let mut command = self.command();
        command.args(["template", release]).arg(chart).arg("--values").arg(values);
        command.args(["--namespace", NAMESPACE, "--kube-version", KUBERNETES]);
        answer(command)
    }

    /// What it makes of values.
    ///
    /// # Errors
    /// [`ChartError::Refused`] with its reason.
    pub fn render(&self, values: &Value) -> Result<String, ChartError> {
        self.render_as(RELEASE, values)
    }

    /// The same under another release's name.
    ///
    /// # Errors
    /// [`ChartError::Refused`] with its reason.
    pub fn render_as(&self, release: &str, values: &Value) -> Result<String, ChartError> {
        // JSON is YAML.
        let file = tempfile::NamedTempFile::new_in(self.folder.path());
        let file = file.map_err(ChartError::file("make a file in", self.folder.path()))?;
        fs::write(file.path(), values.to_string()).map_err(ChartError::file("write", file.path()))?;
        self.template_of(&chart(), release, file.path())
    }

    /// `helm lint --strict`.
    ///
    /// # Errors
    /// [`ChartError::Refused`] with what it found.
    pub fn lint(&self, values: Option<&Path>) -> Result<String, ChartError> {
        let mut command = self.command();
        command.args(["lint", "--strict", "--kube-version", KUBERNETES]).arg(chart());
        if let Some(values) = values {
            command.arg("--values").arg(values);
        }
        answer(command)
    }
}

fn answer(mut command: Command) -> Result<String, ChartError> {
    let output = command.output().map_err(|source| ChartError::Program { program: "helm".to_owned(), source })?;
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(out);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.trim().trim_end_matches("Use --debug flag to render out invalid YAML").trim();
    // Only the linter has something to say on stdout then.
    let found = if out.contains("[ERROR]") { out.as_str() } else { "" };
    Err(ChartError::Refused(Refusal(format!("{found}{said}"))))
}

impl ChartError {
    /// What Helm said, when it refused: of a template's `fail`, only the message.
    pub fn refusal(&self) -> Option<&str> {
        let Self::Refused(Refusal(said)) = self else { return None };
        let failed = said.strip_prefix("Error: execution error at (").and_then(|rest| rest.split_once("): "));
        Some(failed.map_or(said, |(_, message)| message))
    }
}
