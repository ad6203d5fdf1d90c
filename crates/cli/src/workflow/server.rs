//! Calls to Temporal. One that gets no answer is repeated while there is hope, with the same request: whatever must not be
//! done twice carries an id of its own. What is not known in the end is said.

use std::error::Error;
use std::fmt;
use std::time::{Duration, Instant};

use backon::{BackoffBuilder, ExponentialBuilder};
use futures::future::BoxFuture;
use mainspring_client::{Connector, Link, PATIENCE_COMMAND, Payloads, with_causes};
use mainspring_settings::connection::ConnectionSettings;
use temporalio_client::grpc::WorkflowService;
use temporalio_client::tonic::{Code, Request, Response, Status};
use temporalio_common::data_converters::DataConverter;
use temporalio_common::protos::temporal::api::common::v1::WorkflowExecution;

use crate::exit::Failure;

/// How long a call may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    attempt: Duration,
    /// How long it is repeated after its first failure.
    patience: Duration,
}

/// A call that the server answers at once.
pub(crate) const SHORT: Limit = Limit { attempt: Duration::from_secs(10), patience: Duration::from_secs(10) };
/// A call that the server answers when there is news, or itself ends after 20 to 60 s. Whoever waits for hours also waits for
/// a server that restarts.
pub(crate) const LONG: Limit = Limit { attempt: Duration::from_secs(70), patience: Duration::from_secs(60) };

/// The last attempt has this long at least.
const LAST: Duration = Duration::from_secs(1);
const WAITS: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_millis(100))
    .with_max_delay(Duration::from_secs(1))
    .with_jitter()
    .without_max_times();

/// A method of Temporal's workflow service.
type Method<Q, A> = for<'a> fn(&'a mut dyn WorkflowService, Request<Q>) -> BoxFuture<'a, Result<Response<A>, Status>>;

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
        let mut waits = WAITS.build();
        let mut failing: Option<Instant> = None;
        let mut attempts = 1;
        loop {
            let left = |since: Instant| limit.patience.saturating_sub(since.elapsed());
            let time = failing.map_or(limit.attempt, |since| limit.attempt.min(left(since).max(LAST)));
            let status = match self.attempt(method, request.clone(), time).await {
                Ok(answer) => return Ok(answer),
                Err(status) => status,
            };
            let since = *failing.get_or_insert_with(Instant::now);
            let wait = waits.next().unwrap_or_default();
            if !may_pass(&status) || wait > left(since) {
                let lost = attempts > 1 || may_pass(&status);
                return Err(Refused { lost, attempts, took: since.elapsed(), status });
            }
            tokio::time::sleep(wait).await;
            attempts += 1;
        }
    }

    async fn attempt<Q, A>(&self, method: Method<Q, A>, request: Q, limit: Duration) -> Result<A, Status> {
        // This service does not repeat calls by itself, as the SDK's client does.
        let mut service = self.link.connection().workflow_service();
        let mut request = Request::new(request);
        request.set_timeout(limit);
        match tokio::time::timeout(limit, method(&mut *service, request)).await {
            Ok(answer) => answer.map(Response::into_inner),
            Err(_) => Err(Status::deadline_exceeded(format!("no answer within {} s", limit.as_secs()))),
        }
    }
}

pub(crate) fn execution(workflow_id: &str, run_id: Option<&str>) -> Option<WorkflowExecution> {
    let run_id = run_id.unwrap_or_default().to_owned();
    Some(WorkflowExecution { workflow_id: workflow_id.to_owned(), run_id })
}

/// Whether the server, or the network before it, may answer otherwise the next time.
fn may_pass(status: &Status) -> bool {
    match status.code() {
        Code::Unavailable | Code::ResourceExhausted | Code::Aborted | Code::Internal | Code::Unknown => true,
        Code::DataLoss | Code::OutOfRange | Code::DeadlineExceeded => true,
        // The transport's own word for a connection that broke off.
        Code::Cancelled => status.source().is_some(),
        _ => false,
    }
}

/// A call that the server refused, or did not answer.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) status: Status,
    attempts: u32,
    took: Duration,
    /// An attempt got no answer: it may have been done all the same.
    pub(crate) lost: bool,
}

impl Refused {
    pub(crate) fn is(&self, code: Code) -> bool {
        self.status.code() == code
    }

    /// Nobody answered; what the server would say is not known.
    pub(crate) fn is_silence(&self) -> bool {
        may_pass(&self.status)
    }

    /// What is not known of a call that changes something: the end of a sentence, or nothing.
    pub(crate) const fn doubt(&self) -> &'static str {
        if self.lost { "; an attempt got no answer, so it may have been done all the same" } else { "" }
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
        match (self.status.source(), self.status.message()) {
            (Some(source), _) => formatter.write_str(&with_causes(source))?,
            (None, "") => write!(formatter, "{:?}", self.status.code())?,
            (None, message) => formatter.write_str(message)?,
        }
        if self.is_silence() && self.attempts > 1 {
            write!(formatter, " ({} attempts in {} s)", self.attempts, self.took.as_secs())?;
        }
        Ok(())
    }
}
