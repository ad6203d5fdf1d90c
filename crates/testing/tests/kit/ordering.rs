//! Events in seeded orders: a workflow that assumes one is found out, and its seed finds it again.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use mainspring_testing::{Env, Order, Orders, RunError, TestError, TestWorker};
use mainspring_vocabulary::Contract;
use mainspring_worker::Product;
use mainspring_workflow::Received;
use parking_lot::Mutex;
use temporalio_common::{HasWorkflowDefinition, SignalDefinition, WorkflowDefinition};
use temporalio_macros::{activities, workflow, workflow_methods};
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use temporalio_sdk::workflows::join;
use temporalio_sdk::{ActivityOptions, SyncWorkflowContext, WorkflowContext, WorkflowResult};

use crate::lab::Outcome;

/// Reserves and charges side by side; gives the steps as they came to it, and whether it owes a refund.
#[derive(Clone, Copy, Default)]
struct Purchase;

impl WorkflowDefinition for Purchase {
    /// Whether it has the bug.
    type Input = bool;
    type Output = (Vec<String>, bool);

    fn name(&self) -> &'static str {
        "purchase"
    }
}

impl HasWorkflowDefinition for Purchase {
    type Run = Self;
}

impl Contract for Purchase {
    const TASK_QUEUE: &'static str = "purchases";
}

struct Cancel;

impl SignalDefinition for Cancel {
    type Workflow = Purchase;
    type Input = ();

    fn name(&self) -> &'static str {
        "cancel"
    }
}

#[workflow]
#[derive(Default)]
struct Purchasing {
    assumes: bool,
    steps: Vec<String>,
    refund: bool,
}

#[workflow_methods]
impl Purchasing {
    #[run(name = "purchase")]
    async fn run(ctx: &mut WorkflowContext<Self>, assumes: bool) -> WorkflowResult<(Vec<String>, bool)> {
        ctx.state_mut(|state| state.assumes = assumes);
        let options = || ActivityOptions::start_to_close_timeout(Duration::from_secs(20));
        let (reserving, charging) =
            (ctx.execute_activity(Shop::reserve, (), options()), ctx.execute_activity(Shop::charge, (), options()));
        let step = |name: &str| ctx.state_mut(|state| state.steps.push(name.to_owned()));
        let (reserved, charged) = join!(async { reserving.await.inspect(|()| step("reserved")) }, async {
            charging.await.inspect(|()| step("charged"))
        });
        reserved?;
        charged?;
        ctx.wait_condition(|state| state.steps.len() == 3).await?;
        Ok(ctx.state(|state| (state.steps.clone(), state.refund)))
    }

    /// The planted bug: that what is charged was reserved before.
    #[signal(name = "cancel")]
    fn cancel(&mut self, _ctx: &mut SyncWorkflowContext<Self>, nothing: Received<()>) {
        let Some(()) = nothing.read() else { return };
        let (reserved, charged) = (self.had("reserved"), self.had("charged"));
        self.refund = charged && (reserved || !self.assumes);
        self.steps.push("cancelled".to_owned());
    }
}

impl Purchasing {
    fn had(&self, step: &str) -> bool {
        self.steps.iter().any(|had| had == step)
    }
}

struct Shop;

#[activities]
impl Shop {
    #[activity(name = "reserve")]
    async fn reserve(_ctx: ActivityContext, _input: ()) -> Result<(), ActivityError> {
        Ok(())
    }

    #[activity(name = "charge")]
    async fn charge(_ctx: ActivityContext, _input: ()) -> Result<(), ActivityError> {
        Ok(())
    }
}

fn product() -> Product {
    Product::new("purchases", "purchases").workflow_as::<Purchasing, Purchase>().activities(
        |_setup| async { Ok(Shop) },
        |set| set.activity_unchecked(Shop::reserve).activity_unchecked(Shop::charge),
    )
}

