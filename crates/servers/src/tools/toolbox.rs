//! Where tools are looked for, and the order of the ways to one.

use std::env;
use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::{How, Installed, Progress, Tool, install};
use crate::error::ServersError;
use crate::process::OwnedProcess;

const DOWNLOAD_BASE: &str = "https://github.com";
/// Six times the largest archive known here.
const DOWNLOAD_LIMIT: u64 = 300 << 20;
/// A program that is asked for its version has this long.
const VERSION_LIMIT: Duration = Duration::from_secs(10);
/// Most programs know the first; kubeconform the second, Helm the third.
const QUESTIONS: [&[&str]; 3] = [&["--version"], &["-v"], &["version", "--short"]];

/// Finds tools on `PATH` and in a cache, and installs them into that cache.
#[derive(Clone, Debug)]
pub struct Toolbox {
    pub(super) cache: PathBuf,
    pub(super) search: OsString,
    pub(super) base: String,
    pub(super) limit: u64,
    pub(super) maven_base: Option<String>,
    pub(super) java_home: Option<PathBuf>,
}

impl Toolbox {
    /// A toolbox with this cache, an empty search path, and downloads from <https://github.com>.
    pub fn new(cache: impl Into<PathBuf>) -> Self {
        Self {
            cache: cache.into(),
            search: OsString::new(),
            base: DOWNLOAD_BASE.to_owned(),
            limit: DOWNLOAD_LIMIT,
            maven_base: None,
            java_home: None,
        }
    }

    /// The toolbox of this environment: the cache is `MAINSPRING_CACHE`, else the user's cache folder
    /// (`XDG_CACHE_HOME`, else `~/.cache`, on macOS `~/Library/Caches`) and `mainspring` in it; the search path is
    /// `PATH`; `MAINSPRING_DOWNLOAD_BASE` is a mirror of <https://github.com>; with `MAINSPRING_MAVEN_BASE`, the address
    /// of a Maven repository, jars are downloaded from there, without Maven; `JAVA_HOME` is where Java is. Empty
    /// variables count as unset.
    ///
    /// # Errors
    /// [`ServersError::NoCache`] when none of those variables is there, nor `HOME`.
    pub fn from_env() -> Result<Self, ServersError> {
        Self::from_variables(|name| env::var_os(name).filter(|value| !value.is_empty()))
    }

    /// As [`from_env`](Self::from_env), from any source of variables.
    ///
    /// # Errors
    /// As [`from_env`](Self::from_env).
    pub fn from_variables(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, ServersError> {
        let folder = |name| variable(name).map(PathBuf::from);
        let user = if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" };
        let cache = folder("MAINSPRING_CACHE")
            .or_else(|| folder("XDG_CACHE_HOME").map(|caches| caches.join("mainspring")))
            .or_else(|| folder("HOME").map(|home| home.join(user).join("mainspring")))
            .ok_or(ServersError::NoCache)?;
        let mut toolbox = Self::new(cache).search_path(variable("PATH").unwrap_or_default());
        toolbox.java_home = folder("JAVA_HOME");
        if let Some(base) = variable("MAINSPRING_DOWNLOAD_BASE") {
            toolbox = toolbox.download_base(base.to_string_lossy());
        }
        Ok(match variable("MAINSPRING_MAVEN_BASE") {
            Some(base) => toolbox.maven_base(base.to_string_lossy()),
            None => toolbox,
        })
    }

    /// Folders to look for programs in, separated as in `PATH`.
    #[must_use]
    pub fn search_path(mut self, folders: impl Into<OsString>) -> Self {
        self.search = folders.into();
        self
    }

    /// A mirror of <https://github.com>: `http://` or `https://`, to which an archive's path is appended.
    #[must_use]
    pub fn download_base(mut self, url: impl Into<String>) -> Self {
        self.base = without_slash(url.into());
        self
    }

    /// A Maven repository to download jars from, `http://` or `https://`; by default `mvn` fetches them.
    #[must_use]
    pub fn maven_base(mut self, url: impl Into<String>) -> Self {
        self.maven_base = Some(without_slash(url.into()));
        self
    }

    /// The largest download that is accepted, in bytes; 300 MiB by default.
    #[must_use]
    pub fn download_limit(mut self, bytes: u64) -> Self {
        self.limit = bytes;
        self
    }

    /// Where installed tools are kept.
    pub fn cache(&self) -> &Path {
        &self.cache
    }

    /// The tool on the search path, else in the cache. Installs nothing, and does not run the program.
    pub fn find(&self, tool: &Tool) -> Option<Installed> {
        if let Some(path) = self.on_path(&tool.program) {
            return Some(Installed { name: tool.name.clone(), version: None, path, how: How::OnPath });
        }
        let path = self.place(tool);
        is_program(&path).then(|| tool.installed(path, How::Cached))
    }

    /// The tool, installed first when it is nowhere. Blocks: for minutes, when it has to be built.
    ///
    /// # Errors
    /// [`ServersError::NotInstalled`] with everything that was tried, or [`ServersError::Cache`].
    pub fn provide(&self, tool: &Tool, progress: &Progress) -> Result<Installed, ServersError> {
        match self.find(tool) {
            Some(found) => Ok(found),
            None => install::install(self, tool, progress),
        }
    }

    /// Where the cache keeps the tool. A cache may be shared by machines of several platforms.
    pub(super) fn place(&self, tool: &Tool) -> PathBuf {
        self.tools().join(tool.slug()).join(&tool.program)
    }

    pub(super) fn tools(&self) -> PathBuf {
        self.cache.join("tools")
    }

    pub(crate) fn on_path(&self, program: &str) -> Option<PathBuf> {
        // A relative folder would mean another program in every working directory.
        env::split_paths(&self.search)
            .filter(|folder| folder.is_absolute())
            .map(|folder| folder.join(program))
            .find(|path| is_program(path))
    }
}

impl Tool {
    pub(super) fn installed(&self, path: PathBuf, how: How) -> Installed {
        Installed { name: self.name.clone(), version: Some(self.version.clone()), path, how }
    }
}

impl Installed {
    /// Asks the program for its version (`--version`, or what programs without that have: the first word with a digit
    /// in it) unless the version is known. It stays unknown when the program does not say.
    #[must_use]
    pub fn with_version(mut self) -> Self {
        if self.version.is_none() {
            self.version = asked_version(&self);
        }
        self
    }
}

fn without_slash(mut url: String) -> String {
    url.truncate(url.trim_end_matches('/').len());
    url
}

fn asked_version(installed: &Installed) -> Option<String> {
    QUESTIONS.iter().find_map(|question| answer(installed, question))
}

fn answer(installed: &Installed, question: &[&str]) -> Option<String> {
    let mut command = Command::new(&installed.path);
    command.args(question);
    let process = OwnedProcess::start(&installed.name, command).ok()?;
    process.wait_blocking(VERSION_LIMIT).filter(|exit| exit.success())?;
    let lines = process.last_lines();
    lines.iter().flat_map(|line| line.split_whitespace()).find(|word| word.contains(|c: char| c.is_ascii_digit())).map(
        |word| {
            let word = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
            // What follows a `+` is of the build.
            let word = word.split('+').next().unwrap_or(word);
            word.strip_prefix('v').unwrap_or(word).to_owned()
        },
    )
}

fn is_program(path: &Path) -> bool {
    path.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}
