//! One connection, with the task that keeps its API key fresh.

use std::ops::Deref;
use std::time::Duration;

use temporalio_client::Client;
use temporalio_client::grpc::WorkflowService;
use temporalio_client::tonic::IntoRequest;
use temporalio_common::protos::temporal::api::workflowservice::v1::GetSystemInfoRequest;
use tokio::task::JoinHandle;

/// How long a server may take to say that it is there.
const ANSWER: Duration = Duration::from_secs(5);

/// A client of the SDK on a connection of its own. Dropping it ends the task that watches the API key's file.
#[derive(Debug)]
pub struct Link {
    client: Client,
    follower: Option<JoinHandle<()>>,
}

impl Link {
    pub(crate) const fn new(client: Client, follower: Option<JoinHandle<()>>) -> Self {
        Self { client, follower }
    }

    /// The SDK's client.
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// Whether the server answers within five seconds.
    pub async fn answers(&self) -> bool {
        let mut service = self.client.connection().clone();
        let mut request = GetSystemInfoRequest::default().into_request();
        request.set_timeout(ANSWER);
        let answer = WorkflowService::get_system_info(&mut service, request);
        matches!(tokio::time::timeout(ANSWER, answer).await, Ok(Ok(_)))
    }
}

impl Deref for Link {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        if let Some(follower) = &self.follower {
            follower.abort();
        }
    }
}
