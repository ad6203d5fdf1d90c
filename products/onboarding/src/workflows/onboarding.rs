//! `onboarding`: an account, a welcome and a trial side by side, a wait, a follow-up.

use std::time::Duration;

use mainspring::prelude::ActivityContract;
use onboarding_contract::{
    Activities, Customer, FollowUp, NewUser, Onboarded, OnboardingError, OnboardingInput, OnboardingStatus, Outcome,
    Phase,
};
use temporalio_common::data_converters::RawValue;
use temporalio_common::error::ActivityExecutionError;
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::workflows::{join, select};
use temporalio_sdk::{
    ActivityOptions, CancellableFuture, SyncWorkflowContext, TimerOptions, WorkflowContext, WorkflowContextView,
    WorkflowResult,
};
use temporalio_workflow::WorkflowTermination;

/// Onboards a user.
#[workflow]
#[derive(Debug, Default)]
pub struct Onboarding {
    status: OnboardingStatus,
}

#[workflow_methods]
impl Onboarding {
    /// Runs every step in turn; see the contract.
    ///
    /// # Errors
    /// An [`InvalidInput`](onboarding_contract::InvalidInput), an [`OnboardingError`], or the workflow was cancelled.
    #[run(name = "onboarding")]
    pub async fn run(ctx: &mut WorkflowContext<Self>, input: OnboardingInput) -> WorkflowResult<Onboarded> {
        input.check()?;
        let wait = input.follow_up_after();
        let OnboardingInput { user_id, email, .. } = input;

        let user = NewUser { user_id: user_id.clone(), email: email.clone() };
        let account = ctx
            .execute_activity(
                Activities::create_user_account,
                user,
                options(&Activities::create_user_account, "account"),
            )
            .await;
        let account = account.map_err(|cause| {
            failed(cause, |reason, cause| OnboardingError::AccountNotCreated {
                user_id: user_id.clone(),
                reason,
                cause,
            })
        })?;

        enter(ctx, Phase::SettingUp);
        let customer = Customer { user_id, email, account_id: account.account_id.clone() };
        // Both end before the outcome is judged, so a failure can say what is there and what is not.
        let (message_id, resources) = join!(
            ctx.execute_activity(
                Activities::send_welcome_email,
                customer.clone(),
                options(&Activities::send_welcome_email, "welcome")
            ),
            ctx.execute_activity(
                Activities::provision_trial_resources,
                customer.clone(),
                options(&Activities::provision_trial_resources, "trial")
            ),
        );
        let (message_id, resources) = match (message_id, resources) {
            (Ok(message_id), Ok(resources)) => (message_id, resources),
            (Err(email), Ok(resources)) => {
                let there =
                    format!("no welcome email: {}. Its resources are {}", reason(&email), resources.0.join(", "));
                return Err(incomplete(&customer, there, email));
            }
            (Ok(message_id), Err(trial)) => {
                let there = format!("no trial resources: {}. Its welcome email is {message_id}", reason(&trial));
                return Err(incomplete(&customer, there, trial));
            }
            (Err(email), Err(trial)) => {
                let there = format!("no welcome email: {}; no trial resources: {}", reason(&email), reason(&trial));
                return Err(incomplete(&customer, there, email));
            }
        };

        enter(ctx, Phase::Waiting);
        wait_for_follow_up(ctx, wait).await?;
        let user_id = customer.user_id.clone();
        if ctx.state(|state| state.status.follow_up) == FollowUp::Planned {
            enter(ctx, Phase::FollowingUp);
            let sent = ctx
                .execute_activity(
                    Activities::send_follow_up,
                    customer,
                    options(&Activities::send_follow_up, "follow-up"),
                )
                .await;
            sent.map_err(|cause| {
                failed(cause, |reason, cause| OnboardingError::FollowUpNotSent {
                    user_id: user_id.clone(),
                    reason,
                    cause,
                })
            })?;
            ctx.state_mut(|state| state.status.follow_up = FollowUp::Sent);
        }
        enter(ctx, Phase::Onboarded);
        Ok(Onboarded { user_id, account, message_id, resources, status: Outcome::Onboarded })
    }

    /// Calls the follow-up off, as long as it has not begun. Whatever a caller sends along is passed over: a payload that
    /// does not decode would hold the workflow up.
    #[signal(name = "cancel_follow_up")]
    pub fn cancel_follow_up(&mut self, _ctx: &mut SyncWorkflowContext<Self>, _ignored: RawValue) {
        if !matches!(self.status.phase, Phase::FollowingUp | Phase::Onboarded) {
            self.status.follow_up = FollowUp::Cancelled;
        }
    }

    /// How far it is.
    #[query(name = "status")]
    pub fn status(&self, _ctx: &WorkflowContextView) -> OnboardingStatus {
        self.status
    }
}

/// As its contract says, under a name that people read.
fn options(activity: &impl ActivityContract, summary: &str) -> ActivityOptions {
    let mut options = activity.options();
    options.summary = Some(summary.to_owned());
    options
}

fn enter(ctx: &WorkflowContext<Onboarding>, phase: Phase) {
    ctx.state_mut(|state| state.status.phase = phase);
    tracing::info!(?phase, "onboarding goes on");
}

/// Ends when the time has passed, or at once when the follow-up is called off.
async fn wait_for_follow_up(ctx: &WorkflowContext<Onboarding>, wait: Duration) -> Result<(), WorkflowTermination> {
    if wait.is_zero() || ctx.state(|state| state.status.follow_up) == FollowUp::Cancelled {
        return Ok(());
    }
    let options = TimerOptions::builder(wait).summary("until the follow-up".to_owned()).build();
    let mut timer = std::pin::pin!(ctx.timer(options));
    // The first branch is looked at first: a signal in the task in which the timer fires still counts.
    select! {
        called_off = ctx.wait_condition(|state| state.status.follow_up == FollowUp::Cancelled) => {
            called_off?;
            timer.cancel();
        }
        _ = timer => {}
    }
    Ok(())
}

/// What the service said, or what kept the activity from an answer.
fn reason(error: &ActivityExecutionError) -> String {
    let failure = error.reason().map(|reason| reason.failure().message.clone());
    failure.unwrap_or_else(|| error.to_string())
}

/// A cancelled activity cancels the workflow, and an answer that does not decode waits for a build that can: only a
/// failed one is a failure of the workflow.
fn failed(
    cause: ActivityExecutionError,
    failure: impl FnOnce(String, ActivityExecutionError) -> OnboardingError,
) -> WorkflowTermination {
    match cause {
        ActivityExecutionError::Failed(_) => failure(reason(&cause), cause).into(),
        other => other.into(),
    }
}

fn incomplete(customer: &Customer, lacking: String, cause: ActivityExecutionError) -> WorkflowTermination {
    failed(cause, |_, cause| OnboardingError::OnboardingIncomplete {
        user_id: customer.user_id.clone(),
        account_id: customer.account_id.clone(),
        lacking,
        cause,
    })
}
