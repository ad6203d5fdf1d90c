//! One call to Temporal: what it is in words, how long it may take, and what its failure means to the caller.

use std::time::Duration;

use temporalio_client::request_extensions::RetryConfigForCall;
use temporalio_client::tonic::{Code, Request, Status};
use temporalio_client::{RetryOptions, RpcOptions};

use crate::CallerError;

/// A call under way. Every attempt of it, and the waits between them, end within its limit.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// Reads on from "could not": `start workflow invoice-17`.
    pub(crate) what: String,
    pub(crate) workflow_id: String,
    pub(crate) limit: Duration,
}

impl Call {
    pub(crate) fn new(verb: &str, workflow_id: &str, limit: Duration) -> Self {
        Self { what: format!("{verb} workflow {workflow_id}"), workflow_id: workflow_id.to_owned(), limit }
    }

    /// Runs it within the limit. Boxed, for the messages in it are large.
    pub(crate) fn within<'a, T>(
        &'a self,
        call: impl Future<Output = Result<T, CallerError>> + 'a,
    ) -> impl Future<Output = Result<T, CallerError>> + 'a {
        let call = Box::pin(call);
        async move {
            match tokio::time::timeout(self.limit, call).await {
                Ok(done) => done,
                Err(_) => Err(self.timeout()),
            }
        }
    }

    /// Runs within the limit what changes nothing, and runs it once more beside itself when half of that has passed: a
    /// query may be lost on its way between Temporal and a worker. The first to end counts.
    pub(crate) async fn twice_within<T, F>(&self, call: impl Fn() -> F) -> Result<T, CallerError>
    where
        F: Future<Output = Result<T, CallerError>>,
    {
        let (first, again) = (call(), async {
            tokio::time::sleep(self.limit / 2).await;
            call().await
        });
        self.within(async {
            tokio::select! {
                done = first => done,
                done = again => done,
            }
        })
        .await
    }

    /// The message of one attempt, to be repeated while the server cannot be reached.
    pub(crate) fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.extensions_mut().insert(RetryConfigForCall(self.retries()));
        request
    }

    /// The same for the SDK's own calls.
    pub(crate) fn rpc(&self) -> RpcOptions {
        RpcOptions::builder().retry_options(self.retries()).build()
    }

    /// Attempts end early enough for the last error to be told, in place of a bare timeout.
    fn retries(&self) -> RetryOptions {
        RetryOptions::builder()
            .max_interval(Duration::from_secs(1))
            .max_elapsed_time(Some(self.limit.mul_f64(0.75)))
            .max_retries(0)
            .build()
    }

    /// A wait for what may take days: each of its polls is repeated for half a minute, however long the wait has been.
    pub(crate) fn patient() -> RpcOptions {
        RpcOptions::builder()
            .retry_options(RetryOptions::builder().max_elapsed_time(None).max_retries(12).build())
            .build()
    }

    pub(crate) fn timeout(&self) -> CallerError {
        CallerError::Timeout { what: self.what.clone(), limit: self.limit }
    }

    /// What the server, or the transport below it, said.
    pub(crate) fn failed(&self, status: Status) -> CallerError {
        let what = self.what.clone();
        match status.code() {
            Code::NotFound => CallerError::NotFound { workflow_id: self.workflow_id.clone(), source: Box::new(status) },
            Code::DeadlineExceeded => self.timeout(),
            Code::Unavailable
            | Code::Unknown
            | Code::Internal
            | Code::Aborted
            | Code::Cancelled
            | Code::DataLoss
            | Code::OutOfRange
            | Code::ResourceExhausted => {
                CallerError::Unavailable { what, cause: words(&status), source: Box::new(status) }
            }
            _ => CallerError::Refused { what, cause: words(&status), source: Box::new(status) },
        }
    }

    /// A value that did not become a payload, or a payload that did not become a value.
    pub(crate) fn unreadable(&self, source: impl std::error::Error + Send + Sync + 'static) -> CallerError {
        CallerError::Payload { what: self.what.clone(), source: Box::new(source) }
    }
}

/// What the server said, or the transport with its causes.
fn words(status: &Status) -> String {
    use std::error::Error;
    let mut text = match status.message() {
        "" => format!("{:?}", status.code()),
        message => message.to_owned(),
    };
    if let Some(cause) = status.source() {
        let cause = mainspring_client::with_causes(cause);
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}
