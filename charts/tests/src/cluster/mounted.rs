//! Secrets as files of a pod. A process sees this machine's folders and not the pod's, so they are written to a folder of
//! their own, and variables that name the pod's are given that one.

use std::fs;

use tempfile::TempDir;

use super::{Api, PodPlan};
use crate::ChartError;

/// The folder goes with this.
#[derive(Debug)]
pub(super) struct Mounted {
    folder: TempDir,
    paths: Vec<String>,
}

impl Mounted {
    pub(super) fn new(api: &Api, plan: &PodPlan) -> Result<Self, ChartError> {
        let folder = tempfile::tempdir().map_err(ChartError::file("make a folder in", &std::env::temp_dir()))?;
        let mounted = Self { folder, paths: plan.mounts.iter().map(|mount| mount.path.clone()).collect() };
        mounted.write(api, plan)?;
        Ok(mounted)
    }

    /// Writes every file as its secret is now. Each is there whole or not at all.
    pub(super) fn write(&self, api: &Api, plan: &PodPlan) -> Result<(), ChartError> {
        for (number, mount) in plan.mounts.iter().enumerate() {
            let folder = self.folder.path().join(number.to_string());
            fs::create_dir_all(&folder).map_err(ChartError::file("make", &folder))?;
            for (name, content) in mount.files(api, &plan.namespace).map_err(ChartError::Cluster)? {
                let (file, new) = (folder.join(&name), folder.join(format!("..{name}")));
                fs::write(&new, content)
                    .and_then(|()| fs::rename(&new, &file))
                    .map_err(ChartError::file("write", &file))?;
            }
        }
        Ok(())
    }

    /// A variable's value, with this machine's folder where it names one of the pod's.
    pub(super) fn here(&self, value: &str) -> String {
        let inside = |path: &String| value.strip_prefix(path.as_str()).filter(|rest| rest.starts_with('/'));
        let found = self.paths.iter().enumerate().find_map(|(number, path)| Some((number, inside(path)?)));
        found.map_or_else(
            || value.to_owned(),
            |(number, rest)| format!("{}/{number}{rest}", self.folder.path().display()),
        )
    }
}
