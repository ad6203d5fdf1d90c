//! A trigger runs once.

use mainspring_schedules::calls::Triggered;
use mainspring_servers::proxy::{Fault, Match};
use temporalio_common::protos::temporal::api::enums::v1::ScheduleOverlapPolicy;
use temporalio_common::protos::temporal::api::schedule::v1::{SchedulePatch, TriggerImmediatelyRequest};

use crate::rig::{Outcome, Rig, SOON};

const BESIDE: Option<ScheduleOverlapPolicy> = Some(ScheduleOverlapPolicy::AllowAll);

fn bare() -> SchedulePatch {
    let trigger =
        TriggerImmediatelyRequest { overlap_policy: ScheduleOverlapPolicy::AllowAll.into(), ..Default::default() };
    SchedulePatch { trigger_immediately: Some(trigger), ..Default::default() }
}

#[tokio::test]
async fn a_trigger_over_a_flaky_network_runs_once() -> Outcome {
    let rig = Rig::new().await?;
    let id = rig.yearly().await?;
    rig.break_twice("PatchSchedule");
    rig.proxy.fault(Match::method("DescribeSchedule").times(1), Fault::CutAfterForward);
    let triggered = rig.flaky.trigger(&id, BESIDE).await?;
    assert_eq!(rig.taken("PatchSchedule"), 1, "cut, and landed without an answer: no third is needed");
    let info = rig.info(&id).await?;
    assert_eq!(info.action_count, 1);
    let run = info.recent_actions[0].start_workflow_result.clone().unwrap();
    assert_eq!(triggered, Triggered::Started { workflow_id: run.workflow_id, run_id: run.run_id });
    Ok(())
}

/// Why the request id alone does not do. When this fails, a server has learnt to remember.
#[tokio::test]
async fn the_server_forgets_a_request_id_when_the_schedule_continues_as_new() -> Outcome {
    let rig = Rig::new().await?;
    let id = rig.yearly().await?;
    rig.bare_patch(&id, bare(), "one").await?;
    let first = rig.info(&id).await?;
    rig.bare_patch(&id, bare(), "one").await?;
    assert_eq!((first.action_count, rig.info(&id).await?.action_count), (1, 1), "it remembers within a run");
    rig.continue_as_new(&id).await?;
    // A run of the same second would hide it.
    rig.terminate(&first.recent_actions[0].start_workflow_result.clone().unwrap().workflow_id).await?;
    rig.bare_patch(&id, bare(), "one").await?;
    assert_eq!(rig.info(&id).await?.action_count, 2);
    Ok(())
}

#[tokio::test]
async fn a_trigger_whose_answer_is_lost_while_its_schedule_continues_as_new_runs_once() -> Outcome {
    let rig = Rig::new().await?;
    let id = rig.yearly().await?;
    rig.proxy.fault(Match::method("PatchSchedule").times(1), Fault::CutAfterForward);
    // The description before the trigger passes; the one after its failure is held.
    rig.proxy.fault(Match::method("DescribeSchedule").times(1), Fault::Delay(std::time::Duration::ZERO));
    rig.proxy.fault(Match::method("DescribeSchedule").times(1), Fault::Hang);
    let trigger = tokio::spawn({
        let (flaky, id) = (rig.flaky.clone(), id.clone());
        async move { flaky.trigger(&id, BESIDE).await }
    });
    rig.proxy.wait_for_count("DescribeSchedule", 2, SOON).await?;
    rig.continue_as_new(&id).await?;
    let run = rig.info(&id).await?.recent_actions[0].start_workflow_result.clone().unwrap();
    rig.terminate(&run.workflow_id).await?;
    rig.proxy.clear_faults();
    let triggered = trigger.await??;
    assert_eq!(triggered, Triggered::Started { workflow_id: run.workflow_id, run_id: run.run_id });
    assert_eq!((rig.proxy.count_of("PatchSchedule"), rig.info(&id).await?.action_count), (1, 1));
    Ok(())
}

