//! Paused or not: a state, so it is asked for until the schedule says so.

use std::time::Duration;

use temporalio_common::protos::temporal::api::schedule::v1::SchedulePatch;
use temporalio_common::protos::temporal::api::workflowservice::v1::DescribeScheduleResponse;

use super::CallError;
use super::Schedules;

/// How often it is asked for before somebody else is blamed.
pub(super) const ROUNDS: u32 = 5;
/// The wait after a round, times its number.
pub(super) const ROUND: Duration = Duration::from_millis(100);

impl Schedules {
    /// Pauses a schedule: it starts nothing by the clock until it is unpaused. `note` is why; without one it names us.
    ///
    /// # Errors
    /// [`CallError::NotFound`]; [`CallError::Contested`] if it never was so afterwards; or what the server or the
    /// network said.
    pub async fn pause(&self, id: &str, note: Option<&str>) -> Result<(), CallError> {
        let note = self.note(note, "paused");
        let patch = SchedulePatch { pause: note.clone(), ..Default::default() };
        self.set_paused(id, patch, true, &note).await
    }

    /// Lets a schedule start by the clock again. `note` is why; without one it names us. It does not make up for what passed.
    ///
    /// # Errors
    /// As of [`pause`](Self::pause).
    pub async fn unpause(&self, id: &str, note: Option<&str>) -> Result<(), CallError> {
        let note = self.note(note, "unpaused");
        let patch = SchedulePatch { unpause: note.clone(), ..Default::default() };
        self.set_paused(id, patch, false, &note).await
    }

    /// The server takes a patch with an empty note for none.
    fn note(&self, note: Option<&str>, done: &str) -> String {
        note.filter(|note| !note.is_empty()).map_or_else(|| format!("{done} by {}", self.identity()), str::to_owned)
    }

    async fn set_paused(&self, id: &str, patch: SchedulePatch, paused: bool, note: &str) -> Result<(), CallError> {
        let what = format!("schedule {id} could not be {}", if paused { "paused" } else { "unpaused" });
        let is_so = |described: &DescribeScheduleResponse| {
            let state = described.schedule.as_ref().and_then(|schedule| schedule.state.as_ref());
            state.is_some_and(|state| state.paused == paused && state.notes == note)
        };
        for round in 1..=ROUNDS {
            self.patch(id, patch.clone(), &what, is_so).await?;
            if is_so(&self.describe(id).await?) {
                return Ok(());
            }
            tokio::time::sleep(ROUND * round).await;
        }
        Err(CallError::Contested { what, rounds: ROUNDS })
    }
}
