//! A product to test: orders that a bank charges and a shop ships.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mainspring_testing::TestError;
use mainspring_vocabulary::{Contract, Failure};
use mainspring_worker::Product;
use mainspring_workflow::Received;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use temporalio_common::{HasWorkflowDefinition, QueryDefinition, RetryPolicy, SignalDefinition, WorkflowDefinition};
use temporalio_macros::{activities, workflow, workflow_methods};
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use temporalio_sdk::{
    ActivityOptions, ChildWorkflowOptions, SyncWorkflowContext, WorkflowContext, WorkflowContextView, WorkflowResult,
};

pub(crate) type Outcome = Result<(), TestError>;

/// The contract.
#[derive(Clone, Copy, Default)]
pub(crate) struct Order;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct OrderInput {
    pub(crate) number: u64,
    pub(crate) wish: Wish,
}

/// What the workflow does with its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) enum Wish {
    Charge,
    ChargeOnce,
    ChargeSoon,
    Ship,
    Hold,
    Panic,
    /// A child is to panic, of a child.
    PanicBelow(u8),
}

impl WorkflowDefinition for Order {
    type Input = OrderInput;
    type Output = Receipt;

    fn name(&self) -> &'static str {
        "order"
    }
}

impl HasWorkflowDefinition for Order {
    type Run = Self;
}

impl Contract for Order {
    const TASK_QUEUE: &'static str = "shop";
    const WORKFLOW_ID: Option<fn(&OrderInput) -> String> = Some(|order| format!("order-{}", order.number));
}

/// A contract of a workflow that the product lacks.
#[derive(Clone, Copy, Default)]
pub(crate) struct Refund;

impl WorkflowDefinition for Refund {
    type Input = u64;
    type Output = ();

    fn name(&self) -> &'static str {
        "refund"
    }
}

impl Contract for Refund {
    const TASK_QUEUE: &'static str = "shop";
}

pub(crate) struct Release;

impl SignalDefinition for Release {
    type Workflow = Order;
    type Input = ();

    fn name(&self) -> &'static str {
        "release"
    }
}

pub(crate) struct Held;

impl QueryDefinition for Held {
    type Workflow = Order;
    type Input = ();
    type Output = bool;

    fn name(&self) -> &'static str {
        "held"
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Receipt {
    pub(crate) number: u64,
    pub(crate) charge: String,
}

#[workflow]
#[derive(Default)]
struct Ordered {
    held: bool,
}

#[workflow_methods]
impl Ordered {
    #[run(name = "order")]
    async fn run(ctx: &mut WorkflowContext<Self>, order: OrderInput) -> WorkflowResult<Receipt> {
        let options = ActivityOptions::start_to_close_timeout(Duration::from_secs(20));
        let charge = match order.wish {
            Wish::Charge => ctx.execute_activity(Bank::charge, order.number, options).await?,
            Wish::ChargeOnce => {
                let once = RetryPolicy::builder().maximum_attempts(1).build();
                let options = ActivityOptions::with_start_to_close_timeout(Duration::from_secs(20)).retry_policy(once);
                ctx.execute_activity(Bank::charge, order.number, options.build()).await?
            }
            Wish::ChargeSoon => {
                let soon = ActivityOptions::with_schedule_to_close_timeout(Duration::from_secs(7)).build();
                ctx.execute_activity(Bank::charge, order.number, soon).await?
            }
            Wish::Ship => ctx.execute_activity(Bank::ship, order.number, options).await?.parcel,
            Wish::Hold => {
                ctx.state_mut(|state| state.held = true);
                ctx.wait_condition(|state| !state.held).await?;
                "held".to_owned()
            }
            Wish::PanicBelow(depth) => {
                let wish = if depth == 0 { Wish::Panic } else { Wish::PanicBelow(depth - 1) };
                let workflow_id = Some(format!("{}-below", ctx.workflow_id()));
                let options = ChildWorkflowOptions::builder().maybe_workflow_id(workflow_id).build();
                let child = ctx.start_child_workflow(Order, OrderInput { number: order.number, wish }, options).await?;
                child.result().await?.charge
            }
            Wish::Panic => panic!("order {} cannot be read", order.number),
        };
        Ok(Receipt { number: order.number, charge })
    }

    #[signal(name = "release")]
    fn release(&mut self, _ctx: &mut SyncWorkflowContext<Self>, nothing: Received<()>) {
        self.held &= nothing.read().is_none();
    }

    #[query(name = "held")]
    fn is_held(&self, _ctx: &WorkflowContextView) -> bool {
        self.held
    }
}

#[derive(Debug, Failure)]
pub(crate) enum BankError {
    #[failure(retryable, message = "the bank is busy")]
    Busy,
    #[failure(terminal, message = "order {0} was declined")]
    Declined(u64),
}

/// What the shop sends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Shipment {
    pub(crate) parcel: String,
    pub(crate) sent: u64,
}

/// The activities; they count what they do.
#[derive(Clone, Default)]
pub(crate) struct Bank {
    pub(crate) charges: Arc<AtomicU64>,
    pub(crate) parcels: Arc<AtomicU64>,
}

#[activities]
impl Bank {
    /// Finds what the attempt before charged.
    #[activity(name = "charge")]
    pub(crate) async fn charge(self: Arc<Self>, _ctx: ActivityContext, order: u64) -> Result<String, ActivityError> {
        tracing::info!(order, "charged");
        let _ = self.charges.compare_exchange(0, 1, Ordering::SeqCst, Ordering::SeqCst);
        Ok(format!("charged {order}"))
    }

    /// Sends another parcel each time.
    #[activity(name = "ship")]
    pub(crate) async fn ship(self: Arc<Self>, _ctx: ActivityContext, order: u64) -> Result<Shipment, ActivityError> {
        let sent = self.parcels.fetch_add(1, Ordering::SeqCst) + 1;
        Ok(Shipment { parcel: format!("parcel of {order}"), sent })
    }
}

/// The product, connected to a bank that cannot be reached.
pub(crate) fn product() -> Product {
    with(|| Err("the bank is closed".into()))
}

/// The product with this bank.
pub(crate) fn product_of(bank: &Bank) -> Product {
    let bank = bank.clone();
    with(move || Ok(bank.clone()))
}

fn with(connect: impl Fn() -> Result<Bank, TestError> + Send + Sync + 'static) -> Product {
    Product::new("shop", "shop").workflow_as::<Ordered, Order>().activities(
        move |_setup| std::future::ready(connect()),
        |set| set.activity_unchecked(Bank::charge).activity_unchecked(Bank::ship),
    )
}

pub(crate) const fn order(number: u64, wish: Wish) -> OrderInput {
    OrderInput { number, wish }
}
