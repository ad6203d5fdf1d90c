//! A worker of a test, about to be started: its products, settings and mocks.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use mainspring_context::Activity;
use mainspring_settings::Sources;
use mainspring_worker::{AttemptCap, EveryActivityTwice, Host, Product, QueueMoves, Registry, RegistryError, StandIn};
use serde_json::Value;
use temporalio_common::ActivityDefinition;
use temporalio_sdk::activities::{ActivityContext, ActivityError};

use super::mocks::{self, Calls};
use super::{RunError, TestWorker, shared};
use crate::{Env, Orders};

/// A test's activities are tried so often, unless [`WorkerBuilder::attempts`] says otherwise.
pub const ATTEMPTS: u32 = 4;
/// The longest wait between two attempts.
const WAIT: Duration = Duration::from_millis(20);
/// A test waits so long for a result, unless [`WorkerBuilder::patience`] says otherwise.
pub const PATIENCE: Duration = Duration::from_secs(30);

impl Env {
    /// A worker of these products, for this test alone.
    ///
    /// ```
    /// use mainspring_testing::{Env, TestError};
    /// # use mainspring_worker::Product;
    /// # use mainspring_vocabulary::Contract;
    /// # use temporalio_common::WorkflowDefinition;
    /// # use temporalio_macros::{activities, activity_definitions, workflow, workflow_methods};
    /// # use temporalio_sdk::{ActivityOptions, WorkflowContext, WorkflowResult};
    /// # use temporalio_sdk::activities::{ActivityContext, ActivityError};
    /// # #[derive(Clone, Copy, Default)]
    /// # struct Invoice;
    /// # impl WorkflowDefinition for Invoice {
    /// #     type Input = u64;
    /// #     type Output = String;
    /// #     fn name(&self) -> &str { "invoice" }
    /// # }
    /// # impl Contract for Invoice { const TASK_QUEUE: &'static str = "billing"; }
    /// # #[workflow]
    /// # #[derive(Default)]
    /// # struct Invoicing;
    /// # #[workflow_methods]
    /// # impl Invoicing {
    /// #     #[run(name = "invoice")]
    /// #     async fn run(ctx: &mut WorkflowContext<Self>, cents: u64) -> WorkflowResult<String> {
    /// #         let options = ActivityOptions::start_to_close_timeout(std::time::Duration::from_secs(5));
    /// #         Ok(ctx.execute_activity(Bank::charge, cents, options).await?)
    /// #     }
    /// # }
    /// # struct Bank;
    /// # #[activities]
    /// # impl Bank {
    /// #     #[activity(name = "charge")]
    /// #     async fn charge(_ctx: ActivityContext, cents: u64) -> Result<String, ActivityError> {
    /// #         unreachable!("{cents}")
    /// #     }
    /// # }
    /// # fn product() -> Product {
    /// #     Product::new("billing", "billing").workflow_as::<Invoicing, Invoice>()
    /// #         .activities(|_setup| async { Err("the bank is closed".into()) }, |set| set.activity_unchecked(Bank::charge))
    /// # }
    ///
    /// # async fn a_customer_is_charged() -> Result<(), TestError> {
    /// let env = Env::shared().await?;
    /// let worker = env
    ///     .worker([product()])
    ///     .mock(Bank::charge, |cents| async move { Ok(format!("charged {cents}")) })
    ///     .start()
    ///     .await?;
    /// assert_eq!(worker.execute::<Invoice>(17).await?, "charged 17");
    /// assert_eq!(worker.calls(Bank::charge)[0].input, 17);
    /// worker.stop().await?;
    /// # Ok(())
    /// # }
    /// # tokio::runtime::Runtime::new().unwrap().block_on(a_customer_is_charged()).unwrap();
    /// ```
    pub fn worker(&self, products: impl IntoIterator<Item = Product>) -> WorkerBuilder {
        crate::logs::show_if_asked();
        WorkerBuilder {
            env: self.clone(),
            products: products.into_iter().collect(),
            settings: BTreeMap::new(),
            calls: Arc::default(),
            mocks: Vec::new(),
            mocks_only: false,
            cap: Some(AttemptCap { attempts: ATTEMPTS, wait: WAIT }),
            twice: None,
            patience: PATIENCE,
        }
    }
}

/// A worker of a test, about to be started; made by [`Env::worker`].
#[must_use = "it runs once it is started"]
pub struct WorkerBuilder {
    env: Env,
    products: Vec<Product>,
    settings: BTreeMap<String, String>,
    calls: Arc<Calls>,
    mocks: Vec<StandIn>,
    mocks_only: bool,
    cap: Option<AttemptCap>,
    twice: Option<EveryActivityTwice>,
    patience: Duration,
}

impl WorkerBuilder {
    /// A setting, as a worker binary would read it from its environment; it reads none of this process.
    pub fn setting(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.insert(name.into(), value.into());
        self
    }

