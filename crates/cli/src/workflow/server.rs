//! A verb's connection to Temporal, and how a call over it that was refused ends the command.

use std::fmt;
use std::ops::Deref;
use std::time::Duration;

use mainspring_client::calls::{self, Limit, Method};
use mainspring_client::{Connector, Link, PATIENCE_COMMAND, Payloads};
use mainspring_settings::connection::ConnectionSettings;
use temporalio_client::tonic::Code;
use temporalio_common::data_converters::DataConverter;
use temporalio_common::protos::temporal::api::common::v1::WorkflowExecution;

use crate::exit::Failure;

/// A call that the server answers at once.
pub(crate) const SHORT: Limit = Limit { attempt: Duration::from_secs(10), patience: Duration::from_secs(10) };
/// A call that the server answers when there is news, or itself ends after 20 to 60 s. Whoever waits for hours also waits for
/// a server that restarts.
pub(crate) const LONG: Limit = Limit { attempt: Duration::from_secs(70), patience: Duration::from_secs(60) };

/// A connection for one verb.
#[derive(Debug)]
pub(crate) struct Server {
    link: Link,
    pub(crate) payloads: Payloads,
    pub(crate) converter: DataConverter,
    pub(crate) namespace: String,
    pub(crate) identity: String,
    pub(crate) started_by: String,
}

impl Server {
    pub(crate) async fn connect(settings: ConnectionSettings) -> Result<Self, Failure> {
        let namespace = settings.namespace.clone();
        let connector = Connector::new(settings)?;
        let link = connector.connect(PATIENCE_COMMAND).await?;
        let (identity, started_by) = (connector.identity().to_owned(), connector.started_by());
        let converter = connector.data_converter().clone();
        Ok(Self { link, payloads: connector.payloads(), converter, namespace, identity, started_by })
    }

    pub(crate) const fn link(&self) -> &Link {
        &self.link
    }

    /// Calls until there is an answer, or patience is spent.
    pub(crate) async fn call<Q: Clone, A>(&self, method: Method<Q, A>, request: Q, limit: Limit) -> Result<A, Refused> {
        calls::call(self.link.connection(), method, request, limit).await.map_err(Refused)
    }
}

pub(crate) fn execution(workflow_id: &str, run_id: Option<&str>) -> Option<WorkflowExecution> {
    let run_id = run_id.unwrap_or_default().to_owned();
    Some(WorkflowExecution { workflow_id: workflow_id.to_owned(), run_id })
}

/// A call that the server refused, or did not answer, as verbs tell of it.
#[derive(Debug)]
pub(crate) struct Refused(calls::Refused);

impl Deref for Refused {
    type Target = calls::Refused;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Refused {
    /// Of a question, which changes nothing however it ends.
    pub(crate) fn of_a_question(self) -> Self {
        Self(self.0.of_a_question())
    }

    /// As an end of the command. `what` is the sentence's beginning: "workflow x could not be described".
    pub(crate) fn failure(&self, what: impl fmt::Display) -> Failure {
        let text = format!("{what}: {self}");
        match self.status.code() {
            Code::NotFound => Failure::NotFound(text),
            Code::InvalidArgument | Code::FailedPrecondition | Code::AlreadyExists => Failure::Usage(text),
            Code::Unauthenticated | Code::PermissionDenied => Failure::Unavailable(text),
            _ if self.is_silence() => Failure::Unavailable(text),
            _ => Failure::Other(text),
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)?;
        if self.is_silence() && self.attempts > 1 {
            write!(formatter, " ({} attempts in {} s)", self.attempts, self.took.as_secs())?;
        }
        Ok(())
    }
}
