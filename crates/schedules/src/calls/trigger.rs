//! A run now, once. It carries a moment of its own, which the server keeps with the run that it starts.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use temporalio_common::protos::temporal::api::common::v1::WorkflowExecution;
use temporalio_common::protos::temporal::api::enums::v1::ScheduleOverlapPolicy;
use temporalio_common::protos::temporal::api::schedule::v1::{ScheduleInfo, SchedulePatch, TriggerImmediatelyRequest};

use super::CallError;
use super::Schedules;
use super::read::parts;

/// How long the run is looked for, once the server has the request.
const LOOK: Duration = Duration::from_secs(5);
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// What became of a trigger.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Triggered {
    /// This run was started.
    Started {
        /// Id of the workflow.
        workflow_id: String,
        /// The run.
        run_id: String,
    },
    /// It waits for an earlier run to end, as the overlap policy says.
    Waits,
    /// Nothing was started, as the overlap policy says, for an earlier run is not done.
    Skipped,
    /// The server took it, and nothing of it is seen after 5 s. It is late, or lost: it came to the schedule together with
    /// another request, or a run of the same second still goes on. Repeating it might run it twice.
    Unseen,
}

impl Schedules {
    /// Starts the schedule's workflow now, once, whether it is paused or not. Without an overlap policy, the schedule's own.
    ///
    /// # Errors
    /// [`CallError::NotFound`], or what the server or the network said; with [`CallError::Unanswered`] it may
    /// run all the same, and says so.
    pub async fn trigger(&self, id: &str, overlap: Option<ScheduleOverlapPolicy>) -> Result<Triggered, CallError> {
        let (_, before) = parts(&self.describe(id).await?);
        let moment = free_moment(&before, SystemTime::now());
        let trigger = TriggerImmediatelyRequest {
            overlap_policy: overlap.unwrap_or_default().into(),
            scheduled_time: Some(moment.into()),
        };
        let patch = SchedulePatch { trigger_immediately: Some(trigger), ..Default::default() };
        let what = format!("schedule {id} could not be triggered");
        let landed = |info: &ScheduleInfo| started_at(info, moment).is_some() || held_back(&before, info, overlap);
        self.patch(id, patch, &what, |described| described.info.as_ref().is_some_and(landed)).await?;
        let looking = tokio::time::Instant::now();
        loop {
            let (_, after) = parts(&self.describe(id).await?);
            if let Some(run) = started_at(&after, moment) {
                return Ok(Triggered::Started { workflow_id: run.workflow_id, run_id: run.run_id });
            }
            if after.overlap_skipped > before.overlap_skipped {
                return Ok(Triggered::Skipped);
            }
            if after.buffer_size > before.buffer_size {
                return Ok(Triggered::Waits);
            }
            if looking.elapsed() > LOOK {
                return Ok(Triggered::Unseen);
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }
}

/// Whether a request waits, or was skipped, since. It may be an ordinary time's that came to the same just then: that one counts for ours, which is better than
/// to do ours twice. With [`ScheduleOverlapPolicy::AllowAll`] none of ours waits.
pub(super) fn held_back(before: &ScheduleInfo, after: &ScheduleInfo, overlap: Option<ScheduleOverlapPolicy>) -> bool {
    overlap != Some(ScheduleOverlapPolicy::AllowAll)
        && (after.buffer_size > before.buffer_size || after.overlap_skipped > before.overlap_skipped)
}

/// The run that was started for exactly this moment.
fn started_at(info: &ScheduleInfo, moment: SystemTime) -> Option<WorkflowExecution> {
    let wanted = Some(moment.into());
    let action = info.recent_actions.iter().find(|action| action.schedule_time == wanted)?;
    action.start_workflow_result.clone()
}

/// The server names a run by the second of its moment, and a second run of a name is not started while the first runs: take the
/// next second that none of the last runs has.
fn free_moment(info: &ScheduleInfo, now: SystemTime) -> SystemTime {
    let second = |time: SystemTime| time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let times = info.recent_actions.iter().filter_map(|action| SystemTime::try_from(action.schedule_time?).ok());
    let taken: Vec<u64> = times.map(second).collect();
    let mut moment = now;
    while taken.contains(&second(moment)) {
        moment += Duration::from_secs(1);
    }
    moment
}

#[cfg(test)]
mod tests {
    use temporalio_common::protos::temporal::api::schedule::v1::ScheduleActionResult;

    use super::*;

    fn at(millis: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(millis)
    }

    #[test]
    fn one_that_waits_or_was_skipped_is_seen_unless_ours_would_do_neither() {
        let info = |buffer_size, overlap_skipped| ScheduleInfo { buffer_size, overlap_skipped, ..Default::default() };
        let (before, allow) = (info(1, 4), Some(ScheduleOverlapPolicy::AllowAll));
        for (after, is_held) in [(info(1, 4), false), (info(0, 4), false), (info(2, 4), true), (info(1, 5), true)] {
            assert_eq!(held_back(&before, &after, None), is_held, "{after:?}");
            assert!(!held_back(&before, &after, allow), "{after:?}");
        }
    }

    #[test]
    fn a_moment_is_of_a_second_that_no_other_run_has() {
        let action = |millis| ScheduleActionResult { schedule_time: Some(at(millis).into()), ..Default::default() };
        let mut info = ScheduleInfo::default();
        assert_eq!(free_moment(&info, at(5_250)), at(5_250));
        info.recent_actions = vec![action(4_999), action(5_000), action(6_999)];
        assert_eq!(free_moment(&info, at(5_250)), at(7_250));
        assert_eq!(free_moment(&info, at(3_250)), at(3_250));
    }
}
