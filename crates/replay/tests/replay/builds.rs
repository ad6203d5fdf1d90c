//! One workflow, as different builds have it: all under the name `onboarding`.

use std::time::Duration;

use mainspring_replay::Code;
use temporalio_common::data_converters::RawValue;
use temporalio_common::{UntypedActivity, UntypedWorkflow};
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::workflow_replayer::WorkflowReplayerOptions;
use temporalio_sdk::workflows::join;
use temporalio_sdk::{ActivityOptions, ChildWorkflowOptions, WorkflowContext, WorkflowResult};

/// A build that has this workflow alone.
macro_rules! code {
    ($workflow:ty) => {
        crate::builds::code_of(|options| drop(options.register_workflow::<$workflow>()))
    };
}
pub(crate) use code;

pub(crate) fn code_of(register: impl FnOnce(&mut WorkflowReplayerOptions)) -> Code {
    let mut options = WorkflowReplayerOptions::new().build();
    register(&mut options);
    Code::new(["onboarding".to_owned()], options)
}

async fn step<W>(ctx: &WorkflowContext<W>, activity: &str) -> WorkflowResult<()> {
    let options = ActivityOptions::start_to_close_timeout(Duration::from_secs(30));
    ctx.execute_activity(UntypedActivity::new(activity), RawValue::new(Vec::new()), options).await?;
    Ok(())
}

async fn second<W>(ctx: &WorkflowContext<W>) {
    ctx.timer(Duration::from_secs(1)).await;
}

async fn both<W>(ctx: &WorkflowContext<W>) -> WorkflowResult<()> {
    let (welcome, trial) = join!(step(ctx, "send_welcome_email"), step(ctx, "provision_trial_resources"));
    welcome.and(trial)
}

/// A workflow `onboarding` with this body.
macro_rules! build {
    ($(#[$doc:meta])* $name:ident, |$ctx:ident| $body:block) => {
        $(#[$doc])*
        #[workflow]
        #[derive(Default)]
        pub struct $name;

        #[workflow_methods]
        impl $name {
            #[run(name = "onboarding")]
            pub async fn run($ctx: &mut WorkflowContext<Self>, _input: RawValue) -> WorkflowResult<()> $body
        }
    };
}

build!(
    /// Blocks its thread for good.
    Blocked, |_ctx| {
        loop {
            std::thread::park();
        }
    }
);

build!(
    /// Does what history says.
    Same, |ctx| {
        step(ctx, "create_user_account").await?;
        both(ctx).await?;
        second(ctx).await;
        step(ctx, "send_follow_up").await
    }
);
build!(
    /// Waits before it begins.
    TimerFirst, |ctx| {
        second(ctx).await;
        step(ctx, "create_user_account").await
    }
);
build!(
    /// Its first activity has another name.
    Renamed, |ctx| { step(ctx, "create_account").await }
);
build!(
    /// It no longer follows up.
    EndsEarly, |ctx| {
        step(ctx, "create_user_account").await?;
        both(ctx).await?;
        second(ctx).await;
        Ok(())
    }
);
build!(
    /// It does one thing more.
    OneMore, |ctx| {
        step(ctx, "create_user_account").await?;
        both(ctx).await?;
        second(ctx).await;
        step(ctx, "send_follow_up").await?;
        step(ctx, "send_survey").await
    }
);
build!(
    /// It waits for something that never comes.
    Stuck, |ctx| {
        step(ctx, "create_user_account").await?;
        ctx.wait_condition(|_| false).await?;
        Ok(())
    }
);
build!(
    /// A child workflow does what two activities did.
    Child, |ctx| {
        step(ctx, "create_user_account").await?;
        let child = ctx.start_child_workflow(UntypedWorkflow::new("set-up"), RawValue::new(Vec::new()), ChildWorkflowOptions::default());
        child.await?;
        Ok(())
    }
);
build!(
    /// It panics after its first step.
    Panics, |ctx| {
        step(ctx, "create_user_account").await?;
        panic!("a bug of this build")
    }
);
build!(
    /// The change of `OneMore` and `TimerFirst`, guarded.
    Patched, |ctx| {
        if ctx.patched("wait-first") {
            second(ctx).await;
        }
        step(ctx, "create_user_account").await?;
        both(ctx).await?;
        second(ctx).await;
        step(ctx, "send_follow_up").await?;
        if ctx.patched("survey") {
            step(ctx, "send_survey").await?;
        }
        Ok(())
    }
);