#[tokio::test]
async fn a_trigger_that_was_skipped_or_waits_when_its_answer_is_lost_is_not_repeated() -> Outcome {
    for (overlap, became) in
        [(ScheduleOverlapPolicy::Skip, Triggered::Skipped), (ScheduleOverlapPolicy::BufferAll, Triggered::Waits)]
    {
        let rig = Rig::new().await?;
        let id = rig.yearly().await?;
        assert!(matches!(rig.calls.trigger(&id, None).await?, Triggered::Started { .. }));
        rig.proxy.fault(Match::method("PatchSchedule").times(1), Fault::CutAfterForward);
        rig.proxy.fault(Match::method("DescribeSchedule").times(1), Fault::Delay(std::time::Duration::ZERO));
        rig.proxy.fault(Match::method("DescribeSchedule").times(1), Fault::Hang);
        let trigger = tokio::spawn({
            let (flaky, id) = (rig.flaky.clone(), id.clone());
            async move { flaky.trigger(&id, Some(overlap)).await }
        });
        rig.proxy.wait_for_count("DescribeSchedule", 2, SOON).await?;
        rig.continue_as_new(&id).await?;
        rig.proxy.clear_faults();
        assert_eq!(trigger.await??, became);
        let info = rig.info(&id).await?;
        let held = info.overlap_skipped + info.buffer_size;
        assert_eq!((rig.proxy.count_of("PatchSchedule"), info.action_count, held), (1, 1, 1), "{overlap:?}");
    }
    Ok(())
}

#[tokio::test]
async fn triggers_of_one_second_each_run() -> Outcome {
    let rig = Rig::new().await?;
    let id = rig.yearly().await?;
    for _ in 0..3 {
        assert!(matches!(rig.calls.trigger(&id, BESIDE).await?, Triggered::Started { .. }));
    }
    assert_eq!(rig.info(&id).await?.action_count, 3);
    Ok(())
}

#[tokio::test]
async fn the_overlap_policy_decides_and_is_told() -> Outcome {
    let rig = Rig::new().await?;
    let id = rig.yearly().await?;
    assert!(matches!(rig.calls.trigger(&id, None).await?, Triggered::Started { .. }));
    assert_eq!(rig.calls.trigger(&id, None).await?, Triggered::Skipped, "the schedule's own is Skip");
    assert_eq!(rig.calls.trigger(&id, Some(ScheduleOverlapPolicy::BufferOne)).await?, Triggered::Waits);
    let info = rig.info(&id).await?;
    assert_eq!((info.action_count, info.overlap_skipped, info.buffer_size), (1, 1, 1));
    Ok(())
}

#[tokio::test]
async fn a_trigger_that_nobody_answers_says_that_it_is_not_known() -> Outcome {
    let rig = Rig::new().await?;
    let id = rig.yearly().await?;
    rig.proxy.fault(Match::method("PatchSchedule"), Fault::Status(14, "not now".to_owned()));
    let error = rig.flaky.clone().patience(std::time::Duration::from_secs(1)).trigger(&id, BESIDE).await.unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with(&format!("schedule {id} could not be triggered: not now (")), "{text}");
    assert!(text.ends_with("; an attempt got no answer, so it may have been done all the same"), "{text}");
    Ok(())
}

#[tokio::test]
async fn what_the_server_will_never_allow_is_asked_once() -> Outcome {
    let rig = Rig::new().await?;
    let id = rig.yearly().await?;
    rig.proxy.fault(Match::method("PatchSchedule"), Fault::Status(7, "not yours".to_owned()));
    let error = rig.flaky.trigger(&id, BESIDE).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("schedule {id} could not be triggered, for Temporal gives no leave: not yours")
    );
    assert_eq!(rig.proxy.count_of("PatchSchedule"), 1);
    Ok(())
}
