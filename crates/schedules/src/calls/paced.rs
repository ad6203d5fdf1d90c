//! A backfill that lets so many runs go on at once, and no more: it hands the server a few times after another, whenever runs
//! have ended.

use std::time::{Duration, SystemTime};

use futures::{StreamExt, TryStreamExt};
use temporalio_common::protos::temporal::api::enums::v1::ScheduleOverlapPolicy;

use super::backfill::{Range, TICK, started_since};
use super::read::parts;
use super::{CallError, Schedules};

/// Times a request: the server shows the last ten runs, and each of ours is to be seen.
const CHUNK: usize = 10;
/// How long the runs of a request are looked for.
const LOOK: Duration = Duration::from_secs(10);
/// How often the schedule is looked at for runs that are to start.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// How often runs are asked whether they have ended: soon at first, seldom when they are long.
const POLLS: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));
/// Questions at once.
const ASKED: usize = 8;

/// How far a paced backfill is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Times in the range.
    pub times: usize,
    /// Times that were handed to the server.
    pub sent: usize,
    /// Of them, those whose run was not seen to start within 10 s. A run of the same time goes on, or the server has lost the
    /// request.
    pub unseen: usize,
    /// Runs that have ended, however.
    pub ended: usize,
    /// Runs that go on.
    pub running: usize,
    /// From here another range takes what was not handed to the server. None if all was.
    pub next: Option<SystemTime>,
}

/// A range, and how many of its runs may go on at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paced {
    /// The times.
    pub range: Range,
    /// How many runs of them go on at once, at most; one at least. Runs that others start are not counted.
    pub at_most: usize,
}

impl Schedules {
    /// Starts the schedule's workflow for each of its times in the range, the oldest first, and waits until all have ended.
    /// `tell` hears of each step. Dropping the future starts no more; what runs goes on.
    ///
    /// # Errors
    /// [`CallError::NotFound`], or what the server or the network said.
    pub async fn backfill_paced(&self, id: &str, paced: Paced, mut tell: impl FnMut(Pace)) -> Result<Pace, CallError> {
        let times = self.matching_times(id, paced.range.from, paced.range.to).await?;
        let next = (!times.is_empty()).then_some(paced.range.from);
        let mut pace = Pace { times: times.len(), sent: 0, unseen: 0, ended: 0, running: 0, next };
        let mut running: Vec<String> = Vec::new();
        let mut wait = POLLS.0;
        loop {
            let free = paced.at_most.max(1).saturating_sub(running.len());
            let chunk = &times[pace.sent..][..free.min(CHUNK).min(times.len() - pace.sent)];
            if let (Some(from), Some(last)) = (pace.next, chunk.last()) {
                let started = self.start_chunk(id, Range { from, to: *last }, chunk).await?;
                pace.sent += chunk.len();
                pace.unseen += chunk.len() - started.len();
                // Right after this time, not at the next: there is jitter in that, and the server begins at the plain one.
                pace.next = (pace.sent < times.len()).then(|| *last + TICK);
                running.extend(started);
                wait = POLLS.0;
            }
            pace.running = running.len();
            tell(pace);
            if running.is_empty() && pace.next.is_none() {
                return Ok(pace);
            }
            if running.len() < paced.at_most && pace.next.is_some() {
                continue;
            }
            tokio::time::sleep(wait).await;
            let before = running.len();
            running = self.still_running(running).await?;
            pace.ended += before - running.len();
            wait = if running.len() < before { POLLS.0 } else { (wait * 2).min(POLLS.1) };
        }
    }

    /// The ids of the workflows that were started for these times.
    async fn start_chunk(&self, id: &str, range: Range, chunk: &[SystemTime]) -> Result<Vec<String>, CallError> {
        let (_, before) = parts(&self.describe(id).await?);
        self.send_range(id, range, Some(ScheduleOverlapPolicy::AllowAll), &before).await?;
        let looking = tokio::time::Instant::now();
        loop {
            let (_, after) = parts(&self.describe(id).await?);
            let ours = started_since(&before, &after).filter(|(time, _)| chunk.contains(time));
            let started: Vec<String> = ours
                .filter_map(|(_, action)| Some(action.start_workflow_result.as_ref()?.workflow_id.clone()))
                .collect();
            if started.len() == chunk.len() || looking.elapsed() > LOOK {
                return Ok(started);
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    async fn still_running(&self, workflows: Vec<String>) -> Result<Vec<String>, CallError> {
        let asked = futures::stream::iter(workflows)
            .map(|workflow| async move { Ok((self.runs(&workflow).await?, workflow)) })
            .buffered(ASKED);
        let told: Vec<(bool, String)> = asked.try_collect().await?;
        Ok(told.into_iter().filter(|(runs, _)| *runs).map(|(_, workflow)| workflow).collect())
    }
}
