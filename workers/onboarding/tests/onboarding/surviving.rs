//! What production does to a worker, and what it does not do to an onboarding.

use mainspring_testing::Workflows;
use nix::sys::signal::Signal;
use serde_json::Value;
use temporalio_common::protos::temporal::api::enums::v1::EventType;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;

use crate::rig::{Outcome, Rig, Twist};

#[tokio::test]
async fn a_worker_killed_after_the_account_was_made_leaves_one_account() -> Outcome {
    let rig = Rig::new().await?;
    let (twist, _gate) = Twist::hold();
    rig.twist("accounts", twist);
    let first = rig.worker().await?;
    let id = rig.start(Some(0)).await?;
    // The account is there, and its answer never reaches anybody.
    assert_eq!(rig.calls("accounts", 1).await?[0].status, 201);
    first.kill9().await?;
    let _second = rig.worker().await?;
    let result: Value = rig.client.result(&id).await?;
    assert_eq!(result["account"]["account_id"], "acct-1");
    let calls = rig.calls("accounts", 2).await?;
    assert_eq!(calls.iter().map(|call| call.status).collect::<Vec<_>>(), [201, 200], "the second got the same account");
    assert_eq!(calls[0].key, calls[1].key);
    assert_eq!((rig.made("accounts"), rig.made("messages"), rig.made("resources")), (1, 2, 1));
    Ok(())
}

#[tokio::test]
async fn a_wait_of_seven_days_outlives_its_workers() -> Outcome {
    let rig = Rig::new().await?;
    let first = rig.worker().await?;
    let id = rig.start(None).await?;
    rig.phase(&id, "waiting").await?;
    first.signal(Signal::SIGTERM);
    assert_eq!(first.end().await?.code, 0, "a pending wait holds no worker up");
    let second = rig.worker().await?;
    assert_eq!(rig.status(&id).await?, ("waiting".to_owned(), "planned".to_owned()));
    second.kill9().await?;
    let _third = rig.worker().await?;
    assert_eq!(rig.status(&id).await?, ("waiting".to_owned(), "planned".to_owned()));
    let events = rig.events(&id).await?;
    let timers = events.iter().filter_map(|event| match &event.attributes {
        Some(Attributes::TimerStartedEventAttributes(timer)) => timer.start_to_fire_timeout,
        _ => None,
    });
    assert_eq!(timers.map(|wait| wait.seconds).collect::<Vec<_>>(), [604_800], "one timer, of seven days");
    let ended = |event: &&_| matches!(event, EventType::TimerFired | EventType::TimerCanceled);
    assert_eq!(events.iter().map(|event| event.event_type()).filter(|event| ended(&event)).count(), 0);
    // It is the same timer that the third worker ends.
    rig.cancel_follow_up(&id, Value::Null).await?;
    assert_eq!(rig.client.result::<Value>(&id).await?["status"], "onboarded");
    assert_eq!(rig.count(&id, EventType::TimerCanceled).await?, 1);
    assert_eq!((rig.made("accounts"), rig.made("messages")), (1, 1));
    Ok(())
}
