//! Files out of a Go module of a pinned version: Kubernetes and those that extend it publish the schemas of what they
//! read there. `go mod download` fetches it into Go's own cache and holds it against Go's database of sums.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use super::build::outcome;
use super::install::cache_error;
use super::{How, Installed, Progress, Toolbox};
use crate::error::ServersError;
use crate::process::OwnedProcess;

/// Kubernetes' own is 18 MB.
const LIMIT: Duration = Duration::from_secs(15 * 60);

/// A Go module with a pinned version.
#[derive(Clone, Debug)]
pub struct GoModule {
    name: String,
    path: String,
    version: String,
}

impl GoModule {
    /// A module for people called `name`; `path` is how Go imports it, `version` has no `v` before it.
    pub fn new(name: impl Into<String>, path: impl Into<String>, version: impl Into<String>) -> Self {
        Self { name: name.into(), path: path.into(), version: version.into() }
    }

    /// Kubernetes: `api/openapi-spec/swagger.json` has the schema of every object.
    pub fn kubernetes() -> Self {
        Self::new("Kubernetes' schemas", "k8s.io/kubernetes", "1.34.2")
    }

    /// KEDA: its custom resources are in `config/crd/bases`.
    pub fn keda() -> Self {
        Self::new("KEDA's schemas", "github.com/kedacore/keda/v2", "2.21.0")
    }

    /// The Prometheus operator: its custom resources are in `example/prometheus-operator-crd`.
    pub fn prometheus_operator() -> Self {
        let path = "github.com/prometheus-operator/prometheus-operator";
        Self::new("The Prometheus operator's schemas", path, "0.85.0")
    }
}

impl Toolbox {
    /// The module's folder, fetched first when it is nowhere. Go's cache is read-only, and shared by everything on this
    /// machine that is built with Go.
    ///
    /// # Errors
    /// [`ServersError::NotFound`] without Go, [`ServersError::GoInstall`] when the module cannot be had, or
    /// [`ServersError::Cache`].
    pub fn go_module(&self, module: &GoModule, progress: &Progress) -> Result<Installed, ServersError> {
        let go = self.on_path("go").ok_or_else(|| ServersError::NotFound {
            program: "go".to_owned(),
            place: "any folder of PATH; install Go (https://go.dev/dl), and set GOPROXY if its modules need a mirror"
                .to_owned(),
        })?;
        let GoModule { name, path, version } = module;
        let found =
            |path| Installed { name: name.clone(), version: Some(version.clone()), path, how: How::OfGosModules };
        let target = format!("{path}@v{version}");
        let line = format!("go mod download -json {target}");
        // In a folder without a go.mod, whose `go` and `toolchain` lines would count.
        let tools = self.tools();
        std::fs::create_dir_all(&tools).map_err(cache_error("create", &tools))?;
        let download = |reaching_out: bool| {
            let mut command = Command::new(&go);
            command.args(["mod", "download", "-json", &target]).current_dir(&tools).env("GOWORK", "off");
            if !reaching_out {
                command.env("GOPROXY", "off");
            }
            let process = OwnedProcess::start("go mod download", command)?;
            Ok::<_, ServersError>((outcome(&process, LIMIT), process.last_lines()))
        };
        let named = |lines: &[String]| lines.iter().find_map(|line| folder(line)).filter(|folder| folder.is_dir());
        // What is there already is not worth a word.
        if let (Ok(()), lines) = download(false)?
            && let Some(path) = named(&lines)
        {
            return Ok(found(path));
        }
        let step = progress.step(&format!("{name} {version}: {line}"), None);
        let (ended, lines) = download(true)?;
        drop(step);
        let failed = |outcome| ServersError::GoInstall { command: line.clone(), outcome, lines: lines.clone() };
        ended.map_err(failed)?;
        named(&lines).map(found).ok_or_else(|| failed("it named no folder".to_owned()))
    }
}

/// Out of a line such as `"Dir": "/go/pkg/mod/k8s.io/kubernetes@v1.34.2",`.
fn folder(line: &str) -> Option<PathBuf> {
    let rest = line.trim().strip_prefix("\"Dir\": \"")?;
    rest.trim_end_matches(',').strip_suffix('"').map(PathBuf::from)
}
