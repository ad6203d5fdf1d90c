//! What can be said to an onboarding that runs, and asked of it at any time.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use temporalio_common::{QueryDefinition, SignalDefinition};

use crate::Onboarding;

/// The signal `cancel_follow_up`: no follow-up is sent, and the wait for it ends at once. It may come at any time before
/// the follow-up begins; later, and a second time, it does nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct CancelFollowUp;

impl SignalDefinition for CancelFollowUp {
    type Workflow = Onboarding;
    type Input = ();

    fn name(&self) -> &'static str {
        "cancel_follow_up"
    }
}

/// The query `status`.
#[derive(Clone, Copy, Debug, Default)]
pub struct GetStatus;

impl QueryDefinition for GetStatus {
    type Workflow = Onboarding;
    type Input = ();
    type Output = OnboardingStatus;

    fn name(&self) -> &'static str {
        "status"
    }
}

/// How far an onboarding is. Of one that failed or was cancelled: where it stopped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OnboardingStatus {
    /// What it does now.
    pub phase: Phase,
    /// What becomes of the follow-up.
    pub follow_up: FollowUp,
}

/// What an onboarding does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Phase {
    /// It asks for the account.
    #[default]
    CreatingAccount,
    /// It asks for the welcome email and the resources.
    SettingUp,
    /// It waits until the follow-up is due.
    Waiting,
    /// It asks for the follow-up.
    FollowingUp,
    /// It has ended well.
    Onboarded,
}

/// What becomes of the follow-up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FollowUp {
    /// It is sent after the wait.
    #[default]
    Planned,
    /// [`CancelFollowUp`] came in time.
    Cancelled,
    /// It was sent.
    Sent,
}
