//! Timers among the events of an order, on a server whose clock jumps.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use mainspring_testing::{Env, Order, Orders, RunError, TestError, TestWorker};
use mainspring_vocabulary::Contract;
use mainspring_worker::Product;
use parking_lot::Mutex;
use temporalio_common::{HasWorkflowDefinition, SignalDefinition, WorkflowDefinition};
use temporalio_macros::{activities, workflow, workflow_methods};
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use temporalio_sdk::workflows::join;
use temporalio_sdk::{ActivityOptions, SyncWorkflowContext, WorkflowContext, WorkflowResult};

use crate::lab::Outcome;

const WEEK: Duration = Duration::from_secs(7 * 86_400);

/// An invoice that is due in a week and is sent meanwhile; gives the steps as they came, and whether a fee is owed.
#[derive(Clone, Copy, Default)]
struct Bill;

impl WorkflowDefinition for Bill {
    /// Whether it has the bug.
    type Input = bool;
    type Output = (Vec<String>, bool);

    fn name(&self) -> &'static str {
        "bill"
    }
}

impl HasWorkflowDefinition for Bill {
    type Run = Self;
}

impl Contract for Bill {
    const TASK_QUEUE: &'static str = "bills";
}

struct Pay;

impl SignalDefinition for Pay {
    type Workflow = Bill;
    type Input = ();

    fn name(&self) -> &'static str {
        "pay"
    }
}

#[workflow]
#[derive(Default)]
struct Billing {
    assumes: bool,
    steps: Vec<String>,
    fee: bool,
}

#[workflow_methods]
impl Billing {
    #[run(name = "bill")]
    async fn run(ctx: &mut WorkflowContext<Self>, assumes: bool) -> WorkflowResult<(Vec<String>, bool)> {
        ctx.state_mut(|state| state.assumes = assumes);
        // As a letter takes: longer than the invoice is open.
        let sending = ctx.execute_activity(Post::send, (), ActivityOptions::start_to_close_timeout(WEEK * 4));
        let step = |name: &str| ctx.state_mut(|state| state.steps.push(name.to_owned()));
        let due = async {
            ctx.timer(WEEK).await;
            step("due");
        };
        let ((), sent) = join!(due, async { sending.await.inspect(|()| step("sent")) });
        sent?;
        ctx.wait_condition(|state| state.steps.len() == 3).await?;
        Ok(ctx.state(|state| (state.steps.clone(), state.fee)))
    }

    /// The planted bug: that what is due was sent before.
    #[signal(name = "pay")]
    fn pay(&mut self, _ctx: &mut SyncWorkflowContext<Self>) {
        let had = |step: &str| self.steps.iter().any(|had| had == step);
        self.fee = had("due") && (had("sent") || !self.assumes);
        self.steps.push("paid".to_owned());
    }
}

struct Post;

#[activities]
impl Post {
    #[activity(name = "send")]
    async fn send(_ctx: ActivityContext, _input: ()) -> Result<(), ActivityError> {
        Ok(())
    }
}

fn product() -> Product {
    Product::new("bills", "bills")
        .workflow_as::<Billing, Bill>()
        .activities(|_setup| async { Ok(Post) }, |set| set.activity_unchecked(Post::send))
}

/// One invoice in one order: who pays when it is due owes a fee, and nobody else.
async fn bill(worker: &TestWorker, order: &Order, assumes: bool) -> Result<Vec<String>, TestError> {
    let run = worker.start::<Bill>(assumes).await?;
    order.signal(&run, Pay, ());
    let (steps, fee) = order.result(&run).await?;
    let at = |step: &str| steps.iter().position(|had| had == step);
    assert_eq!(fee, at("due") < at("paid"), "steps: {steps:?}");
    Ok(steps)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_bug_between_a_timer_and_a_signal_is_found_within_200_seeds_and_its_seed_finds_it_20_times_of_20() -> Outcome
{
    let orders = Orders::default();
    let worker = Env::skipping_alone().await?.worker([product()]).orders(&orders).start().await?;
    let planted = async |order: Order| bill(&worker, &order, true).await.map(drop);
    let Err(error) = orders.explore(200, planted).await else { panic!("200 orders, and none broke it") };
    let said = error.to_string();
    let RunError::Order { seed, events, .. } = error else { panic!("{said}") };
    assert_eq!(
        events, "  1. timer 1 (604800s)\n  2. signal pay\n  3. result of send (activity 1)\n",
        "the only order that breaks it: {said}"
    );
    assert!(said.contains("steps: [\"due\", \"paid\", \"sent\"]"), "{said}");
    for again in 1..=20 {
        match orders.one(seed, planted).await {
            Err(RunError::Order { events: same, .. }) => assert_eq!(same, events, "run {again} of 20"),
            other => panic!("run {again} of 20 of seed {seed}: {other:?}"),
        }
    }
    worker.stop().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn every_order_of_a_timer_a_signal_and_a_result_comes_up() -> Outcome {
    let orders = Orders::default();
    let worker = Env::skipping_alone().await?.worker([product()]).orders(&orders).start().await?;
    let seen = Arc::new(Mutex::new(BTreeSet::new()));
    let tried = orders.explore(60, async |order: Order| {
        let steps = bill(&worker, &order, false).await?;
        seen.lock().insert(steps);
        Ok(())
    });
    tried.await?;
    assert_eq!(seen.lock().len(), 6, "three events have six orders: {seen:?}");
    worker.stop().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_timer_that_fires_by_itself_ends_the_order_and_is_named() -> Outcome {
    let orders = Orders::default();
    let env = Env::skipping_alone().await?;
    let worker = env.worker([product()]).orders(&orders).start().await?;
    let skipping = async |order: Order| {
        let run = worker.start::<Bill>(false).await?;
        let env = env.clone();
        order.event("result of nothing: a skip", async move { env.sleep(WEEK * 2).await });
        order.signal(&run, Pay, ());
        order.result(&run).await?;
        Ok(())
    };
    // In some orders the timer is released first, and nothing is wrong.
    let RunError::Order { cause, .. } = orders.explore(50, skipping).await.unwrap_err() else { panic!("no order") };
    assert!(
        cause.starts_with("timer 1 (604800s) of ") && cause.contains(" fired though no order had released it"),
        "{cause}"
    );
    worker.stop().await?;
    Ok(())
}
