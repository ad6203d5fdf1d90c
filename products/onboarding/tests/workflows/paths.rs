//! Paths that end well, or are called off.

use std::time::Duration;

use mainspring_testing::Env;
use onboarding_contract::{
    Activities, CancelFollowUp, Customer, FollowUp, GetStatus, NewUser, Onboarding, OnboardingInput, Outcome as Ended,
    Phase,
};
use tokio::sync::watch;

use crate::surroundings::{Outcome, input, obliging};

#[tokio::test]
async fn each_step_is_given_what_the_steps_before_it_made() -> Outcome {
    let env = Env::shared().await?;
    let worker = obliging(&env).start().await?;
    let run = worker.start::<Onboarding>(input()).await?;
    let onboarded = run.result().await?;
    assert_eq!((onboarded.account.account_id.as_str(), onboarded.message_id.as_str()), ("account of ada", "welcome-1"));
    assert_eq!((onboarded.resources.0.len(), onboarded.status), (2, Ended::Onboarded));
    let status = run.query(GetStatus, ()).await?;
    assert_eq!((status.phase, status.follow_up), (Phase::Onboarded, FollowUp::Sent));
    let user = NewUser { user_id: "ada".into(), email: "ada@example.com".into() };
    assert_eq!(worker.calls(Activities::create_user_account)[0].input, user);
    let customer =
        Customer { user_id: user.user_id, email: user.email, account_id: onboarded.account.account_id.clone() };
    let given = [
        worker.calls(Activities::send_welcome_email),
        worker.calls(Activities::provision_trial_resources),
        worker.calls(Activities::send_follow_up),
    ];
    for calls in given {
        assert_eq!(calls.iter().map(|call| (&call.input, call.attempt)).collect::<Vec<_>>(), [(&customer, 1)]);
    }
    Ok(worker.stop().await?)
}

#[tokio::test]
async fn a_week_passes_before_the_follow_up() -> Outcome {
    let env = Env::skipping_alone().await?;
    let worker = obliging(&env).start().await?;
    let before = env.now().await?;
    let run = worker.start::<Onboarding>(OnboardingInput::new("ada", "ada@example.com")).await?;
    run.result().await?;
    let week = Duration::from_secs(7 * 86_400);
    assert!(env.now().await?.duration_since(before)? >= week);
    assert_eq!(run.query(GetStatus, ()).await?.follow_up, FollowUp::Sent);
    Ok(worker.stop().await?)
}

#[tokio::test]
async fn a_follow_up_that_is_called_off_ends_the_wait() -> Outcome {
    let env = Env::shared().await?;
    let (tell, told) = watch::channel(false);
    let trial = move |_| {
        tell.send_replace(true);
        async { Ok(onboarding_contract::Resources(Vec::new())) }
    };
    let worker = obliging(&env).mock(Activities::provision_trial_resources, trial).start().await?;
    let run = worker.start::<Onboarding>(OnboardingInput::new("ada", "ada@example.com")).await?;
    tokio::time::timeout(Duration::from_secs(60), told.clone().wait_for(|told| *told)).await??;
    // Side by side: what came first may end the run before the other is there.
    let (one, other) = tokio::join!(run.signal(CancelFollowUp, ()), run.signal(CancelFollowUp, ()));
    one.or(other)?;
    run.result().await?;
    let status = run.query(GetStatus, ()).await?;
    assert_eq!((status.phase, status.follow_up), (Phase::Onboarded, FollowUp::Cancelled));
    assert_eq!(worker.calls(Activities::send_follow_up), []);
    Ok(worker.stop().await?)
}

#[tokio::test]
async fn a_follow_up_may_be_called_off_before_there_is_an_account() -> Outcome {
    let env = Env::shared().await?;
    let (go, gone) = watch::channel(false);
    let account = move |_| {
        let mut gone = gone.clone();
        async move {
            // The test holds the sender.
            let _ = gone.wait_for(|gone| *gone).await;
            Ok(onboarding_contract::Account { account_id: "late".to_owned() })
        }
    };
    let worker = obliging(&env).mock(Activities::create_user_account, account).start().await?;
    let run = worker.start::<Onboarding>(OnboardingInput::new("ada", "ada@example.com")).await?;
    run.signal(CancelFollowUp, ()).await?;
    assert_eq!(run.query(GetStatus, ()).await?.phase, Phase::CreatingAccount);
    go.send_replace(true);
    assert_eq!(run.result().await?.account.account_id, "late");
    assert_eq!(worker.calls(Activities::send_follow_up), []);
    Ok(worker.stop().await?)
}

#[tokio::test]
async fn it_can_be_cancelled_while_it_waits_for_a_service_or_for_the_follow_up() -> Outcome {
    let env = Env::shared().await?;
    let (tell, told) = watch::channel(0);
    let asked = move |_| {
        tell.send_modify(|asked| *asked += 1);
        std::future::pending()
    };
    let worker = obliging(&env).mock(Activities::create_user_account, asked).start().await?;
    let run = worker.start::<Onboarding>(input()).await?;
    tokio::time::timeout(Duration::from_secs(60), told.clone().wait_for(|asked| *asked == 1)).await??;
    run.cancel("a test").await?;
    let error = run.result().await.unwrap_err().to_string();
    assert!(error.ends_with("was cancelled"), "{error}");
    let (tell, told) = watch::channel(false);
    let trial = move |_| {
        tell.send_replace(true);
        async { Ok(onboarding_contract::Resources(Vec::new())) }
    };
    let worker = obliging(&env).mock(Activities::provision_trial_resources, trial).start().await?;
    let run = worker.start::<Onboarding>(OnboardingInput::new("ada", "ada@example.com")).await?;
    tokio::time::timeout(Duration::from_secs(60), told.clone().wait_for(|told| *told)).await??;
    run.cancel("a test").await?;
    let error = run.result().await.unwrap_err().to_string();
    assert!(error.ends_with("was cancelled"), "{error}");
    assert_eq!(worker.calls(Activities::send_follow_up), []);
    Ok(())
}
