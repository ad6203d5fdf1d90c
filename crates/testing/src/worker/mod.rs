//! Workers in a test: a real host on the test's server, with queues that no other test has, and workflows called by their
//! contracts.

mod builder;
mod error;
mod mocks;
mod run;
pub(crate) mod shared;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use mainspring_caller::Contract;
use mainspring_worker::{EveryActivityTwice, Product, Registry, RunningHost, TwiceReport};
use temporalio_common::ActivityDefinition;

use crate::Env;
pub use builder::{ATTEMPTS, PATIENCE, WorkerBuilder};
pub use error::RunError;
use mocks::Calls;
pub use mocks::{Call, fails_first};
pub use run::TestRun;

/// A worker that runs in this process, for one test. Dropped, it leaves in the background; [`Self::stop`] waits for that.
pub struct TestWorker {
    env: Env,
    caller: mainspring_caller::Caller,
    registry: Registry,
    tag: String,
    calls: Arc<Calls>,
    twice: Option<Arc<EveryActivityTwice>>,
    patience: Duration,
    host: Option<RunningHost>,
}

impl TestWorker {
    /// Runs a workflow to its end: `worker.execute::<Onboarding>(input).await?`.
    ///
    /// # Errors
    /// As [`Self::start`] and [`TestRun::result`].
    pub async fn execute<W>(&self, input: W::Input) -> Result<W::Output, RunError>
    where
        W: Contract,
        W::Input: Send,
    {
        self.start::<W>(input).await?.result().await
    }

    /// Starts a workflow on this worker's queue. Its id is that of the contract with an end that no other test has.
    ///
    /// # Errors
    /// [`RunError::NoSuchWorkflow`], or it could not be started.
    pub async fn start<W>(&self, input: W::Input) -> Result<TestRun<W>, RunError>
    where
        W: Contract,
        W::Input: Send,
    {
        let queue = self.queue_of::<W>()?;
        let workflow_id = self.workflow_id::<W>(&input);
        let start = self.caller.start(W::default(), input).task_queue(queue).with_id(workflow_id);
        Ok(TestRun::new(start.await?, self.env.clone(), self.patience))
    }

    /// The id under which [`Self::start`] starts it: one that follows from the input, if the contract derives it.
    pub fn workflow_id<W: Contract>(&self, input: &W::Input) -> String {
        let tag = &self.tag;
        W::workflow_id(input).map_or_else(|| self.env.id(W::default().name()), |id| format!("{id}-{tag}"))
    }

    /// The task queue on which it has that workflow, for what starts it otherwise.
    ///
    /// # Errors
    /// [`RunError::NoSuchWorkflow`].
    pub fn queue_of<W: Contract>(&self) -> Result<&str, RunError> {
        let contract = W::default();
        let fits = |product: &&Product| {
            product.home_queue() == W::TASK_QUEUE && product.workflow_names().any(|name| name == contract.name())
        };
        let product = self.registry.products().iter().find(fits);
        product.map(Product::queue).ok_or_else(|| RunError::NoSuchWorkflow {
            workflow: contract.name().to_owned(),
            queue: W::TASK_QUEUE,
            known: self.registry.workflows().map(|workflow| workflow.name()).collect::<Vec<_>>().join(", "),
        })
    }

    /// The task queues that it polls.
    pub fn queues(&self) -> Vec<&str> {
        self.registry.queues().into_keys().collect()
    }

    /// The calls that came to a mock, in their order.
    #[expect(clippy::needless_pass_by_value, reason = "the SDK's marker, which holds nothing")]
    pub fn calls<A: ActivityDefinition>(&self, definition: A) -> Vec<Call<A::Input>> {
        self.calls.of(&definition)
    }

    /// What came of running every activity twice.
    pub fn twice(&self) -> TwiceReport {
        self.twice.as_ref().map(|twice| twice.report()).unwrap_or_default()
    }

    /// The caller on the server's connection, for what this has no method for.
    pub const fn caller(&self) -> &mainspring_caller::Caller {
        &self.caller
    }

    /// Drains it, as a signal does a worker binary.
    ///
    /// # Errors
    /// [`RunError::NotMocked`].
    pub async fn stop(mut self) -> Result<(), RunError> {
        if let Some(host) = self.host.take() {
            host.drain().await;
        }
        self.not_mocked().map_or(Ok(()), Err)
    }

    fn not_mocked(&self) -> Option<RunError> {
        let missing = self.calls.missing();
        (!missing.is_empty()).then(|| RunError::NotMocked { activities: missing.join(", ") })
    }
}

impl Drop for TestWorker {
    fn drop(&mut self) {
        let Some(host) = self.host.take() else { return };
        drop(shared::spawn(async move { host.drain().await }));
        if let Some(error) = self.not_mocked().filter(|_| !std::thread::panicking()) {
            panic!("{error}");
        }
    }
}

impl fmt::Debug for TestWorker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestWorker").field("queues", &self.queues()).finish_non_exhaustive()
    }
}
