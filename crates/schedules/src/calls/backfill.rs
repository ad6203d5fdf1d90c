//! Runs for times that have passed, or are to come: a range at once. `paced` keeps to a bound.

use std::time::{Duration, SystemTime};

use temporalio_common::protos::temporal::api::enums::v1::ScheduleOverlapPolicy;
use temporalio_common::protos::temporal::api::schedule::v1::{
    BackfillRequest, ScheduleActionResult, ScheduleInfo, SchedulePatch,
};

use super::CallError;
use super::Schedules;
use super::read::parts;
use super::trigger::held_back;

/// The server's own step before the start of a range, so that the start belongs to it.
pub(super) const TICK: Duration = Duration::from_millis(1);

/// How long the first run is looked for, once the server has the request.
const LOOK: Duration = Duration::from_secs(5);
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// The times that are backfilled, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// From here.
    pub from: SystemTime,
    /// To there.
    pub to: SystemTime,
}

/// What became of a backfill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backfilled {
    /// How many times the schedule has in the range. With zero, nothing was sent.
    pub times: usize,
    /// Something of it was seen: a run, a time that waits or one that was skipped. If not, after 5 s, it is late, or lost, or
    /// runs of the same times still go on.
    pub seen: bool,
}

impl Schedules {
    /// Starts the schedule's workflow for each of its times in the range. Without an overlap policy, the schedule's own; with
    /// `Skip`, most of a range is skipped. A time that was run before is run again, unless that run goes on.
    ///
    /// # Errors
    /// [`CallError::NotFound`], or what the server or the network said; with [`CallError::Unanswered`] it may
    /// be done all the same, and says so.
    pub async fn backfill(
        &self,
        id: &str,
        range: Range,
        overlap: Option<ScheduleOverlapPolicy>,
    ) -> Result<Backfilled, CallError> {
        let times = self.matching_times(id, range.from, range.to).await?.len();
        if times == 0 {
            return Ok(Backfilled { times, seen: false });
        }
        let (_, before) = parts(&self.describe(id).await?);
        self.send_range(id, range, overlap, &before).await?;
        let looking = tokio::time::Instant::now();
        loop {
            let (_, after) = parts(&self.describe(id).await?);
            let count =
                |info: &ScheduleInfo| (info.action_count, info.overlap_skipped, info.buffer_dropped, info.buffer_size);
            let seen = count(&after) != count(&before);
            if seen || looking.elapsed() > LOOK {
                return Ok(Backfilled { times, seen });
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// One request. `before` is what was there before it.
    pub(super) async fn send_range(
        &self,
        id: &str,
        range: Range,
        overlap: Option<ScheduleOverlapPolicy>,
        before: &ScheduleInfo,
    ) -> Result<(), CallError> {
        let request = BackfillRequest {
            start_time: Some(range.from.into()),
            end_time: Some(range.to.into()),
            overlap_policy: overlap.unwrap_or_default().into(),
        };
        let patch = SchedulePatch { backfill_request: vec![request], ..Default::default() };
        let what = format!("schedule {id} could not be backfilled");
        let sent = SystemTime::now();
        let landed = |info: &ScheduleInfo| {
            let mut started = started_since(before, info).filter(|(time, _)| range.has(*time));
            started.any(|(time, action)| is_early_or_late(time, action, sent)) || held_back(before, info, overlap)
        };
        self.patch(id, patch, &what, |described| described.info.as_ref().is_some_and(landed)).await
    }
}

impl Range {
    fn has(&self, time: SystemTime) -> bool {
        self.from <= time && time <= self.to
    }
}

/// Whether a backfill started this run, and not the clock: its time had passed before the request was sent, or had not come yet when it was started. A run of
/// a time in between says nothing.
fn is_early_or_late(time: SystemTime, action: &ScheduleActionResult, sent: SystemTime) -> bool {
    let started = action.actual_time.and_then(|actual| SystemTime::try_from(actual).ok());
    time <= sent || started.is_some_and(|started| started < time)
}

/// The runs that were started since, as far as the server keeps them: the last ten.
pub(super) fn started_since<'a>(
    before: &'a ScheduleInfo,
    after: &'a ScheduleInfo,
) -> impl Iterator<Item = (SystemTime, &'a ScheduleActionResult)> {
    let known = |action: &ScheduleActionResult| {
        before.recent_actions.iter().any(|known| known.start_workflow_result == action.start_workflow_result)
    };
    let new = after.recent_actions.iter().filter(move |action| !known(action));
    new.filter_map(|action| Some((SystemTime::try_from(action.schedule_time?).ok()?, action)))
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    #[test]
    fn a_run_of_the_clock_is_not_taken_for_one_of_a_range_that_reaches_past_now() {
        let at = |seconds: u64| UNIX_EPOCH + Duration::from_secs(seconds);
        let run = |started: u64| ScheduleActionResult { actual_time: Some(at(started).into()), ..Default::default() };
        let sent = at(100);
        assert!(is_early_or_late(at(90), &run(101), sent), "its time had passed");
        assert!(!is_early_or_late(at(102), &run(102), sent), "the clock's");
        assert!(is_early_or_late(at(160), &run(101), sent), "its time is to come");
    }
}
