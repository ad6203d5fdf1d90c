//! Workflows: one call, several steps, one that breaks, one that spins, one that waits.

use std::time::Duration;

use mainspring::workflow::Received;
use serde::{Deserialize, Serialize};
use temporalio_common::RetryPolicy;
use temporalio_common::UntypedActivity;
use temporalio_common::data_converters::RawValue;
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{
    ActivityCancellationType, ActivityOptions, LocalActivityOptions, SyncWorkflowContext, WorkflowContext,
    WorkflowContextView, WorkflowResult,
};

use crate::activities::Lab;

/// Which activity to call, and how.
#[derive(Serialize, Deserialize, schemars::JsonSchema)]
pub struct CallInput {
    activity: String,
    arg: String,
    #[serde(default)]
    heartbeat_seconds: u64,
    #[serde(default)]
    attempts: u32,
    /// Another worker's.
    #[serde(default)]
    queue: Option<String>,
    /// When it is cancelled, the activity is asked to end, and waited for.
    #[serde(default)]
    waits_for_cancellation: bool,
}

/// Calls one activity by name.
#[workflow]
#[derive(Default)]
pub struct Call;

#[workflow_methods]
impl Call {
    #[run(name = "call")]
    pub async fn run(ctx: &mut WorkflowContext<Self>, input: CallInput) -> WorkflowResult<String> {
        let policy = RetryPolicy::builder()
            .initial_interval(Duration::from_millis(100))
            .maximum_attempts(input.attempts)
            .build();
        let options = ActivityOptions::with_start_to_close_timeout(Duration::from_secs(120)).retry_policy(policy);
        let options = options.maybe_task_queue(input.queue).cancellation_type(match input.waits_for_cancellation {
            true => ActivityCancellationType::WaitCancellationCompleted,
            false => ActivityCancellationType::default(),
        });
        let options = if input.heartbeat_seconds > 0 {
            options.heartbeat_timeout(Duration::from_secs(input.heartbeat_seconds)).build()
        } else {
            options.build()
        };
        let arg = RawValue::from_value(&input.arg, ctx.payload_converter());
        let result = ctx.execute_activity(UntypedActivity::new(&input.activity), arg, options).await?;
        Ok(result.to_value(ctx.payload_converter()))
    }
}

/// Echoes one step after the other, and remembers how far it is.
#[workflow]
#[derive(Default)]
pub struct Steps {
    done: u32,
}

#[workflow_methods]
impl Steps {
    #[run(name = "steps")]
    pub async fn run(ctx: &mut WorkflowContext<Self>, steps: u32) -> WorkflowResult<u32> {
        for step in 0..steps {
            let options = ActivityOptions::start_to_close_timeout(Duration::from_secs(30));
            ctx.execute_activity(Lab::echo, step.to_string(), options).await?;
            ctx.state_mut(|steps| steps.done += 1);
            tracing::info!(step, "step done");
        }
        Ok(ctx.state(|steps| steps.done))
    }

    #[query(name = "done")]
    pub fn done(&self, _ctx: &WorkflowContextView) -> u32 {
        self.done
    }
}

/// Panics after its first step, unless this "build" has the correction.
#[workflow]
#[derive(Default)]
pub struct Fragile;

#[workflow_methods]
impl Fragile {
    #[run(name = "fragile")]
    pub async fn run(ctx: &mut WorkflowContext<Self>, _input: u32) -> WorkflowResult<String> {
        let options = || ActivityOptions::start_to_close_timeout(Duration::from_secs(30));
        let first = ctx.execute_activity(Lab::echo, "first".to_owned(), options()).await?;
        assert!(is_corrected(), "a bug of this build");
        let second = ctx.execute_activity(Lab::echo, "second".to_owned(), options()).await?;
        Ok(format!("{first} {second}"))
    }
}

/// Stands for a difference between two builds, which no environment may be in a real workflow.
#[allow(clippy::disallowed_methods, reason = "it stands for what is no environment")]
fn is_corrected() -> bool {
    std::env::var_os("LAB_CORRECTED").is_some()
}

/// Holds its thread.
#[workflow]
#[derive(Default)]
pub struct Spin;

