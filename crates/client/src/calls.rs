//! Calls to Temporal's services that the SDK's client does not repeat. One that gets no answer is repeated while there is
//! hope, with the same request: whatever must not be done twice carries an id of its own, or is looked at between two
//! [`Attempts`]. What is not known in the end is said.

use std::error::Error;
use std::fmt;
use std::time::{Duration, Instant};

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use futures::future::BoxFuture;
use temporalio_client::Connection;
use temporalio_client::grpc::WorkflowService;
use temporalio_client::tonic::{Code, Request, Response, Status};

use crate::with_causes;

/// How long a call may take.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// One attempt.
    pub attempt: Duration,
    /// How long it is repeated after its first failure.
    pub patience: Duration,
}

/// A method of Temporal's workflow service.
pub type Method<Q, A> =
    for<'a> fn(&'a mut dyn WorkflowService, Request<Q>) -> BoxFuture<'a, Result<Response<A>, Status>>;

/// The last attempt has this long at least.
const LAST: Duration = Duration::from_secs(1);
const WAITS: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_millis(100))
    .with_max_delay(Duration::from_secs(1))
    .with_jitter()
    .without_max_times();

/// Calls until there is an answer, or patience is spent. For what is only read, and for what the server does once however
/// often this request comes.
///
/// # Errors
/// The last answer that was none.
pub async fn call<Q: Clone, A>(
    connection: &Connection,
    method: Method<Q, A>,
    request: Q,
    limit: Limit,
) -> Result<A, Refused> {
    let mut attempts = Attempts::new(limit);
    loop {
        match attempts.attempt(connection, method, request.clone()).await {
            Ok(answer) => return Ok(answer),
            Err(status) => attempts.another(status).await?,
        }
    }
}

/// The attempts of one call, for one who does something between them.
#[derive(Debug)]
pub struct Attempts {
    limit: Limit,
    waits: ExponentialBackoff,
    failing: Option<Instant>,
    made: u32,
}

impl Attempts {
    /// None is made yet.
    pub fn new(limit: Limit) -> Self {
        Self { limit, waits: WAITS.build(), failing: None, made: 0 }
    }

    /// Makes one.
    ///
    /// # Errors
    /// What the server said; or that it said nothing in time.
    pub async fn attempt<Q, A>(&self, connection: &Connection, method: Method<Q, A>, request: Q) -> Result<A, Status> {
        let time = self.time();
        // This service does not repeat calls by itself, as the SDK's client does.
        let mut service = connection.workflow_service();
        let mut request = Request::new(request);
        request.set_timeout(time);
        match tokio::time::timeout(time, method(&mut *service, request)).await {
            Ok(answer) => answer.map(Response::into_inner),
            Err(_) => Err(Status::deadline_exceeded(format!("no answer within {} s", time.as_secs()))),
        }
    }

    /// Waits until another attempt is due, if there is to be one after this answer.
    ///
    /// # Errors
    /// There is to be none.
    pub async fn another(&mut self, status: Status) -> Result<(), Refused> {
        let since = *self.failing.get_or_insert_with(Instant::now);
        self.made += 1;
        let wait = self.waits.next().unwrap_or_default();
        if !may_pass(&status) || wait > self.left(since) {
            let lost = self.made > 1 || may_pass(&status);
            return Err(Refused { lost, attempts: self.made, took: since.elapsed(), status });
        }
        tokio::time::sleep(wait).await;
        Ok(())
    }

    fn time(&self) -> Duration {
        self.failing.map_or(self.limit.attempt, |since| self.limit.attempt.min(self.left(since).max(LAST)))
    }

    fn left(&self, since: Instant) -> Duration {
        self.limit.patience.saturating_sub(since.elapsed())
    }
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

/// A call that the server refused, or did not answer. Shown as what was told.
#[derive(Debug)]
#[non_exhaustive]
pub struct Refused {
    /// The last answer.
    pub status: Status,
    /// How often it was asked.
    pub attempts: u32,
    /// From the first failure on.
    pub took: Duration,
    /// An attempt got no answer: it may have been done all the same.
    pub lost: bool,
}

impl Refused {
    /// Whether the server answered so.
    pub fn is(&self, code: Code) -> bool {
        self.status.code() == code
    }

    /// Of a question, which changes nothing however it ends.
    #[must_use]
    pub fn of_a_question(self) -> Self {
        Self { lost: false, ..self }
    }

    /// Nobody answered; what the server would say is not known.
    pub fn is_silence(&self) -> bool {
        may_pass(&self.status)
    }

    /// What is not known of a call that changes something: the end of a sentence, or nothing.
    pub const fn doubt(&self) -> &'static str {
        if self.lost { "; an attempt got no answer, so it may have been done all the same" } else { "" }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.status.source(), self.status.message()) {
            (Some(source), _) => formatter.write_str(&with_causes(source)),
            (None, "") => write!(formatter, "{:?}", self.status.code()),
            (None, message) => formatter.write_str(message),
        }
    }
}
