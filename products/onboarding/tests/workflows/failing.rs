//! Paths that end with a failure, or nearly.

use mainspring::prelude::Failure;
use mainspring_testing::{Env, RunError, fails_first};
use onboarding_contract::{Account, Activities, FollowUp, GetStatus, NewUser, Onboarding, OnboardingInput, Phase};
use temporalio_common::ActivityError;

use crate::surroundings::{Outcome, input, obliging};

#[derive(Debug, Failure)]
enum ServiceError {
    #[failure(terminal, message = "we do not serve {0}")]
    Refused(&'static str),
    #[failure(retryable, message = "come back later")]
    Busy,
}

async fn refused<T>(what: &'static str) -> Result<T, ActivityError> {
    Err(ServiceError::Refused(what).into())
}

/// The type name and the message of a workflow's failure.
fn said(error: &RunError) -> Option<(&str, &str)> {
    let failure = error.failure()?;
    Some((failure.type_name()?, failure.message()))
}

#[tokio::test]
async fn an_input_that_breaks_a_rule_fails_before_anything_is_done() -> Outcome {
    let env = Env::shared().await?;
    let worker = obliging(&env).start().await?;
    let error = worker.execute::<Onboarding>(OnboardingInput::new("ada", "nowhere")).await.unwrap_err();
    let (name, message) = said(&error).ok_or("not a failure")?;
    assert_eq!(name, "InvalidInput");
    assert!(message.contains("email is to be an address such as ada@example.com"), "{message}");
    assert_eq!(worker.calls(Activities::create_user_account), []);
    Ok(worker.stop().await?)
}

#[tokio::test]
async fn without_an_account_nothing_else_is_asked_for() -> Outcome {
    let env = Env::shared().await?;
    let worker = obliging(&env).mock(Activities::create_user_account, |_| refused("ada")).start().await?;
    let run = worker.start::<Onboarding>(input()).await?;
    let error = run.result().await.unwrap_err();
    assert_eq!(said(&error), Some(("AccountNotCreated", "user ada has no account: we do not serve ada")));
    assert_eq!(run.query(GetStatus, ()).await?.phase, Phase::CreatingAccount);
    assert_eq!(worker.calls(Activities::send_welcome_email), []);
    assert_eq!(worker.calls(Activities::provision_trial_resources), []);
    Ok(worker.stop().await?)
}

#[tokio::test]
async fn what_is_there_and_what_is_not_is_said_of_each_half() -> Outcome {
    let env = Env::shared().await?;
    let account = "user ada has account account of ada, and";
    let email =
        |worker: mainspring_testing::WorkerBuilder| worker.mock(Activities::send_welcome_email, |_| refused("mail"));
    let trial = |worker: mainspring_testing::WorkerBuilder| {
        worker.mock(Activities::provision_trial_resources, |_| refused("trials"))
    };
    let cases = [
        (email(obliging(&env)), "no welcome email: we do not serve mail. Its resources are workspace, database"),
        (trial(obliging(&env)), "no trial resources: we do not serve trials. Its welcome email is welcome-1"),
        (
            trial(email(obliging(&env))),
            "no welcome email: we do not serve mail; no trial resources: we do not serve trials",
        ),
    ];
    for (worker, lacking) in cases {
        let worker = worker.start().await?;
        let error = worker.execute::<Onboarding>(input()).await.unwrap_err();
        assert_eq!(said(&error), Some(("OnboardingIncomplete", format!("{account} {lacking}").as_str())));
        assert!(error.failure().is_some_and(|failure| failure.is("Refused")), "the cause is kept: {error}");
        assert_eq!(worker.calls(Activities::send_follow_up), []);
        worker.stop().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_follow_up_that_is_refused_leaves_the_rest() -> Outcome {
    let env = Env::shared().await?;
    let worker = obliging(&env).mock(Activities::send_follow_up, |_| refused("ada")).start().await?;
    let run = worker.start::<Onboarding>(input()).await?;
    let error = run.result().await.unwrap_err();
    assert_eq!(
        said(&error),
        Some(("FollowUpNotSent", "user ada is onboarded, and the follow-up was not sent: we do not serve ada"))
    );
    let status = run.query(GetStatus, ()).await?;
    assert_eq!((status.phase, status.follow_up), (Phase::FollowingUp, FollowUp::Planned));
    Ok(worker.stop().await?)
}

#[tokio::test]
async fn a_service_that_is_busy_is_asked_until_it_answers() -> Outcome {
    let env = Env::shared().await?;
    let account = |user: NewUser| async move { Ok(Account { account_id: user.user_id }) };
    let busy = fails_first(3, || ServiceError::Busy, account);
    let worker = obliging(&env).mock(Activities::create_user_account, busy).start().await?;
    assert_eq!(worker.execute::<Onboarding>(input()).await?.account.account_id, "ada");
    let attempts: Vec<u32> = worker.calls(Activities::create_user_account).iter().map(|call| call.attempt).collect();
    assert_eq!(attempts, [1, 2, 3, 4]);
    Ok(worker.stop().await?)
}