#[workflow_methods]
#[allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "what no workflow may do is its point")]
impl Spin {
    #[run(name = "spin")]
    pub async fn run(_ctx: &mut WorkflowContext<Self>, millis: u64) -> WorkflowResult<()> {
        let until = std::time::Instant::now() + Duration::from_millis(millis);
        while std::time::Instant::now() < until {
            // Its neighbours in other tests need the cores; what counts is that it never awaits.
            std::thread::park_timeout(Duration::from_millis(1));
        }
        Ok(())
    }
}

/// Waits for a number.
#[workflow]
#[derive(Default)]
pub struct Wait {
    number: Option<u32>,
}

#[workflow_methods]
impl Wait {
    #[run(name = "wait")]
    pub async fn run(ctx: &mut WorkflowContext<Self>, _input: u32) -> WorkflowResult<u32> {
        ctx.wait_condition(|wait| wait.number.is_some()).await?;
        Ok(ctx.state(|wait| wait.number.unwrap_or_default()))
    }

    #[signal(name = "number")]
    pub fn number(&mut self, _ctx: &mut SyncWorkflowContext<Self>, number: Received<u32>) {
        let Some(number) = number.read() else { return };
        self.number = Some(number);
    }
}

/// Calls a local activity.
#[workflow]
#[derive(Default)]
pub struct Local;

#[workflow_methods]
impl Local {
    #[run(name = "local")]
    pub async fn run(ctx: &mut WorkflowContext<Self>, text: String) -> WorkflowResult<String> {
        Ok(ctx.execute_local_activity(Lab::echo, text, LocalActivityOptions::default()).await?)
    }
}

/// Calls an activity of another product on the queue that its contract names, again each time it is told to.
#[workflow]
#[derive(Default)]
pub struct Relay {
    told: u32,
}

#[workflow_methods]
impl Relay {
    #[run(name = "relay")]
    pub async fn run(ctx: &mut WorkflowContext<Self>, (queue, times): (String, u32)) -> WorkflowResult<u32> {
        for time in 0..times {
            ctx.wait_condition(move |relay| relay.told > time).await?;
            let options = ActivityOptions::with_start_to_close_timeout(Duration::from_secs(30));
            let options = options.task_queue(queue.clone()).build();
            ctx.execute_activity(Lab::echo, format!("relayed {time}"), options).await?;
        }
        Ok(times)
    }

    #[signal(name = "next")]
    pub fn next(&mut self, _ctx: &mut SyncWorkflowContext<Self>, told: Received<u32>) {
        let Some(told) = told.read() else { return };
        self.told = self.told.max(told);
    }
}

/// Adds up what it is sent, until it has enough.
#[workflow]
#[derive(Default)]
pub struct Tally {
    total: u32,
}

#[workflow_methods]
impl Tally {
    #[run(name = "tally")]
    pub async fn run(ctx: &mut WorkflowContext<Self>, enough: u32) -> WorkflowResult<u32> {
        ctx.wait_condition(move |tally| tally.total >= enough).await?;
        Ok(ctx.state(|tally| tally.total))
    }

    #[signal(name = "add")]
    pub fn add(&mut self, _ctx: &mut SyncWorkflowContext<Self>, number: Received<u32>) {
        let Some(number) = number.read() else { return };
        self.total += number;
    }

    #[query(name = "total")]
    pub fn total(&self, _ctx: &WorkflowContextView) -> u32 {
        self.total
    }

    #[query(name = "share")]
    pub fn share(
        &self,
        _ctx: &WorkflowContextView,
        among: u32,
    ) -> Result<u32, Box<dyn std::error::Error + Send + Sync>> {
        self.total.checked_div(among).ok_or_else(|| "nobody to share it with".into())
    }

    #[update(name = "take")]
    pub fn take(&mut self, _ctx: &mut SyncWorkflowContext<Self>, number: u32) -> u32 {
        self.total += number;
        self.total
    }

    #[update_validator(take)]
    pub fn is_countable(
        &self,
        _ctx: &WorkflowContextView,
        number: &u32,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        match (number, self.total.checked_add(*number)) {
            (0, _) => Err("nothing to take".into()),
            (_, None) => Err("too much to take".into()),
            _ => Ok(()),
        }
    }
}
