//! The same work for both: a workflow of five echo activities.

use std::time::Duration;

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
            text = ctx.execute_activity(Echo::echo, text, options).await?;
        }
        Ok(text)
    }
}

pub struct Echo;

#[activities]
impl Echo {
    #[activity(name = "echo")]
    pub async fn echo(_ctx: ActivityContext, text: String) -> Result<String, ActivityError> {
        Ok(text)
    }
}
