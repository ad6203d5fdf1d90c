//! Backfills: each time once, and no more at once than was asked.

use std::time::{Duration, SystemTime};

use mainspring_schedules::calls::{Backfilled, Pace, Paced, Range};
use temporalio_common::protos::temporal::api::enums::v1::ScheduleOverlapPolicy;
use temporalio_common::protos::temporal::api::schedule::v1::ScheduleSpec;
use tokio::sync::mpsc;

use crate::rig::{Outcome, Rig, SOON, cron};

fn range(from: &str, to: &str) -> Result<Range, jiff::Error> {
    let at = |text: &str| text.parse::<jiff::Timestamp>().map(SystemTime::from);
    Ok(Range { from: at(from)?, to: at(to)? })
}

/// At nine, and up to half an hour later. It has ended, so the clock starts no run in the middle of a test.
fn about_nine() -> ScheduleSpec {
    let end = "2026-04-01T00:00:00Z".parse::<jiff::Timestamp>().ok();
    ScheduleSpec {
        jitter: Duration::from_secs(1800).try_into().ok(),
        end_time: end.map(|end| SystemTime::from(end).into()),
        ..cron("0 9 * * *")
    }
}

#[tokio::test]
async fn a_backfill_over_a_flaky_network_starts_each_time_once() -> Outcome {
    let rig = Rig::new().await?;
    let id = rig.schedule(about_nine()).await?;
    rig.break_twice("PatchSchedule");
    rig.break_twice("ListScheduleMatchingTimes");
    let days = range("2026-03-02T09:00:00Z", "2026-03-06T12:00:00Z")?;
    let done = rig.flaky.backfill(&id, days, Some(ScheduleOverlapPolicy::AllowAll)).await?;
    assert_eq!(done, Backfilled { times: 5, seen: true }, "the first day belongs to it");
    assert_eq!(rig.taken("PatchSchedule"), 1);
    let info = rig.info(&id).await?;
    let ids: Vec<String> =
        info.recent_actions.into_iter().filter_map(|run| Some(run.start_workflow_result?.workflow_id)).collect();
    let days: Vec<String> = (2..7).map(|day| format!("run-of-{id}-2026-03-0{day}T09:00:00Z")).collect();
    assert_eq!((info.action_count, ids), (5, days));
    Ok(())
}

#[tokio::test]
async fn a_range_without_a_time_sends_nothing() -> Outcome {
    let rig = Rig::new().await?;
    let id = rig.yearly().await?;
    let summer = range("2026-06-01T00:00:00Z", "2026-07-01T00:00:00Z")?;
    assert_eq!(rig.flaky.backfill(&id, summer, None).await?, Backfilled { times: 0, seen: false });
    let pace = rig.flaky.backfill_paced(&id, Paced { range: summer, at_most: 2 }, |_| ()).await?;
    assert_eq!((pace.times, pace.next, rig.proxy.count_of("PatchSchedule")), (0, None, 0));
    Ok(())
}

#[tokio::test]
async fn more_times_than_an_answer_has_are_all_listed() -> Outcome {
    let rig = Rig::new().await?;
    let id = rig.schedule(cron("* * * * *")).await?;
    let days = range("2026-03-02T00:00:00Z", "2026-03-03T23:59:00Z")?;
    let times = rig.calls.matching_times(&id, days.from, days.to).await?;
    assert_eq!((times.len(), times.first(), times.last()), (2 * 24 * 60, Some(&days.from), Some(&days.to)));
    let year = range("2026-01-01T00:00:00Z", "2026-12-31T00:00:00Z")?;
    let error = rig.calls.matching_times(&id, year.from, year.to).await.unwrap_err().to_string();
    assert_eq!(error, format!("schedule {id} has more than 100000 times in that range: take a shorter one"));
    Ok(())
}

#[tokio::test]
async fn at_most_so_many_run_at_once_and_each_time_runs_once() -> Outcome {
    const AT_MOST: usize = 3;
    let rig = Rig::new().await?;
    let id = rig.schedule(about_nine()).await?;
    let days = range("2026-03-01T00:00:00Z", "2026-03-12T23:00:00Z")?;
    let (tell, mut told) = mpsc::channel::<Pace>(1000);
    let backfill = tokio::spawn({
        let (flaky, id) = (rig.flaky.clone(), id.clone());
        async move {
            let paced = Paced { range: days, at_most: AT_MOST };
            flaky.backfill_paced(&id, paced, |pace| tell.try_send(pace).unwrap_or_default()).await
        }
    });
    rig.break_twice("PatchSchedule");
    let (mut paces, mut ended) = (Vec::new(), Vec::new());
    while let Some(pace) = tokio::time::timeout(SOON, told.recv()).await? {
        paces.push(pace);
        if pace.running < AT_MOST && pace.next.is_some() {
            continue;
        }
        // The oldest ends, and makes place for one.
        let started = rig.info(&id).await?.recent_actions;
        let ids = started.into_iter().filter_map(|run| Some(run.start_workflow_result?.workflow_id));
        if let Some(oldest) = ids.into_iter().find(|id| !ended.contains(id)) {
            rig.terminate(&oldest).await?;
            ended.push(oldest);
        }
    }
    let last = backfill.await??;
    assert!(paces.iter().all(|pace| pace.running <= AT_MOST), "{paces:?}");
    assert_eq!(last, Pace { times: 12, sent: 12, unseen: 0, ended: 12, running: 0, next: None });
    assert_eq!(rig.info(&id).await?.action_count, 12);
    let days: Vec<String> = (1..=12).map(|day| format!("run-of-{id}-2026-03-{day:02}T09:00:00Z")).collect();
    assert_eq!(ended, days, "each day once, the oldest first");
    Ok(())
}
