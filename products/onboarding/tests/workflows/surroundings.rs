//! What the tests share: mocks of four services that do as they are asked, and an input.

use mainspring_testing::{Env, TestError, WorkerBuilder};
use onboarding::product;
use onboarding_contract::{Account, Activities, OnboardingInput, Resources};

pub(crate) type Outcome = Result<(), TestError>;

/// Without a wait before the follow-up.
pub(crate) fn input() -> OnboardingInput {
    OnboardingInput { follow_up_after_seconds: 0, ..OnboardingInput::new("ada", "ada@example.com") }
}

/// Every service answers. A mock that a test gives besides takes the place of one of these.
pub(crate) fn obliging(env: &Env) -> WorkerBuilder {
    env.worker([product()])
        .mock(Activities::create_user_account, |user| async move {
            Ok(Account { account_id: format!("account of {}", user.user_id) })
        })
        .mock(Activities::send_welcome_email, |_| async { Ok("welcome-1".to_owned()) })
        .mock(Activities::provision_trial_resources, |_| async {
            Ok(Resources(vec!["workspace".to_owned(), "database".to_owned()]))
        })
        .mock(Activities::send_follow_up, |_| async { Ok("follow-up-1".to_owned()) })
        .mocks_only()
}
