//! What every server here has in common on its way up: its program is installed on a thread of its own, it is ready or
//! it has ended, and a free port that somebody else took meanwhile is no error.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::Duration;

use crate::error::ServersError;
use crate::process::OwnedProcess;
use crate::tools::{Progress, Toolbox};

/// Asked to stop, a server has this long; the dev server takes half a second, Kafka two.
pub(crate) const STOP_LIMIT: Duration = Duration::from_secs(10);
/// Between two questions whether a server is ready.
const PAUSE: Duration = Duration::from_millis(25);
/// A free port can be taken by somebody else between our look and the server's bind.
const RACE_TRIES: u32 = 5;

/// Where tools are looked for, and how long a start may take: what every builder can be told.
#[derive(Clone, Debug)]
pub(crate) struct Means {
    pub(crate) toolbox: Option<Toolbox>,
    pub(crate) progress: Progress,
    pub(crate) start_limit: Duration,
}

impl Means {
    /// The environment's toolbox, progress on stderr, and a minute: a busy CI machine may need it.
    pub(crate) fn new() -> Self {
        Self { toolbox: None, progress: Progress::stderr(), start_limit: Duration::from_secs(60) }
    }

    /// Runs an installation on a thread of its own: it takes minutes, and a runtime that is shut down would wait for
    /// a blocking task of its own.
    pub(crate) async fn provide<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Toolbox, &Progress) -> Result<T, ServersError> + Send + 'static,
    ) -> Result<T, ServersError> {
        let toolbox = self.toolbox.clone().map_or_else(Toolbox::from_env, Ok)?;
        let progress = self.progress.clone();
        let (reply, answer) = tokio::sync::oneshot::channel();
        let spawn_error =
            |source| ServersError::Spawn { name: "an installation".into(), program: PathBuf::new(), source };
        thread::Builder::new()
            .name("tool-install".into())
            .spawn(move || reply.send(job(&toolbox, &progress)))
            .map_err(spawn_error)?;
        answer.await.map_err(|_| spawn_error(std::io::Error::other("its thread panicked")))?
    }
}

/// What every builder is told of its [`Means`]; `$what` is what its toolbox is for.
macro_rules! means {
    ($what:literal) => {
        /// How long the server may take to be ready; 60 s by default. An installation before that does not count.
        pub fn start_limit(mut self, limit: std::time::Duration) -> Self {
            self.means.start_limit = limit;
            self
        }

        #[doc = concat!("Where ", $what, "; by default as the environment says")]
        /// ([`Toolbox::from_env`](crate::tools::Toolbox::from_env)).
        pub fn toolbox(mut self, toolbox: crate::tools::Toolbox) -> Self {
            self.means.toolbox = Some(toolbox);
            self
        }

        /// Where an installation, and what is done later without being asked, is said; stderr by default.
        pub fn progress(mut self, progress: crate::tools::Progress) -> Self {
            self.means.progress = progress;
            self
        }
    };
}
pub(crate) use means;

/// Starts a server and returns when `ask`, which is repeated, has found it ready.
pub(crate) async fn launch<F: Future<Output = Result<(), String>>>(
    name: &'static str,
    command: Command,
    (address, limit): (SocketAddr, Duration),
    mut ask: impl FnMut() -> F,
) -> Result<OwnedProcess, ServersError> {
    let process = OwnedProcess::start(name, command)?;
    let mut last = "none".to_owned();
    let ready = async {
        while let Err(reason) = ask().await {
            last = reason;
            tokio::time::sleep(PAUSE).await;
        }
    };
    let outcome = tokio::select! {
        // Who answers at the port may be somebody else, while ours is about to end because of that.
        biased;
        exit = process.wait() => {
            return Err(ServersError::Ended { name: name.into(), exit, lines: process.last_lines() });
        }
        outcome = tokio::time::timeout(limit, ready) => outcome,
    };
    match outcome {
        Ok(()) => Ok(process),
        Err(_) => Err(ServersError::NotReady { name: name.into(), address, limit, last, lines: process.last_lines() }),
    }
}

/// Whether the server ended because one of its ports was taken; a server may have more of them than we choose.
pub(crate) fn lost_a_port(error: &ServersError) -> bool {
    // Java writes it with a capital.
    matches!(error, ServersError::Ended { lines, .. } if lines.iter().any(|line| line.to_lowercase().contains("address already in use")))
}

/// Starts on free ports that were lost to somebody else.
#[derive(Debug, Default)]
pub(crate) struct Race {
    tries: u32,
}

impl Race {
    /// Returns when another try, with another port, makes sense.
    pub(crate) fn again(&mut self, error: ServersError) -> Result<(), ServersError> {
        self.tries += 1;
        if self.tries == RACE_TRIES || !lost_a_port(&error) {
            return Err(error);
        }
        tracing::debug!(%error, tries = self.tries, "a server lost a race for a port; trying again");
        Ok(())
    }
}
