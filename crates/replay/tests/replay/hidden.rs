//! What no lint sees: a clock behind `dyn`, in a function that workflow code calls. A replay of a branch that it decided does.

use std::time::{Duration, SystemTime};

use mainspring_replay::Verdict;
use temporalio_common::UntypedActivity;
use temporalio_common::data_converters::RawValue;
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::workflows::join;
use temporalio_sdk::{ActivityOptions, WorkflowContext, WorkflowResult};

use crate::builds::code;
use crate::onboarded;

/// What a library may have.
trait Clock: Sync {
    fn now(&self, workflow_time: SystemTime) -> SystemTime;
}

/// The machine's.
struct Wall;

impl Clock for Wall {
    fn now(&self, _workflow_time: SystemTime) -> SystemTime {
        SystemTime::now()
    }
}

/// That of the history.
struct Told;

impl Clock for Told {
    fn now(&self, workflow_time: SystemTime) -> SystemTime {
        workflow_time
    }
}

/// A workflow that is younger than a second begins at once; an older one, as it thinks, waits first.
async fn onboard<W>(ctx: &WorkflowContext<W>, clock: &dyn Clock) -> WorkflowResult<()> {
    let began = ctx.workflow_time().unwrap_or(SystemTime::UNIX_EPOCH);
    let is_young = clock.now(began).duration_since(began).is_ok_and(|age| age < Duration::from_secs(1));
    if !is_young {
        ctx.timer(Duration::from_secs(5)).await;
    }
    step(ctx, "create_user_account").await?;
    let (welcome, trial) = join!(step(ctx, "send_welcome_email"), step(ctx, "provision_trial_resources"));
    welcome.and(trial)?;
    ctx.timer(Duration::from_secs(1)).await;
    step(ctx, "send_follow_up").await
}

async fn step<W>(ctx: &WorkflowContext<W>, activity: &str) -> WorkflowResult<()> {
    let options = ActivityOptions::start_to_close_timeout(Duration::from_secs(30));
    ctx.execute_activity(UntypedActivity::new(activity), RawValue::new(Vec::new()), options).await?;
    Ok(())
}

#[workflow]
#[derive(Default)]
struct ByTheWall;

#[workflow_methods]
impl ByTheWall {
    #[run(name = "onboarding")]
    async fn run(ctx: &mut WorkflowContext<Self>, _input: RawValue) -> WorkflowResult<()> {
        onboard(ctx, &Wall).await
    }
}

#[workflow]
#[derive(Default)]
struct ByTheHistory;

#[workflow_methods]
impl ByTheHistory {
    #[run(name = "onboarding")]
    async fn run(ctx: &mut WorkflowContext<Self>, _input: RawValue) -> WorkflowResult<()> {
        onboard(ctx, &Told).await
    }
}

/// When it ran it was young, and it never is again.
#[test]
fn a_branch_of_a_clock_behind_dyn_parts_from_its_history() {
    assert_eq!(code!(ByTheHistory).replay(&onboarded()).unwrap().verdict, Verdict::Same);
    let Verdict::Parted(parting) = code!(ByTheWall).replay(&onboarded()).unwrap().verdict else {
        panic!("it is the same")
    };
    assert_eq!(
        parting.to_string(),
        "at event 5, history has ActivityTaskScheduled create_user_account, the code now wants StartTimer 5s"
    );
    assert!(parting.sdk.contains("[TMPRL1100]"), "the SDK's own detector says it: {}", parting.sdk);
}
