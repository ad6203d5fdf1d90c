//! What happens when all goes well, and when the follow-up is called off.

use mainspring_testing::Workflows;
use serde_json::{Value, json};
use temporalio_common::protos::temporal::api::enums::v1::EventType;

use crate::rig::{Outcome, Rig, Twist};

/// Longer than any test: only the signal ends it.
const WEEK: Option<u64> = None;

#[tokio::test]
async fn a_user_is_onboarded_and_followed_up() -> Outcome {
    let rig = Rig::new().await?;
    let _worker = rig.worker().await?;
    let id = rig.start(Some(1)).await?;
    let result: Value = rig.client.result(&id).await?;
    let user_id = id.trim_start_matches("onboarding-");
    let expected = json!({
        "user_id": user_id,
        "account": { "account_id": "acct-1" },
        "message_id": "msg-1",
        "resources": ["workspace-1", "database-1"],
        "status": "onboarded",
    });
    assert_eq!(result, expected);
    assert_eq!(rig.status(&id).await?, ("onboarded".to_owned(), "sent".to_owned()));
    let keys: Vec<String> = rig.calls("messages", 2).await?.into_iter().map(|call| call.key).collect();
    assert_eq!(keys, [format!("{id}/send_welcome_email"), format!("{id}/send_follow_up")]);
    assert_eq!(rig.count(&id, EventType::TimerFired).await?, 1);
    Ok(())
}

#[tokio::test]
async fn every_phase_can_be_asked_for() -> Outcome {
    let rig = Rig::new().await?;
    let hold = |kind| {
        let (twist, gate) = Twist::hold();
        rig.twist(kind, twist);
        gate
    };
    let (account, welcome) = (hold("accounts"), hold("messages"));
    let _worker = rig.worker().await?;
    let id = rig.start(WEEK).await?;
    let planned = |phase: &str| (phase.to_owned(), "planned".to_owned());
    rig.calls("accounts", 1).await?;
    assert_eq!(rig.status(&id).await?, planned("creating_account"));
    account.add_permits(1);
    rig.calls("messages", 1).await?;
    rig.calls("resources", 1).await?;
    assert_eq!(rig.status(&id).await?, planned("setting_up"), "the resources are asked for beside the email");
    welcome.add_permits(1);
    rig.phase(&id, "waiting").await?;
    assert_eq!(rig.status(&id).await?, planned("waiting"));

    // Another one, whose wait ends.
    let (welcome, follow_up) = (hold("messages"), hold("messages"));
    welcome.add_permits(1);
    let id = rig.start(Some(1)).await?;
    rig.calls("messages", 3).await?;
    assert_eq!(rig.status(&id).await?, planned("following_up"));
    rig.cancel_follow_up(&id, Value::Null).await?;
    assert_eq!(rig.status(&id).await?, planned("following_up"), "it has begun: too late to call it off");
    follow_up.add_permits(1);
    rig.client.result::<Value>(&id).await?;
    assert_eq!(rig.status(&id).await?, ("onboarded".to_owned(), "sent".to_owned()));
    Ok(())
}

#[tokio::test]
async fn a_signal_during_the_wait_ends_it_at_once() -> Outcome {
    let rig = Rig::new().await?;
    let _worker = rig.worker().await?;
    let id = rig.start(WEEK).await?;
    rig.phase(&id, "waiting").await?;
    rig.cancel_follow_up(&id, Value::Null).await?;
    let result: Value = rig.client.result(&id).await?;
    assert_eq!(result["status"], "onboarded");
    assert_eq!(rig.status(&id).await?, ("onboarded".to_owned(), "cancelled".to_owned()));
    assert_eq!(rig.made("messages"), 1, "the welcome and no follow-up");
    assert_eq!(rig.count(&id, EventType::TimerCanceled).await?, 1);
    Ok(())
}

#[tokio::test]
async fn a_signal_before_the_wait_spares_it_whatever_it_brings_along() -> Outcome {
    let rig = Rig::new().await?;
    // One before a worker has seen the workflow, one between its steps; with no payload, and with an odd one.
    let early = rig.start(WEEK).await?;
    rig.cancel_follow_up(&early, Value::Null).await?;
    let worker = rig.worker().await?;
    assert_eq!(rig.client.result::<Value>(&early).await?["message_id"], "msg-1");
    let (twist, gate) = Twist::hold();
    rig.twist("resources", twist);
    let between = rig.start(WEEK).await?;
    rig.calls("resources", 2).await?;
    rig.cancel_follow_up(&between, json!({ "because": ["the user asked"] })).await?;
    assert_eq!(rig.status(&between).await?, ("setting_up".to_owned(), "cancelled".to_owned()));
    gate.add_permits(1);
    assert_eq!(rig.client.result::<Value>(&between).await?["status"], "onboarded");
    assert_eq!(rig.made("messages"), 2, "two welcomes and no follow-up");
    for id in [early, between] {
        assert_eq!(rig.count(&id, EventType::TimerStarted).await?, 0);
    }
    drop(worker);
    Ok(())
}

#[tokio::test]
async fn the_same_user_is_not_onboarded_twice_at_once() -> Outcome {
    let rig = Rig::new().await?;
    let _worker = rig.worker().await?;
    let input = json!({ "user_id": "once", "email": "ada@example.com" });
    let id = rig.start_with(&input).await?;
    rig.phase(&id, "waiting").await?;
    let refused = rig.start_with(&input).await.unwrap_err().to_string();
    assert!(refused.to_lowercase().contains("already started"), "{refused}");
    assert_eq!(rig.made("accounts"), 1);
    rig.cancel_follow_up(&id, Value::Null).await?;
    rig.client.result::<Value>(&id).await?;
    // Started again after its end, it makes nothing anew: the keys are the same.
    let again = rig.start_with(&input).await?;
    rig.phase(&again, "waiting").await?;
    let statuses: Vec<u16> = rig.calls("accounts", 2).await?.iter().map(|call| call.status).collect();
    assert_eq!((statuses, rig.made("messages"), rig.made("resources")), (vec![201, 200], 1, 1));
    Ok(())
}

#[tokio::test]
async fn a_cancelled_onboarding_stops_where_it_is() -> Outcome {
    let rig = Rig::new().await?;
    let _worker = rig.worker().await?;
    let id = rig.start(WEEK).await?;
    rig.phase(&id, "waiting").await?;
    rig.client.workflow(&id).cancel(Default::default()).await?;
    let error = rig.client.result::<Value>(&id).await.unwrap_err().to_string();
    assert!(error.to_lowercase().contains("cancel"), "{error}");
    assert_eq!(rig.count(&id, EventType::WorkflowExecutionCanceled).await?, 1);
    assert_eq!(rig.status(&id).await?, ("waiting".to_owned(), "planned".to_owned()));
    assert_eq!(rig.made("messages"), 1);
    Ok(())
}
