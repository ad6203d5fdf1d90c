//! The caller: one connection for a whole process.

use std::sync::Arc;
use std::time::Duration;

use mainspring_client::{Connector, Link, PATIENCE_COMMAND, Payloads};
use mainspring_settings::connection::ConnectionSettings;
use mainspring_vocabulary::Contract;

use crate::{CallerError, Run, Start};

/// How long one call may take with all its attempts, unless [`Caller::with_limit`] says otherwise.
pub const CALL_LIMIT: Duration = Duration::from_secs(10);

/// Starts workflows and finds those that there are. Cheap to clone; clones share the connection.
#[derive(Clone, Debug)]
pub struct Caller {
    shared: Arc<Shared>,
    limit: Duration,
}

#[derive(Debug)]
struct Shared {
    link: Link,
    payloads: Payloads,
}

impl Caller {
    /// Connects, for at most 5 s or MAINSPRING_CONNECT_TIMEOUT.
    ///
    /// # Errors
    /// [`CallerError::Connect`], with what was tried, how often, the last cause and what to check.
    pub async fn connect(settings: ConnectionSettings) -> Result<Self, CallerError> {
        Self::through(&Connector::new(settings)?).await
    }

    /// The same through a connector of one's own: with a data converter, metrics or an identity.
    ///
    /// # Errors
    /// As [`Self::connect`].
    pub async fn through(connector: &Connector) -> Result<Self, CallerError> {
        let link = connector.connect(PATIENCE_COMMAND).await?;
        let shared = Shared { link, payloads: connector.payloads() };
        Ok(Self { shared: Arc::new(shared), limit: CALL_LIMIT })
    }

    /// Gives each call this long, its repetitions included; the default is [`CALL_LIMIT`]. Waiting for a result has no limit.
    #[must_use]
    pub fn with_limit(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }

    /// Starts a workflow: `caller.start(Onboarding, input).await?`. What else there is to say of it, [`Start`] takes.
    #[must_use = "a workflow starts when this is awaited"]
    pub fn start<W: Contract>(&self, _workflow: W, input: W::Input) -> Start<W> {
        Start::new(self.clone(), input)
    }

    /// The workflow of this id, which may not exist. It sends nothing.
    pub fn workflow<W: Contract>(&self, _workflow: W, workflow_id: impl Into<String>) -> Run<W> {
        Run::new(self.clone(), workflow_id.into(), None)
    }

    /// Whether Temporal answers within five seconds: for a readiness probe.
    ///
    /// # Errors
    /// What it said instead, or the network: a sentence's end for a log line. Never a credential.
    pub async fn answers(&self) -> Result<(), String> {
        self.shared.link.answers().await
    }

    /// The connection: the SDK's client, for all else.
    pub fn link(&self) -> &Link {
        &self.shared.link
    }

    /// The one way from values to payloads and back, for what is sent by raw gRPC.
    pub fn payloads(&self) -> &Payloads {
        &self.shared.payloads
    }

    pub(crate) const fn limit(&self) -> Duration {
        self.limit
    }
}
