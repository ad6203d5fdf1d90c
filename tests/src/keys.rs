//! Activities that tell their keys, remote and local.

use std::time::Duration;

use mainspring::activity::{Heartbeater, attempt_key, idempotency_key, key_for};
use serde::{Deserialize, Serialize};
use temporalio_common::RetryPolicy;
use temporalio_common::UntypedActivity;
use temporalio_common::data_converters::RawValue;
use temporalio_macros::{activities, workflow, workflow_methods};
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use temporalio_sdk::{LocalActivityOptions, WorkflowContext, WorkflowResult};

pub struct Keys;

#[activities]
impl Keys {
    /// Tells its keys at each attempt, and ends well at the third.
    #[activity(name = "tell_keys")]
    pub async fn tell_keys(ctx: ActivityContext, business_id: String) -> Result<String, ActivityError> {
        let (key, business, attempt) = (idempotency_key(&ctx), key_for(&ctx, &business_id), attempt_key(&ctx));
        let seen = mainspring::context::activity().map(|activity| activity.attempt);
        tracing::info!(%key, %business, attempt_key = %attempt, id = ctx.info().activity_id, ?seen, "my keys");
        match ctx.info().attempt {
            1 | 2 => Err(std::io::Error::other("fails on purpose").into()),
            _ => Ok(format!("{key} {business}")),
        }
    }

    /// What a local activity hears of a heartbeater.
    #[activity(name = "beats_locally")]
    pub async fn beats_locally(ctx: ActivityContext, _arg: String) -> Result<String, ActivityError> {
        let optional = Heartbeater::optional(&ctx)?.interval();
        let refused = Heartbeater::start(&ctx).err().map(|error| error.to_string());
        Ok(format!("{} / {optional:?}", refused.unwrap_or_default()))
    }
}

/// Which activity to call locally, how often in a row, and how.
#[derive(Serialize, Deserialize, schemars::JsonSchema)]
pub struct LocalInput {
    activity: String,
    arg: String,
    #[serde(default)]
    id: Option<String>,
    /// Between the first call's attempts, by a timer; twenty times as long after the second.
    #[serde(default)]
    pause_millis: u64,
}

/// Calls it locally twice.
#[workflow]
#[derive(Default)]
pub struct CallLocal;

#[workflow_methods]
impl CallLocal {
    #[run(name = "call_local")]
    pub async fn run(ctx: &mut WorkflowContext<Self>, input: LocalInput) -> WorkflowResult<Vec<String>> {
        let mut results = Vec::new();
        for call in 0..2 {
            let (pause, growth) = match (call, input.pause_millis) {
                (0, millis @ 1..) => (millis, 20.0),
                _ => (1, 1.0),
            };
            let policy = RetryPolicy::builder()
                .initial_interval(Duration::from_millis(pause))
                .backoff_coefficient(growth)
                .build();
            let options = LocalActivityOptions::builder()
                .retry_policy(policy)
                .timer_backoff_threshold(Duration::from_millis(1))
                .maybe_activity_id(input.id.as_ref().map(|id| format!("{id}-{call}")))
                .start_to_close_timeout(Duration::from_secs(60))
                .build();
            let arg = RawValue::from_value(&input.arg, ctx.payload_converter());
            let result = ctx.execute_local_activity(UntypedActivity::new(&input.activity), arg, options).await?;
            results.push(result.to_value(ctx.payload_converter()));
        }
        Ok(results)
    }
}