/// One purchase in one order: who cancels after the charge gets a refund, and nobody else.
async fn purchase(worker: &TestWorker, order: &Order, assumes: bool) -> Result<Vec<String>, TestError> {
    let run = worker.start::<Purchase>(assumes).await?;
    order.signal(&run, Cancel, ());
    let (steps, refund) = order.result(&run).await?;
    let at = |step: &str| steps.iter().position(|had| had == step);
    assert_eq!(refund, at("charged") < at("cancelled"), "steps: {steps:?}");
    Ok(steps)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_planted_order_bug_is_found_within_200_seeds_and_its_seed_finds_it_20_times_of_20() -> Outcome {
    let orders = Orders::default();
    let worker = Env::shared().await?.worker([product()]).orders(&orders).start().await?;
    let planted = async |order: Order| purchase(&worker, &order, true).await.map(drop);
    let Err(error) = orders.explore(200, planted).await else { panic!("200 orders, and none broke it") };
    let said = error.to_string();
    let RunError::Order { seed, events, .. } = error else { panic!("{said}") };
    assert_eq!(
        events, "  1. result of charge (activity 2)\n  2. signal cancel\n  3. result of reserve (activity 1)\n",
        "the only order that breaks it"
    );
    assert!(said.contains("steps: [\"charged\", \"cancelled\", \"reserved\"]"), "{said}");
    assert!(said.ends_with(&format!("MAINSPRING_SEED={seed} runs this order alone")), "{said}");
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
async fn every_order_comes_up_and_right_code_passes_them_all() -> Outcome {
    let orders = Orders::default();
    let worker = Env::shared().await?.worker([product()]).orders(&orders).start().await?;
    let seen = Arc::new(Mutex::new(BTreeSet::new()));
    let tried = orders.explore(60, async |order: Order| {
        let steps = purchase(&worker, &order, false).await?;
        seen.lock().insert(steps);
        Ok(())
    });
    tried.await?;
    assert_eq!(seen.lock().len(), 6, "three events have six orders: {seen:?}");
    worker.stop().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_event_that_fails_is_named_with_the_order_so_far() -> Outcome {
    let orders = Orders::default();
    let worker = Env::shared().await?.worker([product()]).orders(&orders).start().await?;
    let failing = async |order: Order| {
        let run = worker.start::<Purchase>(false).await?;
        order.event("the shop burns down", async { Err("no water".into()) });
        order.result(&run).await?;
        Ok(())
    };
    let said = orders.one(3, failing).await.unwrap_err().to_string();
    assert!(said.contains(": the event \"the shop burns down\" did not come about: no water\n  1. "), "{said}");
    worker.stop().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_activity_without_a_result_ends_the_order_and_is_named() -> Outcome {
    let orders = Orders::longest_activity(Duration::from_secs(1));
    let worker = Env::shared().await?.worker([product()]).orders(&orders);
    let worker = worker.mock(Shop::reserve, |()| std::future::pending()).start().await?;
    let waiting = async |order: Order| purchase(&worker, &order, false).await.map(drop);
    let error = orders.one(1, waiting).await.unwrap_err();
    let RunError::Order { cause, events, .. } = error else { panic!("{error}") };
    assert!(cause.starts_with("activity reserve (activity 1) of ") && cause.contains("no result after 1s"), "{cause}");
    assert_eq!(events, "", "nothing was put into an order by the clock");
    worker.stop().await?;
    Ok(())
}

/// Says each order that it was in. Alone it runs three; [`a_seed_in_the_environment_runs_alone`] starts it with a seed.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_orders_of_a_process_are_said() -> Outcome {
    let orders = Orders::default();
    let tried = orders.explore(3, async |order: Order| {
        println!("an order of seed {}", order.seed());
        Ok(())
    });
    tried.await?;
    Ok(())
}

/// The environment is a process's own, so a process is what the test takes: this program, and one test of it.
#[test]
fn a_seed_in_the_environment_runs_alone() {
    let seeds = |seed: Option<&str>| {
        let mut command = std::process::Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "ordering::the_orders_of_a_process_are_said", "--nocapture"]);
        command.env_remove("MAINSPRING_SEED");
        if let Some(seed) = seed {
            command.env("MAINSPRING_SEED", seed);
        }
        let output = command.output().unwrap();
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let seeds: Vec<u64> = said
            .split("an order of seed ")
            .skip(1)
            .map(|rest| rest.split_whitespace().next().unwrap().parse().unwrap())
            .collect();
        (output.status.success(), seeds, said)
    };
    let (passed, ran, said) = seeds(None);
    assert!(passed && ran == [0, 1, 2], "{said}");
    let (passed, ran, said) = seeds(Some("17"));
    assert!(passed && ran == [17], "{said}");
    let (passed, ran, said) = seeds(Some("seventeen"));
    assert!(!passed && ran.is_empty(), "{said}");
    assert!(said.contains("seventeen"), "{said}");
}
