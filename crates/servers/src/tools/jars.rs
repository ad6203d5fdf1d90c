//! A Java program and everything that it needs, as jars that are pinned by their checksums, in a folder of the cache.
//! Maven fetches them; its own choice of versions has no say, for every jar is named.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::download::{fetch, hex};
use super::install::{cache_error, clear_away, lock, workplace};
use super::{How, Installed, Progress, Tool, Toolbox, maven};
use crate::error::ServersError;

/// Jars for one class path, each pinned.
#[derive(Clone, Debug)]
pub struct Jars {
    pub(super) tool: Tool,
    pub(super) pins: Vec<Pin>,
    /// Names this list of pins: another one has another folder.
    sum: String,
}

/// One jar: its coordinates, and its SHA-256 in lower-case hex.
#[derive(Clone, Debug)]
pub(super) struct Pin {
    pub(super) group: String,
    pub(super) artifact: String,
    pub(super) version: String,
    sha256: String,
}

impl Jars {
    /// Jars for people called `name`, kept in a folder that begins with `slug`. Each line of `pins` has the
    /// coordinates `GROUP:ARTIFACT:VERSION`, a space, and the SHA-256 of the jar in lower-case hex; other lines are
    /// passed over.
    pub fn new(name: impl Into<String>, slug: impl Into<String>, version: impl Into<String>, pins: &str) -> Self {
        let mut sum = hex(&Sha256::digest(pins));
        sum.truncate(8);
        Self { tool: Tool::new(name, slug, version), pins: pins.lines().filter_map(Pin::read).collect(), sum }
    }

    /// Apache Kafka, with its command-line tools.
    pub fn kafka() -> Self {
        Self::new("Apache Kafka", "kafka", "3.9.1", include_str!("pins/kafka-3.9.1.txt"))
    }

    /// Temporal's test server, whose clock can jump.
    pub fn temporal_test_server() -> Self {
        const VERSION: &str = "1.38.0";
        Self::new(
            "Temporal test server",
            "temporal-test-server",
            VERSION,
            include_str!("pins/temporal-test-server-1.38.0.txt"),
        )
    }
}

impl Pin {
    fn read(line: &str) -> Option<Self> {
        let (coordinates, sha256) = line.trim().split_once(' ')?;
        let mut parts = coordinates.split(':').map(str::to_owned);
        let (group, artifact, version) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self { group, artifact, version, sha256: sha256.trim().to_owned() })
    }

    /// As Maven's plugin names a copy with its group: two groups may have artifacts of one name.
    fn file(&self) -> String {
        format!("{}.{}-{}.jar", self.group, self.artifact, self.version)
    }

    /// Where a Maven repository has it.
    fn path(&self) -> String {
        let Self { group, artifact, version, .. } = self;
        format!("{}/{artifact}/{version}/{artifact}-{version}.jar", group.replace('.', "/"))
    }
}

impl Toolbox {
    /// The folder with these jars, fetched first when the cache lacks them: from `MAINSPRING_MAVEN_BASE` when that is
    /// set, else by the `mvn` on the search path. Blocks: for a minute, then.
    ///
    /// # Errors
    /// [`ServersError::Maven`] with what Maven said, [`ServersError::NotFound`] without a `mvn`,
    /// [`ServersError::Download`], [`ServersError::Checksum`] for a jar that is not the pinned one, or
    /// [`ServersError::Cache`].
    pub fn jars(&self, jars: &Jars, progress: &Progress) -> Result<Installed, ServersError> {
        let (tools, tool) = (self.tools(), &jars.tool);
        let folder = tools.join(format!("{}-{}", tool.slug(), jars.sum));
        // It has its name only when it is whole.
        if folder.is_dir() {
            return Ok(tool.installed(folder, How::Cached));
        }
        fs::create_dir_all(&tools).map_err(cache_error("create", &tools))?;
        let _lock = lock(&tools, tool, progress)?;
        if folder.is_dir() {
            return Ok(tool.installed(folder, How::Cached));
        }
        clear_away(&tools, tool);
        let workplace = workplace(&tools, tool)?;
        let fetched = workplace.path().join("jars");
        fs::create_dir(&fetched).map_err(cache_error("create", &fetched))?;
        let how = match &self.maven_base {
            Some(base) => self.download_jars(base, jars, &fetched, progress)?,
            None => maven::copy(self, jars, workplace.path(), &fetched, progress)?,
        };
        for pin in &jars.pins {
            check(pin, &fetched.join(pin.file()))?;
        }
        fs::rename(&fetched, &folder).map_err(cache_error("put jars at", &folder))?;
        progress.say(&format!("{} {}: {how}, kept at {}", tool.name, tool.version, folder.display()));
        Ok(tool.installed(folder, how))
    }

    fn download_jars(&self, base: &str, jars: &Jars, into: &Path, progress: &Progress) -> Result<How, ServersError> {
        let Tool { name, version, .. } = &jars.tool;
        let _step = progress.step(&format!("{name} {version}: downloading {} jars from {base}", jars.pins.len()), None);
        for pin in &jars.pins {
            let url = format!("{base}/{}", pin.path());
            fetch(&url, &pin.sha256, self.limit, &into.join(pin.file()), &|_| Progress::silent().step("", None))?;
        }
        Ok(How::Downloaded)
    }

    /// The Java runtime: that of `JAVA_HOME`, else `java` on the search path.
    ///
    /// # Errors
    /// [`ServersError::NotFound`], with what to install.
    pub fn java(&self) -> Result<PathBuf, ServersError> {
        let of_home = self.java_home.as_ref().map(|home| home.join("bin/java")).filter(|java| java.is_file());
        of_home.or_else(|| self.on_path("java")).ok_or_else(|| ServersError::NotFound {
            program: "java".to_owned(),
            place: "JAVA_HOME or any folder of PATH; install a Java runtime, 17 or newer (Debian: \
                    openjdk-17-jre-headless)"
                .to_owned(),
        })
    }
}

/// Whatever fetched it: it is the pinned file, or it is refused.
fn check(pin: &Pin, path: &Path) -> Result<(), ServersError> {
    let unreadable = cache_error("read the jar", path);
    let mut file = File::open(path).map_err(&unreadable)?;
    let mut sum = Sha256::new();
    let mut buffer = vec![0; 64 << 10];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => sum.update(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(unreadable(error)),
        }
    }
    let actual = hex(&sum.finalize());
    if actual == pin.sha256 {
        return Ok(());
    }
    let url = format!("{}:{}:{}", pin.group, pin.artifact, pin.version);
    Err(ServersError::Checksum { url, expected: pin.sha256.clone(), actual })
}
