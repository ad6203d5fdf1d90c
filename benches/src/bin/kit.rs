//! How long a test of a workflow takes on a server that is warm: from the start of a worker to the result of a workflow with
//! one mocked activity, and until the worker has left. Prints the median of `--times`.
// What the SDK's macros make of it has no docs and no `Debug`.
#![allow(missing_docs, missing_debug_implementations)]
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use clap::Parser;
use mainspring::Product;
use mainspring::vocabulary::Contract;
use mainspring_testing::{Env, TestError};
use temporalio_common::{HasWorkflowDefinition, WorkflowDefinition};
use temporalio_macros::{activities, workflow, workflow_methods};
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use temporalio_sdk::{ActivityOptions, WorkflowContext, WorkflowResult};

/// The server's burst of task polls is spent by then: a server that polls 20 times a second shows itself.
const WARM: usize = 6;

#[derive(Parser)]
struct Arguments {
    /// So many are measured
    #[arg(long, default_value = "9")]
    times: NonZeroUsize,
}

#[derive(Clone, Copy, Default)]
struct Order;

impl WorkflowDefinition for Order {
    type Input = u64;
    type Output = String;

    fn name(&self) -> &'static str {
        "order"
    }
}

impl HasWorkflowDefinition for Order {
    type Run = Self;
}

impl Contract for Order {
    const TASK_QUEUE: &'static str = "shop";
}

#[workflow]
#[derive(Default)]
struct Ordered;

#[workflow_methods]
impl Ordered {
    #[run(name = "order")]
    async fn run(ctx: &mut WorkflowContext<Self>, number: u64) -> WorkflowResult<String> {
        let options = ActivityOptions::start_to_close_timeout(Duration::from_secs(20));
        Ok(ctx.execute_activity(Bank::charge, number, options).await?)
    }
}

struct Bank;

#[activities]
impl Bank {
    #[activity(name = "charge")]
    async fn charge(_ctx: ActivityContext, order: u64) -> Result<String, ActivityError> {
        Ok(format!("charged {order}"))
    }
}

fn product() -> Product {
    Product::new("shop", "shop")
        .workflow_as::<Ordered, Order>()
        .activities(|_setup| async { Ok(Bank) }, |set| set.activity_unchecked(Bank::charge))
}

async fn once(env: &Env) -> Result<[Duration; 3], TestError> {
    let begun = Instant::now();
    let worker = env.worker([product()]).mock(Bank::charge, |_| async { Ok("mocked".to_owned()) }).mocks_only();
    let worker = worker.start().await?;
    let started = begun.elapsed();
    worker.execute::<Order>(1).await?;
    let took = begun.elapsed();
    worker.stop().await?;
    Ok([started, took, begun.elapsed().saturating_sub(took)])
}

#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main() -> Result<(), TestError> {
    let times = Arguments::parse().times.get();
    let env = Env::shared().await?;
    for _ in 0..WARM {
        once(&env).await?;
    }
    let mut figures = Vec::with_capacity(times);
    for _ in 0..times {
        figures.push(once(&env).await?);
    }
    figures.sort_by_key(|[_, took, _]| *took);
    let [started, took, left] = figures[times / 2];
    println!("worker polls after {started:?}, result after {took:?}, left within {left:?} (median of {times})");
    Ok(())
}
