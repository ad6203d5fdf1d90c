//! What a service's failure does to an onboarding.

use std::time::Duration;

use mainspring_testing::Workflows;
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use temporalio_common::protos::temporal::api::enums::v1::EventType;

use crate::rig::{Outcome, Rig, Twist};

#[tokio::test]
async fn a_service_that_fails_twice_is_asked_again_when_it_says() -> Outcome {
    let rig = Rig::new().await?;
    rig.twist("accounts", Twist::busy_for(3));
    rig.twist("accounts", Twist::answer(500, "out of ids"));
    rig.twist("accounts", Twist::answer(500, "still out of ids"));
    let _worker = rig.worker().await?;
    let id = rig.start(Some(0)).await?;
    assert_eq!(rig.client.result::<Value>(&id).await?["account"], json!({ "account_id": "acct-1" }));
    let calls = rig.calls("accounts", 4).await?;
    assert_eq!(calls.iter().map(|call| call.status).collect::<Vec<_>>(), [503, 500, 500, 201]);
    assert!(calls.iter().all(|call| call.key == calls[0].key), "{calls:?}");
    let pause = calls[1].at - calls[0].at;
    assert!(pause > Duration::from_millis(2_900), "Retry-After was 3 s, and the next attempt came after {pause:?}");
    Ok(())
}

#[tokio::test]
async fn a_refused_account_fails_the_workflow_with_what_the_service_said() -> Outcome {
    let rig = Rig::new().await?;
    rig.twist("accounts", Twist::answer(400, "this region is closed"));
    let _worker = rig.worker().await?;
    let id = rig.start(Some(0)).await?;
    let user_id = id.trim_start_matches("onboarding-");
    let said = "the accounts service refused create_user_account (400 Bad Request): this region is closed";
    let chain = rig.failure(&id).await?;
    assert_eq!(chain[0], ("AccountNotCreated".to_owned(), format!("user {user_id} has no account: {said}")));
    assert_eq!(chain[1].0, "create_user_account");
    assert_eq!(chain[2], ("Refused".to_owned(), said.to_owned()));
    assert_eq!(rig.calls("accounts", 1).await?.len(), 1, "it is asked once");
    assert_eq!(rig.status(&id).await?.0, "creating_account");
    Ok(())
}

#[tokio::test]
async fn what_is_there_and_what_is_not_is_said_when_one_of_two_is_refused() -> Outcome {
    let rig = Rig::new().await?;
    let _worker = rig.worker().await?;
    let input = json!({ "user_id": "half", "email": "ada@refused.example" });
    // The other one takes two attempts: the failure waits for it, so that it can say what is there.
    rig.twist("resources", Twist::answer(500, "later"));
    let id = rig.start_with(&input).await?;
    let chain = rig.failure(&id).await?;
    let said = "the email service refused send_welcome_email (400 Bad Request): \
                {\"error\":\"nobody receives mail at refused.example\"}";
    let whole = format!(
        "user half has account acct-1, and no welcome email: {said}. Its resources are workspace-1, database-1"
    );
    assert_eq!(chain[0], ("OnboardingIncomplete".to_owned(), whole));
    assert_eq!((chain[1].0.as_str(), chain[2].0.as_str()), ("send_welcome_email", "Refused"));

    rig.twist("resources", Twist::answer(402, "no trials left"));
    let both = rig.start_with(&json!({ "user_id": "none", "email": "ada@refused.example" })).await?;
    let (_, message) = rig.failure(&both).await?.swap_remove(0);
    assert!(message.starts_with("user none has account acct-2, and no welcome email: the email service"), "{message}");
    assert!(
        message.contains("; no trial resources: the resources service refused provision_trial_resources (402"),
        "{message}"
    );
    Ok(())
}

#[tokio::test]
async fn a_refused_follow_up_fails_an_onboarding_that_has_all_else() -> Outcome {
    let rig = Rig::new().await?;
    let (twist, gate) = Twist::hold();
    rig.twist("messages", twist);
    rig.twist("messages", Twist::answer(410, "unsubscribed"));
    gate.add_permits(1);
    let _worker = rig.worker().await?;
    let id = rig.start(Some(0)).await?;
    let (kind, message) = rig.failure(&id).await?.swap_remove(0);
    assert_eq!(kind, "FollowUpNotSent");
    assert!(message.contains("is onboarded, and the follow-up was not sent: the email service refused"), "{message}");
    assert!(message.ends_with("(410 Gone): unsubscribed"), "{message}");
    Ok(())
}

#[tokio::test]
async fn an_input_that_breaks_a_rule_fails_at_once_and_asks_nobody() -> Outcome {
    let rig = Rig::new().await?;
    let _worker = rig.worker().await?;
    let id = rig.start(Some(90 * 86_400 + 1)).await?;
    let message =
        "the input's follow_up_after_seconds is 7776001, and is to be at most 7776000 (90 days): nothing was done";
    assert_eq!(rig.failure(&id).await?, [("InvalidInput".to_owned(), message.to_owned())]);
    assert_eq!(rig.count(&id, EventType::ActivityTaskScheduled).await?, 0);
    Ok(())
}

#[tokio::test]
async fn services_that_are_away_are_asked_until_they_are_back() -> Outcome {
    let rig = Rig::without_services().await?;
    let mut worker = rig.worker().await?;
    let id = rig.start(Some(0)).await?;
    for attempt in 1..=2 {
        let line: Value = serde_json::from_str(&worker.line("\"msg\":\"not done\"").await?)?;
        assert_eq!(
            (line["activity_type"].as_str(), line["attempt"].as_u64()),
            (Some("create_user_account"), Some(attempt))
        );
        let text = line["error"].to_string();
        assert!(text.contains("cannot be reached") && text.contains("ONBOARDING_ACCOUNTS_URL"), "{line}");
    }
    rig.listen().await?;
    assert_eq!(rig.client.result::<Value>(&id).await?["status"], "onboarded");
    Ok(())
}

#[tokio::test]
async fn a_token_shows_neither_in_the_log_nor_in_the_history() -> Outcome {
    let rig = Rig::new().await?;
    rig.twist("messages", Twist::answer(500, "hunter2 is not known yet"));
    rig.twist("messages", Twist::answer(403, "hunter2 is not known"));
    let worker = rig.worker().await?;
    let id = rig.start(Some(0)).await?;
    let (_, message) = rig.failure(&id).await?.swap_remove(0);
    assert!(message.contains("(403 Forbidden): *** is not known"), "{message}");
    assert!(!format!("{:?}", rig.events(&id).await?).contains("hunter2"), "in the history");
    worker.signal(Signal::SIGTERM);
    let exit = worker.end().await?;
    assert_eq!((exit.code, exit.logged("not done").len()), (0, 2));
    assert!(exit.lines.iter().all(|line| !line.contains("hunter2")), "in the log");
    Ok(())
}
