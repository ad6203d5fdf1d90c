//! Pauses and updates hold, whoever else is at the schedule.

use mainspring_schedules::calls::{CallError, Change, Schedules, Updated};
use mainspring_servers::proxy::{Fault, Match};
use temporalio_common::protos::temporal::api::enums::v1::ScheduleOverlapPolicy;
use temporalio_common::protos::temporal::api::schedule::v1::{SchedulePatch, ScheduleState, TriggerImmediatelyRequest};

use crate::rig::{Outcome, Rig, SOON, cron};

fn state(change: &mut Change) -> &mut ScheduleState {
    change.schedule.state.get_or_insert_default()
}

#[tokio::test]
async fn a_pause_over_a_flaky_network_holds_and_keeps_its_note() -> Outcome {
    let rig = Rig::new().await?;
    let id = rig.yearly().await?;
    rig.break_twice("PatchSchedule");
    rig.flaky.pause(&id, Some("moving")).await?;
    assert_eq!(rig.taken("PatchSchedule"), 1, "the one that landed is seen");
    let paused = rig.state(&id).await?;
    assert_eq!((paused.paused, paused.notes.as_str()), (true, "moving"));
    rig.break_twice("PatchSchedule");
    rig.flaky.unpause(&id, None).await?;
    let unpaused = rig.state(&id).await?;
    assert!(!unpaused.paused && unpaused.notes.starts_with("unpaused by "), "{unpaused:?}");
    Ok(())
}

/// Of two requests in one workflow task, the server forgets the first.
#[tokio::test]
async fn a_pause_among_many_triggers_is_not_lost() -> Outcome {
    let rig = Rig::new().await?;
    let id = rig.yearly().await?;
    for round in 0..5 {
        let trigger = || {
            let overlap_policy = ScheduleOverlapPolicy::Skip.into();
            let trigger = TriggerImmediatelyRequest { overlap_policy, ..Default::default() };
            SchedulePatch { trigger_immediately: Some(trigger), ..Default::default() }
        };
        let names: Vec<String> = (0..8).map(|number| format!("{round}-{number}")).collect();
        let triggers = names.iter().map(|name| rig.bare_patch(&id, trigger(), name));
        let note = format!("round {round}");
        let (paused, _) = tokio::join!(rig.calls.pause(&id, Some(&note)), futures::future::join_all(triggers));
        paused?;
        let state = rig.state(&id).await?;
        assert_eq!((state.paused, state.notes), (true, note));
        rig.calls.unpause(&id, None).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_pause_that_never_holds_is_told() -> Outcome {
    let rig = Rig::new().await?;
    let id = rig.yearly().await?;
    // Each time it is looked at, somebody has lifted it: a look is held until then.
    let hold = || rig.proxy.fault(Match::method("DescribeSchedule"), Fault::Hang);
    hold();
    let other = async {
        let mut last = None;
        for _ in 0..5 {
            let held = rig.proxy.wait_for(
                |record| Some(record.number) > last && record.is("DescribeSchedule") && record.request_bytes > 0,
                SOON,
            );
            last = Some(held.await?.number);
            rig.calls.unpause(&id, Some("mine")).await?;
            rig.proxy.clear_faults();
            hold();
        }
        Outcome::Ok(())
    };
    let (paused, other) = tokio::join!(rig.flaky.pause(&id, Some("ours")), other);
    other?;
    let error = paused.unwrap_err();
    assert!(matches!(error, CallError::Contested { .. }), "{error:?}");
    assert_eq!(
        error.to_string(),
        format!(
            "schedule {id} could not be paused: it was asked for 5 times, and each time the schedule was another afterwards. Somebody \
             else is changing it: look with `describe`, and try again"
        )
    );
    Ok(())
}

#[tokio::test]
async fn an_update_over_a_flaky_network_is_made_and_one_without_a_change_is_not_sent() -> Outcome {
    let rig = Rig::new().await?;
    let id = rig.yearly().await?;
    rig.break_twice("UpdateSchedule");
    let note = |change: &mut Change| "ours".clone_into(&mut state(change).notes);
    assert_eq!(rig.flaky.update(&id, note).await?, Updated::Changed);
    let sent = rig.proxy.count_of("UpdateSchedule");
    assert!(sent >= 3, "{sent}");
    assert_eq!(rig.state(&id).await?.notes, "ours");
    assert_eq!(rig.flaky.update(&id, note).await?, Updated::Unchanged);
    assert_eq!(rig.proxy.count_of("UpdateSchedule"), sent);
    let wrong = rig.flaky.update(&id, |change| change.schedule.spec = Some(cron("every day"))).await.unwrap_err();
    assert!(matches!(wrong, CallError::Refused { .. }), "{wrong:?}");
    Ok(())
}

/// The server answers an update with an old token with success, and drops it.
#[tokio::test]
async fn an_update_that_came_too_late_is_made_anew_over_what_is_there() -> Outcome {
    let rig = Rig::new().await?;
    let id = rig.yearly().await?;
    let stale = rig.calls.describe(&id).await?;
    rig.calls.pause(&id, Some("an operator's")).await?;
    let queue = |change: &mut Change| change.schedule.policies.get_or_insert_default().pause_on_failure = true;
    assert_eq!(rig.flaky.update_from(&id, stale, queue).await?, Updated::Changed);
    assert!(rig.proxy.count_of("UpdateSchedule") >= 2, "{:?}", rig.proxy.records_of("UpdateSchedule"));
    let described = rig.calls.describe(&id).await?.schedule.ok_or("none")?;
    let kept = described.state.unwrap_or_default();
    assert!(described.policies.unwrap_or_default().pause_on_failure);
    assert_eq!((kept.paused, kept.notes.as_str()), (true, "an operator's"));
    Ok(())
}

#[tokio::test]
async fn a_spec_is_updated_by_cron_as_by_calendars() -> Outcome {
    let rig = Rig::new().await?;
    let id = rig.yearly().await?;
    assert_eq!(
        rig.calls.update(&id, |change| change.schedule.spec = Some(cron("0 9 * * 1-5"))).await?,
        Updated::Changed
    );
    let spec = rig.calls.describe(&id).await?.schedule.and_then(|schedule| schedule.spec).ok_or("no spec")?;
    assert_eq!((spec.cron_string.len(), spec.structured_calendar.len()), (0, 1), "it is compiled");
    let mut bare = spec.clone();
    // As a person writes it: the server fills in the steps, and so the old spec is there again.
    bare.structured_calendar[0].hour[0].step = 0;
    let updated = rig.calls.update(&id, |change| change.schedule.spec = Some(bare.clone())).await?;
    assert_eq!(updated, Updated::Changed);
    assert_eq!(rig.calls.describe(&id).await?.schedule.and_then(|schedule| schedule.spec), Some(spec));
    Ok(())
}

#[tokio::test]
async fn updates_at_the_same_moment_all_hold() -> Outcome {
    let rig = Rig::new().await?;
    let id = rig.yearly().await?;
    let add = async |calls: &Schedules, word: &'static str| {
        calls
            .update(&id, |change| {
                let notes = &mut state(change).notes;
                if !notes.contains(word) {
                    notes.push_str(word);
                }
            })
            .await
    };
    let (one, two, three) = tokio::join!(add(&rig.calls, "one"), add(&rig.flaky, "two"), add(&rig.calls, "three"));
    assert_eq!([one?, two?, three?], [Updated::Changed; 3]);
    let notes = rig.state(&id).await?.notes;
    assert_eq!(notes.len(), "onetwothree".len(), "{notes}");
    Ok(())
}
