//! What can go wrong while a server is found, installed, started or stopped. The wire proxy has an error of its own,
//! [`ProxyError`](crate::proxy::ProxyError).

use std::error::Error;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

use crate::process::Exit;

/// Lines of a server's output that an error shows.
const SHOWN: usize = 40;

/// A tool could not be installed, or a server could not be started.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ServersError {
    /// There is nowhere to keep tools.
    #[error("no folder to keep tools in: set MAINSPRING_CACHE to one (or XDG_CACHE_HOME, or HOME)")]
    NoCache,
    /// The cache could not be written.
    #[error("cannot {step} {}: {source}; make it writable, or set MAINSPRING_CACHE to a folder that is", path.display())]
    Cache {
        /// What was being done.
        step: &'static str,
        /// To which file or folder.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// There is no folder for a server's data.
    #[error("cannot {step} {}: {source}; make it writable, or set TMPDIR to a folder that is", path.display())]
    Scratch {
        /// What was being done.
        step: &'static str,
        /// To which file or folder.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// Every way to a tool failed.
    #[error(
        "{name} {version} is not on this machine, and could not be installed:{}\nWhat helps: {advice}",
        listed(attempts)
    )]
    NotInstalled {
        /// The tool.
        name: String,
        /// The pinned version.
        version: String,
        /// Each thing tried, in order, and why it failed.
        attempts: Vec<Attempt>,
        /// What the user could do.
        advice: String,
    },
    /// A program is not where it was looked for.
    #[error("no program `{program}` in {place}")]
    NotFound {
        /// The program.
        program: String,
        /// Where it was looked for.
        place: String,
    },
    /// A tool has no published archive for this operating system and processor.
    #[error("no archive is published for {platform}")]
    NoArchive {
        /// As `linux_amd64`.
        platform: String,
    },
    /// A download did not arrive whole.
    #[error("the download of {url} failed: {source}")]
    Download {
        /// What was downloaded.
        url: String,
        /// The cause.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A download is larger than it may be.
    #[error("the download of {url} was refused: it is larger than {limit} bytes")]
    TooLarge {
        /// What was downloaded.
        url: String,
        /// Bytes.
        limit: u64,
    },
    /// A download is not the file that was published.
    #[error(
        "the download of {url} was refused: its SHA-256 is {actual}, and must be {expected}; \
         the file was changed on its way, or the mirror serves another one"
    )]
    Checksum {
        /// What was downloaded.
        url: String,
        /// The pinned sum, in hex.
        expected: String,
        /// The sum of what arrived, in hex.
        actual: String,
    },
    /// An archive cannot be unpacked, or lacks the program.
    #[error("the archive {url} was refused: {reason}")]
    Archive {
        /// Where it came from.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// `go install`, or `go build`, failed.
    #[error("`{command}` failed ({outcome}):{}", shown(lines))]
    GoInstall {
        /// The command.
        command: String,
        /// How it ended.
        outcome: String,
        /// The end of its output.
        lines: Vec<String>,
    },
    /// `cargo install` failed.
    #[error("`{command}` failed ({outcome}):{}", shown(lines))]
    CargoInstall {
        /// The command.
        command: String,
        /// How it ended.
        outcome: String,
        /// The end of its output.
        lines: Vec<String>,
    },
    /// Python could not make an environment, or pip not install into it.
    #[error(
        "`{command}` failed ({outcome}):{}\nWhat helps: Python 3.10 or newer with its module venv (Debian: \
         python3-venv), and a package index that pip can reach (PIP_INDEX_URL)",
        shown(lines)
    )]
    Python {
        /// The command.
        command: String,
        /// How it ended.
        outcome: String,
        /// The end of its output.
        lines: Vec<String>,
    },
    /// Maven could not fetch jars.
    #[error(
        "`{command}` failed ({outcome}):{}\nWhat helps: a Maven that reaches its repositories or a mirror of them \
         (~/.m2/settings.xml), or MAINSPRING_MAVEN_BASE set to the address of a repository to download from",
        shown(lines)
    )]
    Maven {
        /// The command.
        command: String,
        /// How it ended.
        outcome: String,
        /// The end of its output.
        lines: Vec<String>,
    },
    /// A program could not be started at all.
    #[error("cannot start {name} ({}): {source}", program.display())]
    Spawn {
        /// What was started.
        name: String,
        /// The program.
        program: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A program that sets a server up, or asks it, did not do it.
    #[error("{program} did not do it ({exit}); it said:{}", shown(lines))]
    Refused {
        /// The program.
        program: String,
        /// How it ended.
        exit: Exit,
        /// Its last lines, oldest first.
        lines: Vec<String>,
    },
    /// A certificate for a server could not be made.
    #[error("cannot make a certificate for {name}: {source}")]
    Certificate {
        /// The server.
        name: String,
        /// The cause.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A port that was asked for is taken.
    #[error(
        "{server} cannot have the {purpose} {address}: {source}; \
         stop what listens there, or choose another port (by default a free one is taken)"
    )]
    Port {
        /// The server.
        server: &'static str,
        /// Which of the server's ports.
        purpose: &'static str,
        /// The address.
        address: SocketAddr,
        /// The cause.
        source: std::io::Error,
    },
    /// A server ended before it was ready.
    #[error("{name} ended before it was ready ({exit}); its last lines:{}", shown(lines))]
    Ended {
        /// The server.
        name: String,
        /// How it ended.
        exit: Exit,
        /// Its last lines, oldest first.
        lines: Vec<String>,
    },
    /// A server did not become ready in time.
    #[error(
        "{name} at {address} was not ready within {limit:?} (last answer: {last}); its last lines:{}",
        shown(lines)
    )]
    NotReady {
        /// The server.
        name: String,
        /// Where it should have answered.
        address: SocketAddr,
        /// How long it had.
        limit: Duration,
        /// What the last question brought.
        last: String,
        /// Its last lines, oldest first.
        lines: Vec<String>,
    },
    /// A line that was waited for did not come before the output ended.
    #[error("{name} ended its output without a line that has {text:?}; its last lines:{}", shown(lines))]
    NoLine {
        /// The process.
        name: String,
        /// What was waited for.
        text: String,
        /// Its last lines, oldest first.
        lines: Vec<String>,
    },
}

/// One thing that was tried on the way to a tool.
#[derive(Debug)]
#[non_exhaustive]
pub struct Attempt {
    /// What was tried: "PATH", "the cache", "download", "go install".
    pub way: &'static str,
    /// Why it failed.
    pub error: ServersError,
}

fn listed(attempts: &[Attempt]) -> String {
    attempts.iter().fold(String::new(), |mut text, attempt| {
        let _ = write!(text, "\n  {}: {}", attempt.way, attempt.error);
        text
    })
}

fn shown(lines: &[String]) -> String {
    if lines.is_empty() {
        return " (it said nothing)".to_owned();
    }
    lines.iter().skip(lines.len().saturating_sub(SHOWN)).fold(String::new(), |mut text, line| {
        let _ = write!(text, "\n    | {line}");
        text
    })
}
