//! The product `greetings`.

use std::time::Duration;

use mainspring::Product;
use mainspring::prelude::{ActivityContract, NoFailures, Timeouts};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use temporalio_macros::{activities, workflow, workflow_methods};
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use temporalio_sdk::{WorkflowContext, WorkflowResult};

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
        Ok(ctx.execute_activity(Greeter::compose, input.name, Greeter::compose.options()).await?)
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

/// How long it may take; a worker does not start with timeouts that cannot hold.
impl ActivityContract for greeter::Compose {
    type Failures = NoFailures;
    const TIMEOUTS: Timeouts = Timeouts::start_to_close(Duration::from_secs(10));
}
