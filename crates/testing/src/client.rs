//! Workflows as a test sees them: started and awaited by name, on whichever server it runs.

use std::ops::Deref;
use std::sync::Arc;

use mainspring_client::Link;
use serde::Serialize;
use serde::de::DeserializeOwned;
use temporalio_client::{UntypedWorkflowHandle, WorkflowStartOptions};
use temporalio_common::UntypedWorkflow;
use temporalio_common::data_converters::{PayloadConverter, RawValue};

use crate::TestError;
use crate::clock::Clock;
use crate::env::PATIENCE;

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

    /// Waits for its result, two minutes at most. On a time-skipping server, time is skipped meanwhile.
    fn result<T: DeserializeOwned>(&self, id: &str) -> impl Future<Output = Result<T, TestError>>;

    /// The handle of a workflow, for everything else.
    fn workflow(&self, id: &str) -> UntypedWorkflowHandle<temporalio_client::Client>;
}

/// A client of the server of an [`Env`](crate::Env): as everywhere a [`Link`], and it waits for results.
#[derive(Debug)]
pub struct TestClient {
    link: Link,
    clock: Option<Arc<Clock>>,
}

impl TestClient {
    pub(crate) const fn new(link: Link, clock: Option<Arc<Clock>>) -> Self {
        Self { link, clock }
    }
}

impl Deref for TestClient {
    type Target = Link;

    fn deref(&self) -> &Link {
        &self.link
    }
}

impl Workflows for TestClient {
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
        let result = tokio::time::timeout(PATIENCE, handle.get_result(Default::default()));
        let result = match &self.clock {
            Some(clock) => clock.skip_while(result).await?,
            None => result.await,
        };
        let Ok(result) = result else {
            let why = match &self.clock {
                Some(clock) => format!(": {}", clock.what_holds().await),
                None => String::new(),
            };
            return Err(format!("workflow {id} has no result after {PATIENCE:?}{why}").into());
        };
        let raw = result?;
        let value: serde_json::Value = raw.to_value(&PayloadConverter::default());
        Ok(serde_json::from_value(value)?)
    }

    fn workflow(&self, id: &str) -> UntypedWorkflowHandle<temporalio_client::Client> {
        use temporalio_client::NamespacedClient;
        let info = temporalio_client::WorkflowExecutionInfo::builder();
        info.namespace(self.client().namespace()).workflow_id(id).build().bind_untyped(self.client().clone())
    }
}
