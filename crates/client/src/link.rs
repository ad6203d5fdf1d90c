//! A connection in use, with the task that keeps its credentials fresh.

use std::ops::Deref;
use std::time::Duration;

use temporalio_client::Client;
use temporalio_client::request_extensions::RetryConfigForCall;
use temporalio_client::{RetryOptions, tonic::Request};
use temporalio_common::protos::temporal::api::workflowservice::v1::GetSystemInfoRequest;

use crate::cause::Cause;
use crate::rotation::Follower;

/// How long a server may take to say that it is there.
const ANSWER: Duration = Duration::from_secs(5);

/// A connected client. It derefs to the SDK's [`Client`], and nothing of that is hidden.
///
/// Keep it for as long as the client, or a clone of it, is used: dropping it ends the task that reads the files of the API key
/// and of the client certificate again. What happens when they change:
/// - The API key goes with each call, so the next call carries the new one.
/// - A client certificate is shown when a connection is made. The open one lives on under the old certificate until
///   either side or the network ends it; the next one shows the new. A server that resumes TLS sessions may
///   know us by the old certificate until the session or that certificate has run out.
#[derive(Debug)]
pub struct Link {
    client: Client,
    _follower: Follower,
}

impl Link {
    pub(crate) const fn new(client: Client, follower: Follower) -> Self {
        Self { client, _follower: follower }
    }

    /// The SDK's client.
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// Whether the server answers one call within five seconds, as the worker's polls need it to.
    ///
    /// # Errors
    /// What it said instead, or the network: a sentence's end for a log line. Never a credential.
    pub async fn answers(&self) -> Result<(), String> {
        let mut request = Request::new(GetSystemInfoRequest::default());
        request.extensions_mut().insert(RetryConfigForCall(RetryOptions::no_retries()));
        let mut service = self.client.connection().workflow_service();
        match tokio::time::timeout(ANSWER, service.get_system_info(request)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(status)) => Err(Cause::of_status(status).text),
            Err(_) => Err(format!("no answer within {} s", ANSWER.as_secs())),
        }
    }
}

impl Deref for Link {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}
