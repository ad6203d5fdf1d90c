//! What there is to run: a job for each test binary that cargo has built, and one for the doc tests.

use std::{
    env,
    io::BufReader,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use cargo_metadata::{Artifact, Message, TargetKind};
use mainspring_servers::process::forget_variables;

use crate::{
    failure::Failure,
    repository::{output, program},
};

/// A command that runs tests.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) name: String,
    /// The line that cargo would print above them.
    pub(super) heading: String,
    pub(super) command: Command,
}

/// Builds the tests, and gives a job for each binary, by package and name. `None`: they do not compile, as cargo has said.
pub(super) fn built(build: &mut Command, arguments: &[String]) -> Result<Option<Vec<Job>>, Failure> {
    let name = program(build);
    build.arg("--message-format=json-render-diagnostics").stdout(Stdio::piped());
    let mut cargo = build.spawn().map_err(|source| Failure::Start { program: name.clone(), source })?;
    let failed = |source| Failure::Stream { program: name.clone(), source };
    let mut binaries = Vec::new();
    for message in cargo.stdout.take().into_iter().flat_map(|out| Message::parse_stream(BufReader::new(out))) {
        if let Message::CompilerArtifact(artifact) = message.map_err(failed)?
            && artifact.profile.test
            && let Some(executable) = artifact.executable.clone()
        {
            binaries.push(Binary::new(&artifact, executable.into_std_path_buf()));
        }
    }
    if !cargo.wait().map_err(failed)?.success() {
        return Ok(None);
    }
    binaries.sort();
    let libraries = libraries(build.get_current_dir())?;
    Ok(Some(binaries.iter().map(|binary| binary.job(&libraries, arguments)).collect()))
}

/// The doc tests, which only cargo can run.
pub(super) fn doc_tests(mut cargo: Command, arguments: &[String]) -> Job {
    cargo.arg("--doc").arg("--").args(arguments);
    Job { name: "doc tests".to_owned(), heading: String::new(), command: cargo }
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Binary {
    package: PathBuf,
    /// Its source in the package, as cargo says it: `tests/draining.rs`, `unittests src/lib.rs`.
    source: String,
    executable: PathBuf,
}

impl Binary {
    fn new(artifact: &Artifact, executable: PathBuf) -> Self {
        let package = artifact.manifest_path.parent().map(|folder| folder.as_std_path().to_owned()).unwrap_or_default();
        let source = artifact.target.src_path.as_std_path();
        let source = source.strip_prefix(&package).unwrap_or(source).display();
        let unit = if artifact.target.kind.contains(&TargetKind::Test) { "" } else { "unittests " };
        Self { package, source: format!("{unit}{source}"), executable }
    }

    /// In the folder and the environment that cargo would run it in.
    fn job(&self, libraries: &Path, arguments: &[String]) -> Job {
        let mut command = Command::new(&self.executable);
        // What `cargo xtask` was told is about xtask.
        forget_variables(&mut command, &["CARGO_PKG_", "CARGO_MANIFEST_"]);
        command.env("CARGO_MANIFEST_DIR", &self.package).current_dir(&self.package);
        let inherited = env::var_os(LIBRARIES).unwrap_or_default();
        let own = self.executable.parent().into_iter().chain([libraries]).map(Path::to_owned);
        // A folder whose name has the separator cannot be said; then only a proc macro's tests miss something.
        if let Ok(folders) = env::join_paths(own.chain(env::split_paths(&inherited))) {
            command.env(LIBRARIES, folders);
        }
        command.args(arguments);
        let stem = self.executable.file_stem().unwrap_or_default().to_string_lossy();
        let name = format!("{} ({})", stem.rsplit_once('-').map_or(&*stem, |(name, _hash)| name), self.source);
        Job { name, heading: format!("     Running {} ({})\n", self.source, self.executable.display()), command }
    }
}

/// Where the system looks for libraries: a proc macro's tests need the compiler's.
const LIBRARIES: &str = if cfg!(target_os = "macos") { "DYLD_FALLBACK_LIBRARY_PATH" } else { "LD_LIBRARY_PATH" };

fn libraries(folder: Option<&Path>) -> Result<PathBuf, Failure> {
    let mut rustc = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.args(["--print", "target-libdir"]);
    if let Some(folder) = folder {
        rustc.current_dir(folder);
    }
    Ok(output(&mut rustc)?.trim().into())
}
