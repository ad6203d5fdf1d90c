//! What the chart's tests share: the real Helm over the chart, the schemas that Kubernetes and its extensions publish, and
//! the chart's reference, which is made from its own schema.

mod cluster;
mod error;
mod helm;
mod reference;
mod resources;
mod schemas;

use std::fs;
use std::path::{Path, PathBuf};

pub use cluster::{Api, Cluster, Kubelet, Left, PodPlan, Running, Said, holds, list};
pub use error::ChartError;
pub use helm::{Helm, KUBERNETES, NAMESPACE, RELEASE, Refusal};
pub use reference::reference;
pub use resources::{custom_resources, definitions};
pub use schemas::Schemas;
use serde_json::Value;

/// The chart's folder.
pub fn chart() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("temporal-worker")
}

/// The files of `examples`, by name.
///
/// # Errors
/// The folder cannot be read.
pub fn examples() -> Result<Vec<PathBuf>, ChartError> {
    let folder = chart().join("examples");
    let entries = fs::read_dir(&folder).map_err(ChartError::file("read", &folder))?;
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.sort();
    Ok(files)
}

/// Every document of a file of YAML; an empty one counts as none.
///
/// # Errors
/// It is no YAML.
pub fn documents(yaml: &str) -> Result<Vec<Value>, ChartError> {
    let all: Vec<Value> = serde_saphyr::from_multiple(yaml).map_err(|error| ChartError::Yaml(error.to_string()))?;
    Ok(all.into_iter().filter(|document| !document.is_null()).collect())
}
