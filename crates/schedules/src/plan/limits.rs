//! Which schedules with a limit of actions were made, and with which. The server removes one that has used its limit up some days later, and then nothing
//! there tells it from one that never was. So each owner who has such schedules keeps a list of them: in the memo of a schedule that is paused, has no times
//! and so is never removed and starts nothing. (A schedule with an end needs none: its end stands in the code.)

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, TryStreamExt, stream};
use temporalio_common::protos::temporal::api::common::v1::{Memo, WorkflowType};
use temporalio_common::protos::temporal::api::schedule::v1::schedule_action::Action as Start;
use temporalio_common::protos::temporal::api::schedule::v1::{Schedule as Message, ScheduleAction, ScheduleState};
use temporalio_common::protos::temporal::api::taskqueue::v1::TaskQueue;
use temporalio_common::protos::temporal::api::workflow::v1::NewWorkflowExecutionInfo;
use temporalio_common::protos::temporal::api::workflowservice::v1::{CreateScheduleRequest, DescribeScheduleResponse};

use super::message::started;
use super::{AT_ONCE, Action, Planner, Step};
use crate::calls::CallError;
use crate::{Owner, Schedule, ScheduleError};

/// Where the list stands in the memo.
const LIST: &str = "MainspringLimits";
/// Its workflow, which nobody runs.
const NEVER: &str = "mainspring-limits";

/// An owner's list.
#[derive(Debug)]
pub(crate) struct Limits {
    pub(crate) owner: Owner,
    described: Option<DescribeScheduleResponse>,
    /// The limit of each schedule that was made.
    made: BTreeMap<String, u32>,
    /// Why the list cannot be read. Then it is left as it is.
    unknown: Option<String>,
    /// Those that are declared now.
    declared: BTreeMap<String, u32>,
}

impl Limits {
    fn id(owner: &Owner) -> String {
        format!("{NEVER}:{owner}")
    }

    /// Whether a schedule that is not there has used its limit up, or why nobody knows.
    pub(crate) fn used_up(&self, schedule: &Schedule) -> Result<bool, String> {
        let (id, list) = (&schedule.id, Self::id(&self.owner));
        match (schedule.declared.remaining_actions, &self.unknown) {
            (None, _) => Ok(false),
            (Some(limit), None) => Ok(self.made.get(id) == Some(&limit)),
            (Some(_), Some(why)) => Err(format!(
                "schedule {id} is not there, and whether it has used its actions up cannot be read: {why}. Apply with what reads it; or delete schedule {list}, and each one with a limit that is not there is made again"
            )),
        }
    }

    /// What the list should be after these steps.
    fn after<'a>(&self, steps: impl Iterator<Item = (&'a Step, bool)>) -> BTreeMap<String, u32> {
        let is_there = |action: Action| !matches!(action, Action::Refused | Action::Delete | Action::Orphan);
        let there: BTreeSet<&str> =
            steps.filter(|(step, well)| *well && is_there(step.action)).map(|(step, _)| step.id.as_str()).collect();
        let known = |id: &String, limit: &u32| there.contains(id.as_str()) || self.made.get(id) == Some(limit);
        self.declared.iter().filter(|(id, limit)| known(id, limit)).map(|(id, limit)| (id.clone(), *limit)).collect()
    }
}

impl Planner {
    /// The lists of the owners of schedules with a limit; most have none, and nothing is asked.
    pub(crate) async fn limits(
        &self,
        declared: impl Iterator<Item = (&Schedule, &Owner)>,
    ) -> Result<Vec<Limits>, ScheduleError> {
        let mut owners: BTreeMap<&Owner, BTreeMap<String, u32>> = BTreeMap::new();
        for (schedule, owner) in declared {
            if let Some(limit) = schedule.declared.remaining_actions {
                owners.entry(owner).or_default().insert(schedule.id.clone(), limit);
            }
        }
        let mut reading = Vec::new();
        for (owner, declared) in owners {
            reading.push(self.limits_of(owner.clone(), declared));
        }
        stream::iter(reading).buffered(AT_ONCE).try_collect().await
    }

    /// An owner's list, and which of its schedules with a limit are declared: another is forgotten when the list is kept.
    pub(crate) async fn limits_of(
        &self,
        owner: Owner,
        declared: BTreeMap<String, u32>,
    ) -> Result<Limits, ScheduleError> {
        let id = Limits::id(&owner);
        let mut limits = Limits { owner, described: None, made: BTreeMap::new(), unknown: None, declared };
        let described = match self.schedules.describe(&id).await {
            Ok(described) => described,
            Err(CallError::NotFound { .. }) => return Ok(limits),
            Err(error) => {
                let error = ScheduleError::from(error);
                if error.is_silence() {
                    return Err(error);
                }
                limits.unknown = Some(error.to_string());
                return Ok(limits);
            }
        };
        let memo = described.schedule.as_ref().and_then(started).and_then(|workflow| workflow.memo.as_ref());
        if let Some(payload) = memo.and_then(|memo| memo.fields.get(LIST)) {
            let read = self.payloads.decode_json(payload).await.map_err(|source| source.to_string());
            match read.and_then(|read| serde_json::from_value(read).map_err(|error| error.to_string())) {
                Ok(made) => limits.made = made,
                Err(error) => limits.unknown = Some(format!("schedule {id}: {error}")),
            }
        }
        limits.described = Some(described);
        Ok(limits)
    }

    /// Writes the list, if it is another now.
    pub(crate) async fn keep<'a>(
        &self,
        limits: Limits,
        steps: impl Iterator<Item = (&'a Step, bool)>,
    ) -> Result<(), ScheduleError> {
        let list = limits.after(steps);
        if limits.unknown.is_some() || list == limits.made {
            return Ok(());
        }
        let id = Limits::id(&limits.owner);
        let payload = self.payloads.encode_json(&serde_json::json!(list)).await;
        let payload = payload.map_err(|source| ScheduleError::Payload { id: id.clone(), source })?;
        let workflow = NewWorkflowExecutionInfo {
            workflow_id: NEVER.to_owned(),
            workflow_type: Some(WorkflowType { name: NEVER.to_owned() }),
            task_queue: Some(TaskQueue { name: NEVER.to_owned(), ..TaskQueue::default() }),
            memo: Some(Memo { fields: [(LIST.to_owned(), payload)].into() }),
            ..NewWorkflowExecutionInfo::default()
        };
        let message = Message {
            action: Some(ScheduleAction { action: Some(Start::StartWorkflow(workflow)) }),
            state: Some(ScheduleState {
                notes: "Mainspring keeps here which schedules with a limit of actions were made. It starts nothing; leave it paused".to_owned(),
                paused: true,
                ..ScheduleState::default()
            }),
            ..Message::default()
        };
        let mut described = limits.described;
        if described.is_none() {
            let request = CreateScheduleRequest {
                schedule_id: id.clone(),
                schedule: Some(message.clone()),
                ..CreateScheduleRequest::default()
            };
            match self.schedules.create(request).await {
                Ok(()) => return Ok(()),
                // Another that applies the same.
                Err(CallError::Exists { .. }) => described = Some(self.schedules.describe(&id).await?),
                Err(error) => return Err(error.into()),
            }
        }
        let update = |change: &mut crate::calls::Change| {
            change.schedule.action.clone_from(&message.action);
            change.schedule.state.clone_from(&message.state);
        };
        match described {
            Some(described) => self.schedules.update_from(&id, described, update).await.map(drop).map_err(Into::into),
            None => Ok(()),
        }
    }
}
