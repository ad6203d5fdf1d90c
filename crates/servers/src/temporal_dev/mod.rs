//! The dev server of Temporal's own CLI, as a child of this process. It is ready when it has answered for each of its
//! namespaces over gRPC, history included.

mod healing;
mod options;
mod ready;

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::error::ServersError;
use crate::launch::{self, Race, STOP_LIMIT, lost_a_port};
use crate::ports::reachable;
use crate::process::{Exit, OwnedProcess};
use crate::tools::Tool;
use healing::Watch;
use options::Ports;
pub use options::{LogLevel, SearchAttributeType, TemporalDevServerBuilder};

const NAME: &str = "the Temporal dev server";
/// A port that somebody else has meanwhile is asked for again after this.
const RACE_PAUSE: Duration = Duration::from_millis(200);

/// A running dev server. Dropping it kills it; [`stop`](Self::stop) lets it end in order.
///
/// A Temporal CLI that was not built here may have a server that breaks: a request that is cancelled can leave its one
/// connection to SQLite so that everything fails with `interrupted (9)` from then on. Such a server is restarted on its
/// ports, after three seconds of that, with a line where [`progress`](TemporalDevServerBuilder::progress) goes. What it
/// had in memory is lost then; a [`db_file`](TemporalDevServerBuilder::db_file) keeps it.
pub struct TemporalDevServer {
    /// Goes first: it would start what was just killed.
    _watch: Watch,
    running: Arc<Running>,
}

/// What the server and its watch have in common.
struct Running {
    options: TemporalDevServerBuilder,
    program: PathBuf,
    ports: Ports,
    /// The one that runs, or that ran last.
    process: Mutex<Arc<OwnedProcess>>,
    /// Held by whoever starts or stops it.
    turn: tokio::sync::Mutex<()>,
}

impl TemporalDevServer {
    /// A dev server on 127.0.0.1 and a free port, in memory, without the UI, with the namespace `default`.
    pub fn builder() -> TemporalDevServerBuilder {
        TemporalDevServerBuilder::new()
    }

    async fn start(options: TemporalDevServerBuilder) -> Result<Self, ServersError> {
        let program = program(&options).await?;
        let mut race = Race::default();
        loop {
            let ports = options.ports()?;
            match launch(&options, &program, ports).await {
                Ok(process) => {
                    let (process, turn) = (Mutex::new(Arc::new(process)), tokio::sync::Mutex::default());
                    let running = Arc::new(Running { options, program, ports, process, turn });
                    return Ok(Self { _watch: Watch::start(Arc::clone(&running))?, running });
                }
                Err(error) => race.again(error)?,
            }
        }
    }

    /// Where clients connect, as `127.0.0.1:7233`.
    pub fn address(&self) -> String {
        self.socket_address().to_string()
    }

    /// Where clients connect. A server on all addresses is reached by the loopback one.
    pub fn socket_address(&self) -> SocketAddr {
        self.running.address()
    }

    /// The web UI, when there is one.
    pub fn ui_url(&self) -> Option<String> {
        let Running { options, ports, .. } = &*self.running;
        ports.ui.map(|port| format!("http://{}", reachable(options.ip, port)))
    }

    /// The first namespace: `default` unless the builder named others.
    pub fn namespace(&self) -> &str {
        self.running.namespace()
    }

    /// The program that runs.
    pub fn program(&self) -> &Path {
        &self.running.program
    }

    /// The server's process id, while there is a process.
    pub fn pid(&self) -> Option<u32> {
        let process = self.running.process();
        process.exit().is_none().then(|| process.pid())
    }

    /// The last 100 lines it wrote, oldest first; those of a server that has ended stay until the next start.
    pub fn last_lines(&self) -> Vec<String> {
        self.running.process().last_lines()
    }

    /// Waits until the server has ended, whoever ended it. One that is restarted because it was broken has not.
    pub async fn ended(&self) -> Exit {
        loop {
            let process = self.running.process();
            let exit = process.wait().await;
            let _turn = self.running.turn.lock().await;
            if Arc::ptr_eq(&process, &self.running.process()) {
                return exit;
            }
        }
    }

    /// Asks the server to stop (SIGTERM), and kills it when it has not within 10 s. Returns when it is gone.
    pub async fn stop(&mut self) {
        let _turn = self.running.turn.lock().await;
        self.running.process().stop(STOP_LIMIT).await;
    }

    /// Kills the server (SIGKILL). Returns when it is gone.
    pub async fn kill(&mut self) {
        let _turn = self.running.turn.lock().await;
        self.running.process().kill().await;
    }

    /// Stops the server, if it still runs, and starts it on the same ports and the same database file. Without such
    /// a file its state is lost. Waits for the port when somebody else has it meanwhile, at most for the start's time limit.
    ///
    /// # Errors
    /// As [`TemporalDevServerBuilder::start`].
    pub async fn restart(&mut self) -> Result<(), ServersError> {
        let _turn = self.running.turn.lock().await;
        self.running.restart().await
    }
}

impl Running {
    fn process(&self) -> Arc<OwnedProcess> {
        Arc::clone(&self.process.lock())
    }

    fn address(&self) -> SocketAddr {
        reachable(self.options.ip, self.ports.frontend)
    }

    fn namespace(&self) -> &str {
        self.options.namespaces.first().map_or("default", String::as_str)
    }

    /// For whoever has the turn.
    async fn restart(&self) -> Result<(), ServersError> {
        self.process().stop(STOP_LIMIT).await;
        let deadline = Instant::now() + self.options.means.start_limit;
        loop {
            match launch(&self.options, &self.program, self.ports).await {
                Ok(process) => {
                    *self.process.lock() = Arc::new(process);
                    return Ok(());
                }
                Err(error) if Instant::now() < deadline && lost_a_port(&error) => {
                    tokio::time::sleep(RACE_PAUSE).await;
                }
                Err(error) => return Err(error),
            }
        }
    }
}

impl fmt::Debug for TemporalDevServer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("TemporalDevServer")
            .field("address", &self.socket_address())
            .field("ui_url", &self.ui_url())
            .field("pid", &self.pid())
            .finish_non_exhaustive()
    }
}

async fn program(options: &TemporalDevServerBuilder) -> Result<PathBuf, ServersError> {
    if let Some(program) = &options.program {
        return Ok(program.clone());
    }
    let installed = options.means.provide(|toolbox, progress| toolbox.provide(&Tool::temporal_cli(), progress));
    Ok(installed.await?.path)
}

/// Starts the server and returns when it is ready.
async fn launch(
    options: &TemporalDevServerBuilder,
    program: &Path,
    ports: Ports,
) -> Result<OwnedProcess, ServersError> {
    let address = reachable(options.ip, ports.frontend);
    let namespaces = options.all_namespaces();
    let bounds = (address, options.means.start_limit);
    launch::launch(NAME, options.command(program, ports), bounds, || ready::ask(address, &namespaces)).await
}
