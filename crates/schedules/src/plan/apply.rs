//! A plan carried out: several at once, and one that fails does not stop the rest. When nobody answers any more, what is left is not tried.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use futures::{StreamExt, stream};

use super::{AT_ONCE, Action, Plan, Planner, Prepared, Progress, Step};
use crate::ScheduleError;
use crate::calls::CallError;

/// How often a schedule is looked at again because others change it.
const ROUNDS: u32 = 8;

/// What became of a plan.
#[derive(Debug)]
pub struct Applied {
    /// Each step, with what became of it; what a plan refused stays so.
    pub steps: Vec<(Step, Result<Done, ScheduleError>)>,
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// It was made, changed or deleted.
    Changed,
    /// Nothing was to be done, or somebody else was first with the same.
    Nothing,
}

impl Applied {
    /// The steps that did not come about, with why.
    pub fn failures(&self) -> impl Iterator<Item = (&Step, &ScheduleError)> {
        self.steps.iter().filter_map(|(step, done)| Some((step, done.as_ref().err()?)))
    }
}

impl Planner {
    /// Does what the plan says. A schedule that somebody else changed meanwhile is compared anew; others that apply the same at the same time do no harm.
    pub async fn apply(&self, plan: Plan, progress: Progress<'_>) -> Applied {
        let (done, all) = (AtomicUsize::new(0), plan.pending());
        let silent = AtomicBool::new(false);
        let steps = stream::iter(plan.steps).map(|step| async {
            let pending = step.action.changes_something();
            let outcome = if pending && silent.load(Ordering::Relaxed) {
                Err(ScheduleError::NotTried { id: step.id.clone() })
            } else {
                Box::pin(self.carry_out(&step)).await
            };
            if outcome.as_ref().is_err_and(ScheduleError::is_silence) {
                silent.store(true, Ordering::Relaxed);
            }
            if pending {
                progress(done.fetch_add(1, Ordering::Relaxed) + 1, all);
            }
            (step, outcome)
        });
        let steps: Vec<(Step, Result<Done, ScheduleError>)> = steps.buffered(AT_ONCE).collect().await;
        for limits in plan.limits {
            let kept = Box::pin(self.keep(limits, steps.iter().map(|(step, done)| (step, done.is_ok())))).await;
            // The next apply makes up for it: it is lost only if a schedule is used up and removed before.
            if let Err(error) = kept {
                tracing::warn!(%error, "which schedules with a limit were made is not remembered until the next apply");
            }
        }
        Applied { steps }
    }

    async fn carry_out(&self, step: &Step) -> Result<Done, ScheduleError> {
        match (step.action, &step.prepared) {
            (Action::Create | Action::Update, Some(prepared)) => self.bring_about(step, prepared).await,
            (Action::Delete, _) => match self.schedules.delete(&step.id).await {
                Ok(()) => Ok(Done::Changed),
                Err(CallError::NotFound { .. }) => Ok(Done::Nothing),
                Err(error) => Err(error.into()),
            },
            (Action::Refused, _) => Err(ScheduleError::Refused { reason: step.reason.clone().unwrap_or_default() }),
            _ => Ok(Done::Nothing),
        }
    }

    async fn bring_about(&self, step: &Step, prepared: &Prepared) -> Result<Done, ScheduleError> {
        let mut live = step.live.clone();
        let mut done = Done::Nothing;
        for _ in 0..ROUNDS {
            let Some(there) = live else {
                match self.schedules.create(prepared.request()).await {
                    Ok(()) => return Ok(Done::Changed),
                    Err(CallError::Exists { .. }) => {}
                    Err(error) => return Err(error.into()),
                }
                live = self.read(&step.id).await?;
                // Ours was not the first; whose it is decides.
                if let Some(there) = &live
                    && there.owner.as_ref() != Some(&prepared.owner)
                {
                    let id = step.id.clone();
                    return Err(ScheduleError::Refused {
                        reason: format!("schedule {id} was made by somebody else meanwhile: plan again"),
                    });
                }
                continue;
            };
            let changes = prepared.changes(&there);
            if changes.is_empty() {
                return Ok(done);
            }
            // Asked a second time, it means that somebody else was first: then what is there is compared anew.
            let mut asked = 0;
            let sent = self.schedules.update_from(&step.id, there.described, |change| {
                asked += 1;
                if asked == 1 {
                    prepared.put_over(&changes, change);
                }
            });
            match sent.await {
                Ok(_) if asked == 1 => return Ok(Done::Changed),
                Ok(_) => done = Done::Changed,
                // Deleted meanwhile.
                Err(CallError::NotFound { .. }) => {}
                Err(error) => return Err(error.into()),
            }
            live = self.read(&step.id).await?;
        }
        Err(ScheduleError::Contended { id: step.id.clone(), times: ROUNDS })
    }
}
