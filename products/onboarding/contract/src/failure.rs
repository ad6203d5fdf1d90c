//! How an onboarding fails. Each is final: what may yet succeed is retried by the activity, as often as it takes.

use mainspring_vocabulary::Failure;
use temporalio_common::error::ActivityExecutionError;

/// The input breaks one of its rules: the workflow fails before anything is done.
#[derive(Debug, Failure)]
#[failure(terminal, message = "the input's {field} {rule}: nothing was done")]
#[non_exhaustive]
pub struct InvalidInput {
    /// The field's name.
    pub field: &'static str,
    /// What is wrong, and what would be right.
    pub rule: String,
}

/// Why an onboarding failed on its way. The names are those on the wire, the messages say what is there and what is not.
///
/// Start it again under the same id once the cause is mended: what was done is not done twice.
#[derive(Debug, Failure)]
#[non_exhaustive]
pub enum OnboardingError {
    /// The accounts service refused; nothing was done.
    #[failure(terminal, message = "user {user_id} has no account: {reason}")]
    AccountNotCreated {
        /// Who was to be onboarded.
        user_id: String,
        /// What the service said.
        reason: String,
        /// The activity's failure.
        #[source]
        cause: ActivityExecutionError,
    },
    /// There is an account, and the welcome email or the resources, or both, were refused.
    #[failure(terminal, message = "user {user_id} has account {account_id}, and {lacking}")]
    OnboardingIncomplete {
        /// Who was to be onboarded.
        user_id: String,
        /// The account, which stays.
        account_id: String,
        /// What is missing and why, and what is there.
        lacking: String,
        /// The first failure of the two.
        #[source]
        cause: ActivityExecutionError,
    },
    /// All is there, and the follow-up was refused.
    #[failure(terminal, message = "user {user_id} is onboarded, and the follow-up was not sent: {reason}")]
    FollowUpNotSent {
        /// Who was onboarded.
        user_id: String,
        /// What the service said.
        reason: String,
        /// The activity's failure.
        #[source]
        cause: ActivityExecutionError,
    },
}
