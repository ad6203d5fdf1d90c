//! What a server has, read and compared: the plan.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::{FutureExt, StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use temporalio_common::protos::temporal::api::workflowservice::v1::DescribeScheduleResponse;

use super::facts::{self, Facts};
use super::record::{Record, marked};
use super::{AT_ONCE, Action, Orphans, Plan, Planner, Prepared, Progress, Scope, Step};
use crate::calls::CallError;
use crate::{Owner, Schedule, ScheduleError};

/// Why an orphan is kept that is to be deleted.
const UNRECORDED: &str = "its record is gone, so nothing says that nobody took it over: delete it by `mainspring schedules delete`, or declare it and apply once";

/// A schedule that is there.
#[derive(Clone, Debug)]
pub(crate) struct Live {
    pub(crate) described: DescribeScheduleResponse,
    pub(crate) facts: Facts,
    pub(crate) record: Option<Record>,
    pub(crate) owner: Option<Owner>,
}

impl Planner {
    /// Reads what the server has of these schedules, and tells what is to be done. Each is described, for lists are behind.
    ///
    /// # Errors
    /// [`ScheduleError::Wrong`], [`ScheduleError::Unowned`] or [`ScheduleError::Twice`] before anything is read; what the network says when nobody
    /// answers. What is wrong with one schedule on the server stands in its step.
    pub async fn plan(
        &self,
        schedules: &[Schedule],
        scope: &Scope,
        progress: Progress<'_>,
    ) -> Result<Plan, ScheduleError> {
        let mut declared = BTreeMap::new();
        for schedule in schedules {
            let faults = schedule.faults();
            let id = schedule.id.clone();
            if !faults.is_empty() {
                return Err(ScheduleError::Wrong { id, faults });
            }
            let owner = schedule.owner.clone().ok_or_else(|| ScheduleError::Unowned { id: id.clone() })?;
            if declared.insert(id.clone(), (schedule, owner)).is_some() {
                return Err(ScheduleError::Twice { id });
            }
        }
        let mut limits = self.limits(declared.values().map(|(schedule, owner)| (*schedule, owner))).await?;
        let done = AtomicUsize::new(0);
        let (all, ids) = (declared.len(), declared.keys().cloned().collect());
        // Futures first, for a closure in a stream that borrows is not for every thread.
        let mut reading = Vec::with_capacity(all);
        for (schedule, owner) in declared.into_values() {
            let over = match limits.iter().find(|one| one.owner == owner) {
                _ if schedule.declared.end.is_some_and(|end| end < Timestamp::now()) => Ok(true),
                Some(limits) => limits.used_up(schedule),
                None => Ok(false),
            };
            let (step, done) = (self.step(schedule.clone(), owner, over, scope), &done);
            reading.push(step.inspect(move |_| progress(done.fetch_add(1, Ordering::Relaxed) + 1, all)).boxed());
        }
        let steps = stream::iter(reading).buffer_unordered(AT_ONCE).try_collect::<Vec<_>>();
        let (mut steps, orphans) = futures::try_join!(steps, self.orphans(&ids, scope))?;
        // What is deleted has used nothing up: declared again, it is made again.
        for step in orphans.iter().filter(|step| step.action == Action::Delete) {
            if limits.iter().all(|one| one.owner != step.owner) {
                limits.push(self.limits_of(step.owner.clone(), BTreeMap::new()).await?);
            }
        }
        steps.extend(orphans);
        steps.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(Plan { steps, limits })
    }

    /// `over`: whether one that is not there has come to its end, or why nobody knows.
    async fn step(
        &self,
        schedule: Schedule,
        owner: Owner,
        over: Result<bool, String>,
        scope: &Scope,
    ) -> Result<Step, ScheduleError> {
        let id = schedule.id.clone();
        let refused = |error: ScheduleError, owner: &Owner| Step::refused(id.clone(), owner.clone(), error.to_string());
        let prepared = match Prepared::new(schedule, owner.clone(), &self.payloads).await {
            Ok(prepared) => prepared,
            Err(error) => return Ok(refused(error, &owner)),
        };
        let live = match self.read(&id).await {
            Ok(live) => live,
            Err(error) if error.is_silence() => return Err(error),
            Err(error) => return Ok(refused(error, &owner)),
        };
        let mut step = Step {
            id: id.clone(),
            owner,
            action: Action::Unchanged,
            changes: Vec::new(),
            reason: None,
            prepared: None,
            live: None,
        };
        match (&live, over) {
            (None, Ok(true)) => step.action = Action::Finished,
            (None, Ok(false)) => (step.action, step.changes) = (Action::Create, prepared.contents()),
            (None, Err(reason)) => (step.action, step.reason) = (Action::Refused, Some(reason)),
            (Some(there), _) => match taken(&id, there, &prepared, scope) {
                Some(reason) => (step.action, step.reason) = (Action::Refused, Some(reason)),
                None => {
                    step.changes = prepared.changes(there);
                    step.action = if step.changes.is_empty() { Action::Unchanged } else { Action::Update };
                }
            },
        }
        if step.action.changes_something() {
            (step.prepared, step.live) = (Some(prepared), live);
        }
        Ok(step)
    }

