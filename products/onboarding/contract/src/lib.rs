//! What callers of `onboarding` need: its task queue, its types, its signal and query, its failures and the contracts of
//! its activities. No worker code.

mod definitions;
mod failure;
mod input;
mod interaction;
mod service_error;

pub use definitions::{
    Activities, CALL_TIMEOUT, CreateUserAccountActivity, ProvisionTrialResourcesActivity, SendFollowUpActivity,
    SendWelcomeEmailActivity,
};
pub use failure::{InvalidInput, OnboardingError};
pub use input::{DEFAULT_FOLLOW_UP_AFTER_SECONDS, LONGEST_FOLLOW_UP_AFTER_SECONDS, OnboardingInput};
pub use interaction::{CancelFollowUp, FollowUp, GetStatus, OnboardingStatus, Phase};
use mainspring_vocabulary::{Contract, Messages};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
pub use service_error::ServiceError;
use temporalio_common::{HasWorkflowDefinition, WorkflowDefinition};

/// The task queue that its workers poll.
pub const TASK_QUEUE: &str = "onboarding";

/// The workflow `onboarding`: an account; then a welcome email and the resources of a trial, side by side; then a wait,
/// and a follow-up unless [`CancelFollowUp`] came before. It fails with
/// [`InvalidInput`] or an [`OnboardingError`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Onboarding;

impl WorkflowDefinition for Onboarding {
    type Input = OnboardingInput;
    type Output = Onboarded;

    fn name(&self) -> &'static str {
        "onboarding"
    }
}

impl HasWorkflowDefinition for Onboarding {
    type Run = Self;
}

impl Contract for Onboarding {
    const TASK_QUEUE: &'static str = TASK_QUEUE;
    const WORKFLOW_ID: Option<fn(&OnboardingInput) -> String> = Some(|input| format!("onboarding-{}", input.user_id));

    fn messages(messages: Messages<Self>) -> Messages<Self> {
        messages.signal(CancelFollowUp).query(GetStatus)
    }
}

/// What came of an onboarding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Onboarded {
    /// Who was onboarded.
    pub user_id: String,
    /// The account.
    pub account: Account,
    /// The welcome email, as the email service knows it.
    pub message_id: String,
    /// What the trial was given.
    pub resources: Resources,
    /// Always `onboarded`.
    pub status: Outcome,
}

/// How an onboarding that did not fail ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// All is there. Whether a follow-up was sent, the query [`GetStatus`] says.
    Onboarded,
}

/// Who is to get an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NewUser {
    /// The user.
    pub user_id: String,
    /// Their address.
    pub email: String,
}

/// Who has an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Customer {
    /// The user.
    pub user_id: String,
    /// Their address.
    pub email: String,
    /// Their account.
    pub account_id: String,
}

/// An account, as the accounts service answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Account {
    /// The service's id of it.
    pub account_id: String,
}

/// What a trial was given: the resources service's ids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Resources(pub Vec<String>);
