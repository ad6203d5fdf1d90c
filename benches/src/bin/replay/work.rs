//! The workflow: so many echo activities, one after the other.
#![allow(missing_docs, missing_debug_implementations, unreachable_pub)]

use std::time::Duration;

use mainspring::settings::Sources;
use mainspring::{Host, Product, Registry};
use mainspring_replay::{Code, History};
use mainspring_testing::{Env, TestError, Workflows};
use temporalio_common::data_converters::DataConverter;
use temporalio_macros::{activities, workflow, workflow_methods};
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use temporalio_sdk::{ActivityOptions, WorkflowContext, WorkflowResult};

const QUEUE: &str = "bench-replay";
const PATIENCE: Duration = Duration::from_secs(1200);

#[workflow]
#[derive(Default)]
pub struct Echoes;

#[workflow_methods]
impl Echoes {
    #[run(name = "echoes")]
    pub async fn run(ctx: &mut WorkflowContext<Self>, count: u32) -> WorkflowResult<u32> {
        for n in 0..count {
            let options = ActivityOptions::start_to_close_timeout(Duration::from_secs(30));
            ctx.execute_activity(Work::echo, n.to_string(), options).await?;
        }
        Ok(count)
    }
}

pub struct Work;

#[activities]
impl Work {
    #[activity(name = "echo")]
    pub async fn echo(_ctx: ActivityContext, text: String) -> Result<String, ActivityError> {
        Ok(text)
    }
}

fn registry() -> Result<Registry, TestError> {
    let product = Product::new("bench-replay", QUEUE).workflow_unchecked::<Echoes>();
    Ok(Registry::new([product.activities(|_setup| async { Ok(Work) }, |set| set.activity_unchecked(Work::echo))])?)
}

/// As the gate has it: with every layer that a worker puts around workflows.
pub(crate) fn code() -> Result<Code, TestError> {
    let registry = registry()?;
    Ok(registry.code_of(&registry.products()[0], "default", DataConverter::default()))
}

/// A run of it, on a worker of ours.
pub(crate) async fn history(env: &Env, activities: u32) -> Result<History, TestError> {
    let sources = Sources::from_pairs([("TEMPORAL_ADDRESS", env.address())]);
    let host = Host::new(registry()?, sources)?.http(None).start().await?;
    let (client, id) = (env.client().await?, env.id("echoes"));
    client.begin(QUEUE, &id, "echoes", &activities).await?;
    // Minutes, one activity after the other: longer than a test's patience.
    let run = client.workflow(&id);
    tokio::time::timeout(PATIENCE, run.get_result(Default::default())).await??;
    let events = run.fetch_history(Default::default()).into_events().await?;
    host.drain().await;
    Ok(History::new(events)?)
}
