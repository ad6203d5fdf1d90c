//! `schedules backfill`: runs for times that have passed, all at once or so many at a time.

use indicatif::{ProgressBar, ProgressStyle};
use mainspring_schedules::calls::{CallError, Pace, Paced, Range};
use serde_json::json;
use temporalio_common::protos::temporal::api::enums::v1::ScheduleOverlapPolicy;

use super::Desk;
use super::describe::overlap_name;
use crate::arguments::Output;
use crate::arguments::schedules::{BackfillArguments, OverlapPolicy};
use crate::exit::Failure;
use crate::workflow::Notice;
use crate::{print, say};

/// What can be refused without a server.
pub(super) fn check(arguments: &BackfillArguments) -> Result<(), Failure> {
    let (from, to) = (arguments.start_time, arguments.end_time);
    if from > to {
        return Err(Failure::Usage(format!("--start-time {from} is after --end-time {to}: swap them")));
    }
    let policy = arguments.overlap_policy.filter(|policy| *policy != OverlapPolicy::AllowAll);
    if let (Some(policy), Some(_)) = (policy, arguments.at_most) {
        return Err(Failure::Usage(format!(
            "--at-most bounds runs that go on side by side, and {policy:?} has one at a time: leave one of them out"
        )));
    }
    Ok(())
}

pub(super) async fn run(desk: &Desk, arguments: &BackfillArguments, notice: &Notice) -> Result<(), Failure> {
    let range = Range { from: arguments.start_time.into(), to: arguments.end_time.into() };
    match arguments.at_most {
        Some(at_most) => paced(desk, arguments, Paced { range, at_most: at_most.into() }, notice).await,
        None => at_once(desk, arguments, range, notice).await,
    }
}

async fn at_once(desk: &Desk, arguments: &BackfillArguments, range: Range, notice: &Notice) -> Result<(), Failure> {
    let id = &arguments.one.schedule_id;
    let policy = match arguments.overlap_policy {
        Some(policy) => policy.into(),
        None => own_policy(desk, id).await?,
    };
    notice.set(format!("The backfill of schedule {id} may have begun: `mainspring schedules describe` tells"));
    let done = match desk.calls.backfill(id, range, Some(policy)).await {
        Ok(done) => done,
        Err(error) => return Err(desk.failure(error).await),
    };
    let times = done.times;
    match arguments.one.output {
        Output::Text => print(&times.to_string())?,
        Output::Json => print(
            &json!({ "schedule_id": id, "times": times, "seen": done.seen, "overlap_policy": overlap_name(policy) })
                .to_string(),
        )?,
    }
    if times == 0 {
        say(&format!("schedule {id} has no time in that range: nothing was done"));
        return Ok(());
    }
    if !done.seen {
        return Err(Failure::Other(format!(
            "Temporal took the backfill of schedule {id}, and nothing of it is seen: it is late, runs of these times go on \
             already, or it was lost to another request at the same moment. Look with `mainspring schedules describe \
             --schedule-id {id}` before doing it again"
        )));
    }
    let how = match policy {
        ScheduleOverlapPolicy::AllowAll => "all at once",
        ScheduleOverlapPolicy::BufferAll => "one after another",
        ScheduleOverlapPolicy::BufferOne => "one, one that waits, and the others are skipped",
        ScheduleOverlapPolicy::CancelOther => "each cancels the one before",
        ScheduleOverlapPolicy::TerminateOther => "each terminates the one before",
        _ => "one, and those that find it running are skipped: --overlap-policy BufferAll or --at-most N runs all",
    };
    say(&format!("schedule {id} is backfilled for {times} times: {how}"));
    Ok(())
}

async fn own_policy(desk: &Desk, id: &str) -> Result<ScheduleOverlapPolicy, Failure> {
    match desk.calls.describe(id).await {
        Ok(described) => {
            let schedule = described.schedule.unwrap_or_default();
            Ok(schedule.policies.unwrap_or_default().overlap_policy())
        }
        Err(error) => Err(desk.failure(error).await),
    }
}

async fn paced(desk: &Desk, arguments: &BackfillArguments, paced: Paced, notice: &Notice) -> Result<(), Failure> {
    let id = &arguments.one.schedule_id;
    let bar = bar();
    let mut reached = None;
    let tell = |pace: Pace| {
        bar.set_length(pace.times as u64);
        bar.set_position((pace.ended + pace.unseen) as u64);
        bar.set_message(format!("{} running", pace.running));
        notice.set(on_from(id, arguments, &pace));
        reached = Some(pace);
    };
    let outcome = desk.calls.backfill_paced(id, paced, tell).await;
    bar.finish_and_clear();
    let pace = match outcome {
        Ok(pace) => pace,
        Err(error @ CallError::NotFound { .. }) if reached.is_none() => return Err(desk.failure(error).await),
        Err(error) => {
            let on = reached.map(|pace| format!(". {}", on_from(id, arguments, &pace))).unwrap_or_default();
            return Err(match super::failure(&error) {
                Failure::Unavailable(text) => Failure::Unavailable(format!("{text}{on}")),
                Failure::NotFound(text) => Failure::NotFound(format!("{text} any more{on}")),
                other => other,
            });
        }
    };
    match arguments.one.output {
        Output::Text => print(&pace.ended.to_string())?,
        Output::Json => print(
            &json!({ "schedule_id": id, "times": pace.times, "ended": pace.ended, "unseen": pace.unseen }).to_string(),
        )?,
    }
    if pace.times == 0 {
        say(&format!("schedule {id} has no time in that range: nothing was done"));
        return Ok(());
    }
    if pace.unseen > 0 {
        return Err(Failure::Broken(format!(
            "schedule {id} is backfilled for {} of {} times; of the others no run was seen to start: one of the same time goes on \
             already, or Temporal lost the request. `mainspring workflow list --query \"TemporalScheduledById = '{id}'\"` \
             shows what ran",
            pace.ended, pace.times
        )));
    }
    say(&format!("schedule {id} is backfilled for {} times: all have ended", pace.times));
    Ok(())
}

/// What is so when it stops here.
fn on_from(id: &str, arguments: &BackfillArguments, pace: &Pace) -> String {
    match pace.next {
        Some(next) => format!(
            "Of schedule {id}, {} of {} times were handed to Temporal, and what runs goes on: the same command with --start-time {} \
             takes the others",
            pace.sent,
            pace.times,
            jiff::Timestamp::try_from(next).unwrap_or(arguments.start_time)
        ),
        None => format!("All {} times of schedule {id} were handed to Temporal, and what runs goes on", pace.times),
    }
}

/// Drawn on stderr, and on a terminal alone.
fn bar() -> ProgressBar {
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}") {
        bar.set_style(style);
    }
    bar
}
