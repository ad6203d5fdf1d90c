//! One call, repeated while there is hope, always with the same request. What may be done twice by a repetition is looked at
//! before it: see `patch`.

use std::error::Error;
use std::time::{Duration, Instant};

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use futures::future::BoxFuture;
use mainspring_client::with_causes;
use temporalio_client::grpc::WorkflowService;
use temporalio_client::tonic::{Code, Request, Response, Status};

use super::CallError;
use super::Schedules;

/// A method of Temporal's workflow service.
pub(super) type Method<Q, A> =
    for<'a> fn(&'a mut dyn WorkflowService, Request<Q>) -> BoxFuture<'a, Result<Response<A>, Status>>;

/// How long one attempt may take.
const ATTEMPT: Duration = Duration::from_secs(10);
/// The last attempt has this long at least.
const LAST: Duration = Duration::from_secs(1);
const WAITS: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_millis(100))
    .with_max_delay(Duration::from_secs(1))
    .with_jitter()
    .without_max_times();

impl Schedules {
    /// Calls until there is an answer, or patience is spent. For what is only read, and for what the server does once however
    /// often this request comes.
    pub(super) async fn call<Q: Clone, A>(&self, method: Method<Q, A>, request: Q) -> Result<A, Refused> {
        let mut attempts = self.attempts();
        loop {
            match self.attempt(method, request.clone(), &attempts).await {
                Ok(answer) => return Ok(answer),
                Err(status) => attempts.another(status).await?,
            }
        }
    }

    pub(super) fn attempts(&self) -> Attempts {
        Attempts { patience: self.patience, waits: WAITS.build(), failing: None, made: 0 }
    }

    pub(super) async fn attempt<Q, A>(
        &self,
        method: Method<Q, A>,
        request: Q,
        attempts: &Attempts,
    ) -> Result<A, Status> {
        let limit = attempts.time();
        // This service does not repeat calls by itself, as the SDK's client does.
        let mut service = self.connection.workflow_service();
        let mut request = Request::new(request);
        request.set_timeout(limit);
        match tokio::time::timeout(limit, method(&mut *service, request)).await {
            Ok(answer) => answer.map(Response::into_inner),
            Err(_) => Err(Status::deadline_exceeded(format!("no answer within {} s", limit.as_secs()))),
        }
    }
}

/// The attempts of one call.
#[derive(Debug)]
pub(super) struct Attempts {
    patience: Duration,
    waits: ExponentialBackoff,
    failing: Option<Instant>,
    made: u32,
}

impl Attempts {
    fn time(&self) -> Duration {
        self.failing.map_or(ATTEMPT, |since| ATTEMPT.min(self.left(since).max(LAST)))
    }

    fn left(&self, since: Instant) -> Duration {
        self.patience.saturating_sub(since.elapsed())
    }

    /// Waits until another attempt is due, if there is to be one after this answer.
    pub(super) async fn another(&mut self, status: Status) -> Result<(), Refused> {
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
pub(super) struct Refused {
    pub(super) status: Status,
    attempts: u32,
    took: Duration,
    /// An attempt got no answer: it may have been done all the same.
    pub(super) lost: bool,
}

impl Refused {
    pub(super) fn is(&self, code: Code) -> bool {
        self.status.code() == code
    }

    /// Of a question, which changes nothing however it ends.
    pub(super) fn of_a_question(self) -> Self {
        Self { lost: false, ..self }
    }

    /// As an error. `what` is the sentence's beginning: "schedule x could not be paused".
    pub(super) fn of(self, schedule: &str, what: String) -> CallError {
        let told = match (self.status.source(), self.status.message()) {
            (Some(source), _) => with_causes(source),
            (None, "") => format!("{:?}", self.status.code()),
            (None, message) => message.to_owned(),
        };
        let (attempts, seconds, lost) = (self.attempts, self.took.as_secs(), self.lost);
        let silent = may_pass(&self.status);
        let code = self.status.code();
        let status = Box::new(self.status);
        match code {
            Code::NotFound => CallError::NotFound { schedule: schedule.to_owned() },
            Code::Unauthenticated | Code::PermissionDenied => CallError::Denied { what, told, status },
            _ if silent => CallError::Unanswered { what, told, attempts, seconds, lost, status },
            _ => CallError::Refused { what, told, status },
        }
    }
}
