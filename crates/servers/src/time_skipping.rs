//! Temporal's test server for Java, as a child of this process. Its clock jumps to the next timer when nothing runs, so
//! that a week passes in milliseconds. It is ready when its test service tells the time.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use crate::error::ServersError;
use crate::grpc::expect;
use crate::launch::{Means, Race, STOP_LIMIT, launch, means};
use crate::process::OwnedProcess;
use crate::tools::{Jars, Progress, Toolbox};
use crate::{java, ports};

const NAME: &str = "the time-skipping test server";
const MAIN: &str = "io.temporal.testserver.TestServer";
const SERVICE: &str = "temporal.api.testservice.v1.TestService";
const OK: u32 = 0;

/// A running time-skipping server, with the namespace `default`, in memory. Time stands locked to the real one until a
/// client unlocks it by the `TestService`. Dropping it kills it; [`stop`](Self::stop) lets it end in order.
///
/// It is a program for tests, and has no option for its address: it listens on every one of this machine.
pub struct TimeSkippingServer {
    address: SocketAddr,
    process: OwnedProcess,
}

/// How a [`TimeSkippingServer`] is to start.
#[derive(Clone, Debug)]
#[must_use = "nothing runs before `start`"]
pub struct TimeSkippingServerBuilder {
    port: Option<u16>,
    means: Means,
}

impl TimeSkippingServer {
    /// A server on a free port.
    pub fn builder() -> TimeSkippingServerBuilder {
        TimeSkippingServerBuilder { port: None, means: Means::new() }
    }

    /// Where clients connect, as `127.0.0.1:7233`.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Where clients connect.
    pub fn socket_address(&self) -> SocketAddr {
        self.address
    }

    /// The server's process id, while there is a process.
    pub fn pid(&self) -> Option<u32> {
        self.process.exit().is_none().then(|| self.process.pid())
    }

    /// The last 100 lines it wrote, oldest first.
    pub fn last_lines(&self) -> Vec<String> {
        self.process.last_lines()
    }

    /// Asks the server to stop (SIGTERM), and kills it when it has not within 10 s. Returns when it is gone.
    pub async fn stop(&mut self) {
        self.process.stop(STOP_LIMIT).await;
    }

    /// Kills the server (SIGKILL). Returns when it is gone.
    pub async fn kill(&mut self) {
        self.process.kill().await;
    }
}

impl TimeSkippingServerBuilder {
    /// The port of the gRPC service. By default, and for 0, a free one.
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port).filter(|port| *port != 0);
        self
    }

    means!("Java and the server's jars are looked for and installed");

    /// Fetches the server's jars if the cache lacks them, starts it, and returns when it is ready.
    ///
    /// # Errors
    /// [`ServersError::NotFound`] without Java, or without a way to the jars; [`ServersError::Port`] when the port that
    /// was asked for is taken; [`ServersError::Ended`] and [`ServersError::NotReady`] with the server's last lines; and
    /// the errors of an installation, as [`Toolbox::jars`] has them.
    pub async fn start(self) -> Result<TimeSkippingServer, ServersError> {
        let (java, jars) = self.means.provide(program).await?;
        let mut race = Race::default();
        loop {
            // Java listens on every address: a port that is taken on any of them cannot be had.
            let port = ports::choose(NAME, "port", Ipv4Addr::UNSPECIFIED.into(), self.port)?;
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            let mut command = java::command(&java, &jars, "-Xmx512m");
            command.args([MAIN, &port.to_string()]);
            let ask = || expect(address, (SERVICE, "GetCurrentTime"), &[], OK);
            match launch(NAME, command, (address, self.means.start_limit), ask).await {
                Ok(process) => return Ok(TimeSkippingServer { address, process }),
                Err(error) => race.again(error)?,
            }
        }
    }
}

/// Java, and the folder of jars.
fn program(toolbox: &Toolbox, progress: &Progress) -> Result<(PathBuf, PathBuf), ServersError> {
    // Without Java the jars are of no use.
    let java = toolbox.java()?;
    Ok((java, toolbox.jars(&Jars::temporal_test_server(), progress)?.path))
}

impl fmt::Debug for TimeSkippingServer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("TimeSkippingServer")
            .field("address", &self.address)
            .field("pid", &self.pid())
            .finish_non_exhaustive()
    }
}