    /// What there is under this id.
    pub(crate) async fn read(&self, id: &str) -> Result<Option<Live>, ScheduleError> {
        match self.schedules.describe(id).await {
            Ok(described) => self.live(id, described).await.map(Some),
            Err(CallError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn live(&self, id: &str, described: DescribeScheduleResponse) -> Result<Live, ScheduleError> {
        let read = async {
            let message = described.schedule.clone().unwrap_or_default();
            let facts = facts::of_message(&message, described.search_attributes.as_ref(), &self.payloads).await?;
            let record = Record::of(&message, &self.payloads).await?;
            let owner = match &record {
                Some(record) => Some(Owner::read(record.owner.clone())),
                None => marked(described.memo.as_ref(), &self.payloads).await?,
            };
            Ok(Live { described, facts, record, owner })
        };
        read.await.map_err(|source| ScheduleError::Payload { id: id.to_owned(), source })
    }

    /// Schedules that bear the mark of our owners, and are not declared. The list may be behind, so each is described.
    async fn orphans(&self, declared: &BTreeSet<String>, scope: &Scope) -> Result<Vec<Step>, ScheduleError> {
        if scope.orphans == Orphans::Ignore {
            return Ok(Vec::new());
        }
        let mut steps = Vec::new();
        for entry in self.schedules.list("").await? {
            if declared.contains(&entry.schedule_id) {
                continue;
            }
            // A mark that cannot be decoded is not ours.
            let mark = marked(entry.memo.as_ref(), &self.payloads).await.ok().flatten();
            let workflow = entry.info.and_then(|info| info.workflow_type).unwrap_or_default().name;
            // The mark tells who made it, and stays when somebody takes it over: whose it is now stands in its record.
            let is_marked = mark.as_ref().is_some_and(|owner| scope.owners.contains(owner));
            if !is_marked && !scope.workflows.contains(&workflow) {
                continue;
            }
            let live = match self.read(&entry.schedule_id).await {
                Ok(Some(live)) => live,
                Ok(None) => continue,
                Err(error) if error.is_silence() => return Err(error),
                Err(error) => {
                    // One of somebody else's that cannot be read is no matter of ours.
                    steps.extend(
                        mark.filter(|_| is_marked)
                            .map(|owner| Step::refused(entry.schedule_id, owner, error.to_string())),
                    );
                    continue;
                }
            };
            let Some(owner) = live.owner.clone().filter(|owner| scope.owners.contains(owner)) else { continue };
            // Without a record, the mark may be that of a former owner: nothing is deleted for it.
            let (action, reason) = match (scope.orphans, &live.record) {
                (Orphans::Delete, Some(_)) => (Action::Delete, None),
                (Orphans::Delete, None) => (Action::Orphan, Some(UNRECORDED.to_owned())),
                _ => (Action::Orphan, None),
            };
            steps.push(Step {
                id: entry.schedule_id,
                owner,
                action,
                changes: Vec::new(),
                reason,
                prepared: None,
                live: Some(live),
            });
        }
        Ok(steps)
    }
}

/// Why a schedule that is there may not be touched.
fn taken(id: &str, live: &Live, prepared: &Prepared, scope: &Scope) -> Option<String> {
    if live.record.as_ref().is_some_and(Record::is_newer) {
        return Some(format!("schedule {id} was applied by a later version of Mainspring: apply with that one"));
    }
    let ours = |owner: &Owner| *owner == prepared.owner || scope.owners.contains(owner);
    match &live.owner {
        _ if scope.adopt => None,
        Some(owner) if ours(owner) => None,
        Some(owner) => {
            Some(format!("schedule {id} belongs to {owner}: give this one another id, or take it over with --adopt"))
        }
        None => Some(format!(
            "schedule {id} is there already, and nothing says that it is ours: give this one another id, or take it over with --adopt"
        )),
    }
}

impl Step {
    fn refused(id: String, owner: Owner, reason: String) -> Self {
        let (action, reason) = (Action::Refused, Some(reason));
        Self { id, owner, action, changes: Vec::new(), reason, prepared: None, live: None }
    }
}
