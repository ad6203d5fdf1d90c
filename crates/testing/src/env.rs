//! The dev server that a test binary shares.

use std::time::Duration;

use mainspring_client::search_attributes::{PRODUCT, STARTED_BY, TEAM_ID};
use mainspring_client::{Connector, Link};
use mainspring_servers::{SearchAttributeType, ServersError, TemporalDevServer};
use mainspring_settings::Sources;
use serde::Serialize;
use serde::de::DeserializeOwned;
use temporalio_client::{UntypedWorkflowHandle, WorkflowStartOptions};
use temporalio_common::UntypedWorkflow;
use temporalio_common::data_converters::{PayloadConverter, RawValue};
use tokio::sync::OnceCell;

/// What went wrong in a test's surroundings, as text: a test prints it and fails.
pub type TestError = Box<dyn std::error::Error + Send + Sync>;

/// The longest that a test waits for a result: it says "stuck", and is no measure of speed.
const PATIENCE: Duration = Duration::from_secs(120);

/// A server and how to reach it.
#[derive(Clone, Debug)]
pub struct Env {
    address: String,
}

impl Env {
    /// The server that this test binary shares, in memory, with Mainspring's search attributes. It goes when the binary does.
    ///
    /// # Errors
    /// It could not be installed or started.
    pub async fn shared() -> Result<Self, ServersError> {
        static SHARED: OnceCell<TemporalDevServer> = OnceCell::const_new();
        let builder = TemporalDevServer::builder()
            .search_attribute(STARTED_BY.name(), SearchAttributeType::Keyword)
            .search_attribute(PRODUCT.name(), SearchAttributeType::Keyword)
            .search_attribute(TEAM_ID.name(), SearchAttributeType::Int);
        // The server looks for new tasks 20 times a second on each of its shards, and here has one: past a burst, every
        // step of every workflow would wait 50 ms. Timers and search are limited in the same way.
        let builder = ["transfer", "timer", "visibility"].into_iter().fold(builder, |builder, queue| {
            builder.dynamic_config(format!("history.{queue}ProcessorMaxPollRPS"), "10000")
        });
        let server = SHARED.get_or_try_init(|| builder.start()).await?;
        Ok(Self::at(server.address()))
    }

    /// A server that the test runs by itself, or a proxy before one.
    pub fn at(address: impl Into<String>) -> Self {
        Self { address: address.into() }
    }

    /// `HOST:PORT`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// A task queue that no other test has.
    pub fn queue(&self, name: &str) -> String {
        self.id(name)
    }

    /// An id that no other test has.
    pub fn id(&self, name: &str) -> String {
        format!("{name}-{}", uuid::Uuid::new_v4().simple())
    }

    /// A client on a connection of its own.
    ///
    /// # Errors
    /// The server does not answer.
    pub async fn client(&self) -> Result<Link, TestError> {
        let sources = Sources::from_pairs([("TEMPORAL_ADDRESS", self.address.as_str())]);
        let connector = Connector::new(mainspring_settings::load(&sources)?)?;
        Ok(connector.connect(Duration::from_secs(30)).await?)
    }
}

/// Workflows by name, as a test starts them.
pub trait Workflows {
    /// Starts a workflow.
    fn begin(
        &self,
        queue: &str,
        id: &str,
        workflow: &str,
        input: &(impl Serialize + Sync),
    ) -> impl Future<Output = Result<(), TestError>>;

    /// Waits for its result.
    fn result<T: DeserializeOwned>(&self, id: &str) -> impl Future<Output = Result<T, TestError>>;

    /// The handle of a workflow, for everything else.
    fn workflow(&self, id: &str) -> UntypedWorkflowHandle<temporalio_client::Client>;
}

impl Workflows for Link {
    async fn begin(
        &self,
        queue: &str,
        id: &str,
        workflow: &str,
        input: &(impl Serialize + Sync),
    ) -> Result<(), TestError> {
        let input = RawValue::from_value(&serde_json::to_value(input)?, &PayloadConverter::default());
        let options = WorkflowStartOptions::new(queue, id).build();
        self.client().start_workflow(UntypedWorkflow::new(workflow), input, options).await?;
        Ok(())
    }

    async fn result<T: DeserializeOwned>(&self, id: &str) -> Result<T, TestError> {
        let handle = self.workflow(id);
        let result = tokio::time::timeout(PATIENCE, handle.get_result(Default::default())).await;
        let raw = result.map_err(|_| format!("workflow {id} has no result after {PATIENCE:?}"))??;
        let value: serde_json::Value = raw.to_value(&PayloadConverter::default());
        Ok(serde_json::from_value(value)?)
    }

    fn workflow(&self, id: &str) -> UntypedWorkflowHandle<temporalio_client::Client> {
        use temporalio_client::NamespacedClient;
        let info = temporalio_client::WorkflowExecutionInfo::builder();
        info.namespace(self.client().namespace()).workflow_id(id).build().bind_untyped(self.client().clone())
    }
}
