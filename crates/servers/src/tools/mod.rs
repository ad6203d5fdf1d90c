//! Tools that servers need: found on `PATH`, else in a cache outside the checkout, else installed there: by download
//! with a pinned checksum, else by Go or `cargo install`; jars by Maven. An installation is safe beside others and under `kill -9`: one lock
//! a tool, and the program appears under its name only when it is whole. Everything here blocks.

mod build;
mod cargo;
mod download;
mod go;
mod go_module;
mod install;
mod jars;
mod kubernetes;
mod maven;
mod progress;
mod python;
mod tool;
mod toolbox;

use std::fmt;
use std::path::PathBuf;

pub use go_module::GoModule;
pub use jars::Jars;
pub use progress::Progress;
pub use tool::{Archive, Tool};
pub use toolbox::Toolbox;

use crate::error::ServersError;

/// A tool that is ready to run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Installed {
    /// What it is called, as in [`Tool::name`].
    pub name: String,
    /// The pinned version, or, for a program that was on `PATH`, what it said of itself if it was asked.
    pub version: Option<String>,
    /// The program.
    pub path: PathBuf,
    /// Where it came from.
    pub how: How,
}

/// Where a tool came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum How {
    /// It was on `PATH`, whatever its version.
    OnPath,
    /// It is where a package of this machine's system has it.
    OfThePackage,
    /// It had been installed into the cache before.
    Cached,
    /// It was downloaded now.
    Downloaded,
    /// It was built by Go now.
    BuiltWithGo,
    /// It was built by `cargo install` now.
    BuiltWithCargo,
    /// It was installed by pip now.
    InstalledWithPip,
    /// Its jars were fetched by Maven now.
    InstalledWithMaven,
    /// It is in Go's cache of modules, fetched now or before.
    OfGosModules,
}

impl fmt::Display for How {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::OnPath => "on PATH",
            Self::OfThePackage => "of the system's package",
            Self::Cached => "in the cache",
            Self::Downloaded => "downloaded",
            Self::BuiltWithGo => "built with Go",
            Self::BuiltWithCargo => "built with cargo install",
            Self::InstalledWithPip => "installed with pip",
            Self::InstalledWithMaven => "installed with Maven",
            Self::OfGosModules => "of Go's modules",
        })
    }
}

/// Temporal's SDK for Python, as the tests of the slow tier have it on the other side.
pub const PYTHON_SDK: (&str, &str) = ("temporalio", "1.35.0");

/// Installs what this crate's servers and our tests need and this machine lacks; does nothing when all is there. Programs on `PATH`
/// are asked for their version.
///
/// # Errors
/// [`ServersError::NotInstalled`] with everything that was tried, [`ServersError::NotFound`] for what is to be installed by
/// hand (PostgreSQL, Java), or the errors of [`Toolbox::jars`].
pub fn setup(progress: &Progress) -> Result<Vec<Installed>, ServersError> {
    let toolbox = Toolbox::from_env()?;
    let postgres = toolbox.postgres()?.with_version();
    let programs = [
        Tool::temporal_cli(),
        Tool::versitygw(),
        Tool::mprocs(),
        Tool::helm(),
        Tool::kubeconform(),
        Tool::actionlint(),
        Tool::compose_spec(),
    ];
    let programs = programs.iter().map(|tool| toolbox.provide(tool, progress).map(Installed::with_version));
    let jars = [Jars::temporal_test_server(), Jars::kafka()];
    let jars = jars.iter().map(|jars| toolbox.jars(jars, progress));
    let modules = [GoModule::kubernetes(), GoModule::keda(), GoModule::prometheus_operator()];
    let modules = modules.iter().map(|module| toolbox.go_module(module, progress));
    std::iter::once(Ok(postgres)).chain(jars).chain(programs).chain(modules).collect()
}

/// What the slow tier of tests needs besides: a Python with Temporal's SDK, and Kubernetes' API server.
///
/// # Errors
/// As [`Toolbox::python_with`] and [`Toolbox::provide`].
pub fn setup_slow(progress: &Progress) -> Result<Vec<Installed>, ServersError> {
    let (package, version) = PYTHON_SDK;
    let toolbox = Toolbox::from_env()?;
    let programs = [Tool::etcd(), Tool::kube_apiserver()];
    let programs = programs.iter().map(|tool| toolbox.provide(tool, progress).map(Installed::with_version));
    std::iter::once(toolbox.python_with(package, version, progress)).chain(programs).collect()
}
