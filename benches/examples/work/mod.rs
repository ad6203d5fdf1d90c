//! The same work for both: a workflow of five echo activities, and one of an activity that burns.

use std::time::{Duration, Instant};

use temporalio_common::RetryPolicy;
use temporalio_macros::{activities, workflow, workflow_methods};
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use temporalio_sdk::{ActivityOptions, WorkflowContext, WorkflowResult};

#[workflow]
#[derive(Default)]
pub struct Bench;

#[workflow_methods]
impl Bench {
    #[run(name = "bench")]
    pub async fn run(ctx: &mut WorkflowContext<Self>, text: String) -> WorkflowResult<String> {
        let mut text = text;
        for _ in 0..5 {
            let options = ActivityOptions::start_to_close_timeout(Duration::from_secs(30));
            text = ctx.execute_activity(Work::echo, text, options).await?;
        }
        Ok(text)
    }
}

#[workflow]
#[derive(Default)]
pub struct Burn;

#[workflow_methods]
impl Burn {
    #[run(name = "burn")]
    pub async fn run(ctx: &mut WorkflowContext<Self>, seconds: u64) -> WorkflowResult<u64> {
        let options = ActivityOptions::with_start_to_close_timeout(Duration::from_secs(seconds * 4))
            .heartbeat_timeout(Duration::from_secs(2))
            .retry_policy(RetryPolicy::builder().maximum_attempts(1).build())
            .build();
        Ok(ctx.execute_activity(Work::burn, seconds, options).await?)
    }
}

pub struct Work;

#[activities]
impl Work {
    #[activity(name = "echo")]
    pub async fn echo(_ctx: ActivityContext, text: String) -> Result<String, ActivityError> {
        Ok(text)
    }

    /// Computes for so long, beats every 50 ms, and never gives its thread back.
    #[activity(name = "burn")]
    pub async fn burn(ctx: ActivityContext, seconds: u64) -> Result<u64, ActivityError> {
        let end = Instant::now() + Duration::from_secs(seconds);
        let mut beats = 0_u64;
        while Instant::now() < end {
            let pause = Instant::now() + Duration::from_millis(50);
            while Instant::now() < pause {
                std::hint::spin_loop();
            }
            beats += 1;
            ctx.record_heartbeat(beats).await?;
        }
        Ok(beats)
    }
}
