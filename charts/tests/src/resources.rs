//! The definitions of custom resources that the chart writes: those of KEDA and of the Prometheus operator out of their
//! own modules, those of Temporal's worker controller from `crds`, as the controller is no module that Go's proxy serves.

use std::fs;
use std::path::{Path, PathBuf};

use mainspring_servers::tools::{GoModule, Progress, Toolbox};
use serde_json::Value;

use crate::{ChartError, documents};

/// The files that define them, for `kubectl apply` or an API server.
///
/// # Errors
/// A module cannot be had, or `crds` not be read.
pub fn custom_resources() -> Result<Vec<PathBuf>, ChartError> {
    let toolbox = Toolbox::from_env()?;
    let of = |module: GoModule, folder: &str, names: &[&str]| -> Result<Vec<PathBuf>, ChartError> {
        let path = toolbox.go_module(&module, &Progress::stderr())?.path.join(folder);
        Ok(names.iter().map(|name| path.join(format!("{name}.yaml"))).collect())
    };
    let keda = of(GoModule::keda(), "config/crd/bases", &["keda.sh_scaledobjects", "keda.sh_triggerauthentications"])?;
    let monitors = ["monitoring.coreos.com_podmonitors", "monitoring.coreos.com_servicemonitors"];
    let operator = of(GoModule::prometheus_operator(), "example/prometheus-operator-crd", &monitors)?;
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("crds/temporal.io.yaml");
    Ok([keda, operator, vec![own]].concat())
}

/// What those files define.
///
/// # Errors
/// As [`custom_resources`], or one is no YAML.
pub fn definitions() -> Result<Vec<Value>, ChartError> {
    let mut all = Vec::new();
    for file in custom_resources()? {
        all.extend(documents(&fs::read_to_string(&file).map_err(ChartError::file("read", &file))?)?);
    }
    Ok(all)
}
