//! The activities, as their callers see them. What the SDK's macro makes of them has no docs and no `Debug`.
#![allow(missing_docs, missing_debug_implementations, clippy::needless_pass_by_value, clippy::unimplemented)]

use temporalio_common::ActivityError;
use temporalio_macros::activity_definitions;

use crate::{Account, Customer, NewUser, Resources};

/// The activities of `onboarding`: one HTTP call each, the same again under the same workflow id.
#[derive(Clone, Copy, Debug)]
pub struct Activities;

#[activity_definitions]
impl Activities {
    /// Asks the accounts service for the user's account.
    #[activity(name = "create_user_account")]
    pub fn create_user_account(user: NewUser) -> Result<Account, ActivityError> {
        unimplemented!()
    }

    /// Asks the email service for the welcome email; gives the message's id.
    #[activity(name = "send_welcome_email")]
    pub fn send_welcome_email(customer: Customer) -> Result<String, ActivityError> {
        unimplemented!()
    }

    /// Asks the resources service for what a trial needs.
    #[activity(name = "provision_trial_resources")]
    pub fn provision_trial_resources(customer: Customer) -> Result<Resources, ActivityError> {
        unimplemented!()
    }

    /// Asks the email service for the follow-up; gives the message's id.
    #[activity(name = "send_follow_up")]
    pub fn send_follow_up(customer: Customer) -> Result<String, ActivityError> {
        unimplemented!()
    }
}

pub use activities::{
    CreateUserAccount as CreateUserAccountActivity, ProvisionTrialResources as ProvisionTrialResourcesActivity,
    SendFollowUp as SendFollowUpActivity, SendWelcomeEmail as SendWelcomeEmailActivity,
};
