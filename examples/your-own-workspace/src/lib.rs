//! The product `greetings`.

use std::time::Duration;

use mainspring::Product;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use temporalio_macros::{activities, workflow, workflow_methods};
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use temporalio_sdk::{ActivityOptions, WorkflowContext, WorkflowResult};

/// What its workers run, on the task queue that they poll.
pub fn product() -> Product {
    Product::new("greetings", "greetings")
        .example(r#"workflow execute greet '{"name": "Ada"}'"#)
        .workflow::<Greet>()
        .activities(|_setup| async { Ok(Greeter) }, |set| set.activity(Greeter::compose))
}

#[derive(Serialize, Deserialize, JsonSchema)]
pub struct GreetInput {
    pub name: String,
}

#[workflow]
#[derive(Default)]
pub struct Greet;

#[workflow_methods]
impl Greet {
    #[run(name = "greet")]
    pub async fn run(ctx: &mut WorkflowContext<Self>, input: GreetInput) -> WorkflowResult<String> {
        let options = ActivityOptions::start_to_close_timeout(Duration::from_secs(10));
        Ok(ctx.execute_activity(Greeter::compose, input.name, options).await?)
    }
}

pub struct Greeter;

#[activities]
impl Greeter {
    #[activity(name = "compose")]
    pub async fn compose(_ctx: ActivityContext, name: String) -> Result<String, ActivityError> {
        Ok(format!("Hello, {name}!"))
    }
}
