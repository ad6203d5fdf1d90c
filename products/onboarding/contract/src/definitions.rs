//! The activities, as their callers see them, and how long each may take. What the SDK's macro makes of them has no docs and no `Debug`.
#![allow(missing_docs, missing_debug_implementations, clippy::needless_pass_by_value, clippy::unimplemented)]

use std::time::Duration;

use mainspring_vocabulary::{ActivityContract, Timeouts};
use temporalio_common::{ActivityError, RetryPolicy};
use temporalio_macros::activity_definitions;

use crate::{Account, Customer, NewUser, Resources, ServiceError};

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

/// The longest that one call to a service may take, from its connection to the last byte of its answer.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// The longest wait between two attempts, unless a service asks for another.
const LONGEST_INTERVAL: Duration = Duration::from_secs(60);

/// Each step is one call. It is tried until its service has done it or refused it: there is no last attempt.
macro_rules! one_call {
    ($($activity:ident)*) => {$(
        impl ActivityContract for activities::$activity {
            type Failures = ServiceError;
            const TIMEOUTS: Timeouts = Timeouts::start_to_close(Duration::from_secs(CALL_TIMEOUT.as_secs() + 5));

            fn retry_policy() -> RetryPolicy {
                RetryPolicy::builder().maximum_interval(LONGEST_INTERVAL).build()
            }
        }
    )*};
}

one_call!(CreateUserAccount SendWelcomeEmail ProvisionTrialResources SendFollowUp);

pub use activities::{
    CreateUserAccount as CreateUserAccountActivity, ProvisionTrialResources as ProvisionTrialResourcesActivity,
    SendFollowUp as SendFollowUpActivity, SendWelcomeEmail as SendWelcomeEmailActivity,
};
