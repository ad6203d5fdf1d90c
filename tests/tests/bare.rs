//! The SDK's worker without any of our layers: what it does by itself, where a layer of ours reads or replaces it. A
//! change of the SDK turns red here first, and `crates/worker/src/layers` says what depends on it.

mod lab;

use std::time::Duration;

use lab::Outcome;
use mainspring_testing::{Env, Workflows};
use temporalio_common::RetryPolicy;
use temporalio_macros::{activities, workflow, workflow_methods};
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use temporalio_sdk::runtime::RuntimeOptions;
use temporalio_sdk::{ActivityOptions, Runtime, Worker, WorkerOptions, WorkflowContext, WorkflowResult};

#[workflow]
#[derive(Default)]
struct PanicOnce;

#[workflow_methods]
impl PanicOnce {
    #[run(name = "panic-once")]
    async fn run(ctx: &mut WorkflowContext<Self>, formatted: bool) -> WorkflowResult<()> {
        let once = RetryPolicy::builder().maximum_attempts(1).build();
        let options = ActivityOptions::with_start_to_close_timeout(Duration::from_secs(30)).retry_policy(once);
        // What it ends with is read from the history.
        drop(ctx.execute_activity(Panics::panic, formatted, options.build()).await);
        Ok(())
    }
}

struct Panics;

#[activities]
impl Panics {
    #[activity(name = "panic")]
    async fn panic(_ctx: ActivityContext, formatted: bool) -> Result<(), ActivityError> {
        if formatted { panic!("on {}", "purpose") } else { panic!("on purpose") }
    }
}

#[tokio::test]
async fn the_sdk_flattens_a_panic_to_the_text_that_our_layer_reads() -> Outcome {
    let env = Env::shared().await?;
    let (queue, client) = (env.queue("bare"), env.client().await?);
    let mut options = WorkerOptions::new(queue.clone()).build();
    options.register_workflow::<PanicOnce>()?;
    options.register_activities(Panics);
    let runtime = Runtime::from_current_tokio(RuntimeOptions::builder().build()?)?;
    let mut worker = Worker::new(&runtime, client.client().clone(), options)?;
    let asked = async {
        for formatted in [false, true] {
            let id = env.id("bare");
            client.begin(&queue, &id, "panic-once", &formatted).await?;
            client.result::<()>(&id).await?;
            let (name, message) = lab::activity_failure(&client, &id).await?;
            // `OF_SDK` in crates/worker/src/layers/panics.rs.
            assert_eq!((name.as_str(), message.as_str()), ("", "Activity function panicked: on purpose"));
        }
        Ok(())
    };
    tokio::select! {
        ran = worker.run() => Err(format!("the worker ended: {ran:?}").into()),
        outcome = asked => outcome,
    }
}