    /// Runs `body` in place of the product's activity of that definition. An error type of the product goes into the
    /// `ActivityError` by `?` or `into()`, and keeps its class. If every activity of a type is mocked, the product does not
    /// connect it, and if all are, no setting of the product is needed.
    pub fn mock<A, F>(self, definition: A, body: impl Fn(A::Input) -> F + Send + Sync + 'static) -> Self
    where
        A: ActivityDefinition,
        A::Input: Send,
        A::Output: Send + Sync,
        F: Future<Output = Result<A::Output, ActivityError>> + Send + 'static,
    {
        self.mock_with_context(definition, move |_ctx, input| body(input))
    }

    /// The same for a body that beats, waits for its cancellation, or looks at its attempt.
    pub fn mock_with_context<A, F>(
        mut self,
        definition: A,
        body: impl Fn(ActivityContext, A::Input) -> F + Send + Sync + 'static,
    ) -> Self
    where
        A: ActivityDefinition,
        A::Input: Send,
        A::Output: Send + Sync,
        F: Future<Output = Result<A::Output, ActivityError>> + Send + 'static,
    {
        self.mocks.push(mocks::mock(&self.calls, definition, body));
        self
    }

    /// Runs no activity without a mock: one that is called fails for good, and [`TestWorker::stop`] says so again.
    pub fn mocks_only(mut self) -> Self {
        self.mocks_only = true;
        self
    }

    /// Holds the results of its activities until these orders release them: see [`Orders`].
    pub fn orders(mut self, orders: &Orders) -> Self {
        self.products = self.products.into_iter().map(|product| orders.hold(product)).collect();
        self
    }

    /// The most attempts of an activity, whatever its retry policy says; [`ATTEMPTS`] by default. `None` leaves the policy as
    /// it is, its waits too; else none is longer than 20 ms, unless a failure brings a delay of its own.
    pub fn attempts(mut self, most: Option<u32>) -> Self {
        self.cap = most.map(|attempts| AttemptCap { attempts, wait: WAIT });
        self
    }

    /// How long a test waits for a result; [`PATIENCE`] by default.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Runs every activity once more after it has succeeded, as Temporal does when an answer is lost, and fails it for good
    /// if the second run gives another result. [`TestWorker::twice`] says which could not be checked.
    pub fn every_activity_twice(mut self) -> Self {
        self.twice.get_or_insert_default();
        self
    }

    /// The same, with an effect that both runs must leave alike: it is sampled after each.
    pub fn probe<F>(
        mut self,
        name: impl Into<String>,
        sample: impl Fn(Arc<Activity>) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<Value, String>> + Send + 'static,
    {
        self.twice = Some(self.twice.unwrap_or_default().probe(name, sample));
        self
    }

    /// Starts it, and returns once it polls.
    ///
    /// # Errors
    /// [`RunError::Registry`], [`RunError::Start`] or [`RunError::Call`].
    pub async fn start(self) -> Result<TestWorker, RunError> {
        let registry = Registry::new(self.products)?;
        let tag = self.env.id("t");
        let registry = on_queues_of_its_own(&registry, &tag)?;
        let mut stand_ins = self.mocks;
        if self.mocks_only {
            stand_ins.extend(mocks::refusals(&self.calls, &registry, &stand_ins));
        }
        let registry = registry.with_stand_ins(stand_ins)?;
        let base = [("TEMPORAL_ADDRESS", self.env.address()), ("GRACEFUL_SHUTDOWN_TIMEOUT_SECONDS", "1")];
        let own = self.settings.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let kept = base.into_iter().filter(|(name, _)| !self.settings.contains_key(*name));
        let mut host = Host::new(registry.clone(), Sources::from_pairs(kept.chain(own)))?.http(None);
        if let Some(cap) = self.cap {
            host = host.cap_attempts(cap);
        }
        let twice = self.twice.map(Arc::new);
        if let Some(twice) = &twice {
            host = host.every_activity_twice(twice.clone());
        }
        let (host, caller) = tokio::join!(host.start(), shared::caller(self.env.address()));
        Ok(TestWorker {
            env: self.env,
            caller: caller?,
            registry,
            tag,
            calls: self.calls,
            twice,
            patience: self.patience,
            host: Some(host?),
        })
    }
}

/// Each product on a queue of its own, so that a test takes no task of another's.
fn on_queues_of_its_own(registry: &Registry, tag: &str) -> Result<Registry, RegistryError> {
    let moved = |product: &Product| (product.name().to_owned(), format!("{}-{tag}", product.name()));
    registry.moved(&registry.products().iter().map(moved).collect::<QueueMoves>())
}

impl fmt::Debug for WorkerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerBuilder")
            .field("env", &self.env)
            .field("products", &self.products)
            .finish_non_exhaustive()
    }
}
