//! The same work on Mainspring, with everything on; and what only Mainspring has: work under a Heartbeater.
#![allow(missing_docs, missing_debug_implementations, unreachable_pub)]

mod work;

use std::time::{Duration, Instant};

use mainspring::Product;
use mainspring::activity::{Heartbeater, cpu};
use temporalio_common::RetryPolicy;
use temporalio_macros::{activities, workflow, workflow_methods};
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use temporalio_sdk::{ActivityOptions, WorkflowContext, WorkflowResult};
use work::{Bench, Burn, Work};

#[workflow]
#[derive(Default)]
pub struct BurnUnderHeartbeater;

#[workflow_methods]
impl BurnUnderHeartbeater {
    #[run(name = "burn-under-heartbeater")]
    pub async fn run(ctx: &mut WorkflowContext<Self>, seconds: u64) -> WorkflowResult<u64> {
        Ok(ctx.execute_activity(Beaten::under_heartbeater, seconds, once(seconds)).await?)
    }
}

#[workflow]
#[derive(Default)]
pub struct BurnOnPool;

#[workflow_methods]
impl BurnOnPool {
    #[run(name = "burn-on-pool")]
    pub async fn run(ctx: &mut WorkflowContext<Self>, seconds: u64) -> WorkflowResult<u64> {
        Ok(ctx.execute_activity(Beaten::on_pool, seconds, once(seconds)).await?)
    }
}

fn once(seconds: u64) -> ActivityOptions {
    ActivityOptions::with_start_to_close_timeout(Duration::from_secs(seconds * 4))
        .heartbeat_timeout(Duration::from_secs(2))
        .retry_policy(RetryPolicy::builder().maximum_attempts(1).build())
        .build()
}

pub struct Beaten;

#[activities]
impl Beaten {
    /// Computes for so long, and never gives its thread back.
    #[activity(name = "under-heartbeater")]
    pub async fn under_heartbeater(ctx: ActivityContext, seconds: u64) -> Result<u64, ActivityError> {
        let _heartbeater = Heartbeater::start(&ctx)?;
        Ok(burn(seconds))
    }

    /// The same on the pool, where it waits for a core first.
    #[activity(name = "on-pool")]
    pub async fn on_pool(ctx: ActivityContext, seconds: u64) -> Result<u64, ActivityError> {
        let _heartbeater = Heartbeater::start(&ctx)?;
        Ok(cpu(&ctx, move |_| burn(seconds)).await?)
    }
}

fn burn(seconds: u64) -> u64 {
    let end = Instant::now() + Duration::from_secs(seconds);
    while Instant::now() < end {
        std::hint::spin_loop();
    }
    seconds
}

fn main() -> std::process::ExitCode {
    let queue = std::env::var("BENCH_QUEUE").unwrap_or_else(|_| "bench".to_owned());
    mainspring::run([Product::new("bench", queue)
        .workflow::<Bench>()
        .workflow::<Burn>()
        .workflow::<BurnUnderHeartbeater>()
        .workflow::<BurnOnPool>()
        .activities(
            |_setup| async { Ok(Work) },
            |set| set.activity_unchecked(Work::echo).activity_unchecked(Work::burn),
        )
        .activities(
            |_setup| async { Ok(Beaten) },
            |set| set.activity_unchecked(Beaten::under_heartbeater).activity_unchecked(Beaten::on_pool),
        )])
}
