//! PostgreSQL, as a child of this process, with data that need not outlive it: nothing is flushed to disk. It is ready
//! when `pg_isready` says so.

mod programs;

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use nix::unistd::{Uid, User, chown};

use crate::error::ServersError;
use crate::launch::{Means, Race, STOP_LIMIT, launch, means};
use crate::ports;
use crate::process::{OwnedProcess, forget_variables};
use crate::scratch::Scratch;

const NAME: &str = "PostgreSQL";
const USER: &str = "postgres";
/// What makes it fast and unsafe: a test's data does not survive the test.
const SETTINGS: [&str; 6] = [
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "max_connections=200",
];
/// The longest part of a database's name that is kept: PostgreSQL cuts names at 63 bytes.
const LONGEST_NAME: usize = 40;

/// A running PostgreSQL on 127.0.0.1, whose superuser `postgres` needs no password. Dropping it kills it and removes its
/// data.
pub struct Postgres {
    address: SocketAddr,
    programs: Programs,
    databases: AtomicU32,
    start_limit: Duration,
    process: OwnedProcess,
    // After the process.
    data: Scratch,
}

/// How a [`Postgres`] is to start.
#[derive(Clone, Debug)]
#[must_use = "nothing runs before `start`"]
pub struct PostgresBuilder {
    means: Means,
}

/// Where its programs are, and as whom they run.
#[derive(Clone, Debug)]
struct Programs {
    folder: PathBuf,
    /// PostgreSQL refuses to run as root.
    user: Option<User>,
}

impl Postgres {
    /// A server on a free port.
    pub fn builder() -> PostgresBuilder {
        PostgresBuilder { means: Means::new() }
    }

    /// Where clients connect.
    pub fn socket_address(&self) -> SocketAddr {
        self.address
    }

    /// A new, empty database, whose name begins so and is no other's on this server. Gives its URL, as
    /// `postgres://postgres@127.0.0.1:5432/orders_1`.
    ///
    /// # Errors
    /// [`ServersError::Refused`] with what `createdb` said.
    pub async fn database(&self, name: &str) -> Result<String, ServersError> {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '_' };
        let name: String = name.chars().take(LONGEST_NAME).map(plain).collect();
        let name = format!("{name}_{number}");
        let mut command = self.programs.client("createdb", self.address);
        command.arg(&name);
        self.programs.run("createdb", command).await?;
        Ok(format!("postgres://{USER}@{}/{name}", self.address))
    }

    /// The server's process id, while there is a process.
    pub fn pid(&self) -> Option<u32> {
        self.process.exit().is_none().then(|| self.process.pid())
    }

    /// The last 100 lines it wrote, oldest first.
    pub fn last_lines(&self) -> Vec<String> {
        self.process.last_lines()
    }

    /// Asks the server to stop (SIGTERM, to its sessions too), and kills it when it has not within 10 s. Returns when it is gone.
    pub async fn stop(&mut self) {
        self.process.stop(STOP_LIMIT).await;
    }

    /// Starts a stopped one on the same port, with the data that it had. Returns when it is ready.
    ///
    /// # Errors
    /// [`ServersError::Ended`] and [`ServersError::NotReady`] with the server's last lines: somebody else may have its port.
    pub async fn start_again(&mut self) -> Result<(), ServersError> {
        self.stop().await;
        self.process = launch_on(&self.programs, self.data.path(), self.address, self.start_limit).await?;
        Ok(())
    }
}

impl PostgresBuilder {
    means!("PostgreSQL's programs are looked for");

    /// Makes a folder of data, starts the server, and returns when it is ready.
    ///
    /// # Errors
    /// [`ServersError::NotFound`] with what to install; [`ServersError::Refused`] with what `initdb` said;
    /// [`ServersError::Ended`] and [`ServersError::NotReady`] with the server's last lines.
    pub async fn start(self) -> Result<Postgres, ServersError> {
        let program = self.means.provide(|toolbox, _| toolbox.postgres()).await?.path;
        let folder = program.parent().unwrap_or_else(|| Path::new("/")).to_owned();
        let programs = Programs { folder, user: unprivileged() };
        let data = Scratch::new("postgres")?;
        if let Some(user) = &programs.user {
            chown(data.path(), Some(user.uid), Some(user.gid)).map_err(|errno| ServersError::Scratch {
                step: "give away",
                path: data.path().to_owned(),
                source: errno.into(),
            })?;
        }
        let mut command = programs.command("initdb");
        command.arg("--pgdata").arg(data.path());
        command.args(["--username", USER, "--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync"]);
        programs.run("initdb", command).await?;

        let mut race = Race::default();
        loop {
            let port = ports::choose(NAME, "port", Ipv4Addr::LOCALHOST.into(), None)?;
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            match launch_on(&programs, data.path(), address, self.means.start_limit).await {
                Ok(process) => {
                    let start_limit = self.means.start_limit;
                    return Ok(Postgres {
                        address,
                        programs,
                        databases: AtomicU32::new(1),
                        start_limit,
                        process,
                        data,
                    });
                }
                Err(error) => race.again(error)?,
            }
        }
    }
}

async fn launch_on(
    programs: &Programs,
    data: &Path,
    address: SocketAddr,
    limit: Duration,
) -> Result<OwnedProcess, ServersError> {
    let mut command = programs.command("postgres");
    command.arg("-D").arg(data).args(["-p", &address.port().to_string()]);
    command.args(SETTINGS.iter().flat_map(|setting| ["-c", setting]));
    let ask = || async {
        let ready = programs.run("pg_isready", programs.client("pg_isready", address)).await;
        ready.map_err(|error| error.to_string())
    };
    launch(NAME, command, (address, limit), ask).await
}

impl Programs {
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.folder.join(program));
        // Another server's address, or an option of the user's, is not meant for this one.
        forget_variables(&mut command, &["PG"]);
        command.current_dir("/");
        if let Some(user) = &self.user {
            command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
        }
        command
    }

    fn client(&self, program: &str, address: SocketAddr) -> Command {
        let mut command = self.command(program);
        command.args(["-h", &address.ip().to_string(), "-p", &address.port().to_string(), "-U", USER]);
        command
    }

    /// Runs a program to its end.
    async fn run(&self, name: &'static str, command: Command) -> Result<(), ServersError> {
        let process = OwnedProcess::start(name, command)?;
        let exit = process.wait().await;
        if exit.success() {
            return Ok(());
        }
        Err(ServersError::Refused { program: name.to_owned(), exit, lines: process.last_lines() })
    }
}

/// Who runs it in root's place: the user that Debian's package makes, else nobody.
fn unprivileged() -> Option<User> {
    if !Uid::effective().is_root() {
        return None;
    }
    [USER, "nobody"].iter().find_map(|name| User::from_name(name).ok().flatten())
}

impl fmt::Debug for Postgres {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Postgres")
            .field("address", &self.address)
            .field("pid", &self.pid())
            .finish_non_exhaustive()
    }
}
