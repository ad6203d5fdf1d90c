//! A schedule ready to be compared and sent: its message with the record in it, and its facts.

use mainspring_client::Payloads;
use serde_json::Value;
use temporalio_common::protos::temporal::api::common::v1::Memo;
use temporalio_common::protos::temporal::api::schedule::v1::Schedule as Message;
use temporalio_common::protos::temporal::api::workflowservice::v1::CreateScheduleRequest;

use super::compare::{Cause, Change, OPERATORS, Wanted, changes};
use super::facts;
use super::message::{attributes, message};
use super::read::Live;
use super::record::{OWNER, Record, mark};
use crate::{Owner, Schedule, ScheduleError, calls};

/// What is to be there.
#[derive(Clone, Debug)]
pub(crate) struct Prepared {
    pub(crate) schedule: Schedule,
    pub(crate) owner: Owner,
    pub(crate) wanted: Wanted,
    message: Message,
    memo: Memo,
}

impl Prepared {
    pub(crate) async fn new(schedule: Schedule, owner: Owner, payloads: &Payloads) -> Result<Self, ScheduleError> {
        let id = schedule.id.clone();
        let prepared = async {
            let mut message = message(&schedule, payloads).await?;
            let on_schedule = attributes(&schedule.declared.schedule_search_attributes);
            let server = facts::of_message(&message, on_schedule.as_ref(), payloads).await?;
            let code = facts::of_code(&schedule, &server);
            Record::new(&owner, code.clone()).put(&mut message, payloads).await?;
            let memo = Memo { fields: [(OWNER.to_owned(), mark(&owner, payloads).await?)].into() };
            Ok(Self { schedule, owner, wanted: Wanted { code, server }, message, memo })
        };
        prepared.await.map_err(|source| ScheduleError::Payload { id, source })
    }

    /// What a new schedule says.
    pub(crate) fn contents(&self) -> Vec<Change> {
        let shown = |(field, value): (&String, &Value)| Change {
            field: field.clone(),
            before: Value::Null,
            after: self.wanted.server.get(field).unwrap_or(value).clone(),
            cause: Cause::Code,
        };
        self.wanted.code.iter().map(shown).collect()
    }

    /// What is to change.
    pub(crate) fn changes(&self, live: &Live) -> Vec<Change> {
        let mut changes = changes(&self.wanted, live.record.as_ref().map(|record| &record.applied), &live.facts);
        if let Some(record) = live.record.as_ref().filter(|record| record.owner != self.owner.as_str()) {
            let (before, after) = (record.owner.clone().into(), self.owner.as_str().into());
            changes.push(Change { field: "owner".to_owned(), before, after, cause: Cause::Code });
        }
        changes
    }

    pub(crate) fn request(&self) -> CreateScheduleRequest {
        CreateScheduleRequest {
            schedule_id: self.schedule.id.clone(),
            schedule: Some(self.message.clone()),
            memo: Some(self.memo.clone()),
            search_attributes: attributes(&self.schedule.declared.schedule_search_attributes),
            ..CreateScheduleRequest::default()
        }
    }

    /// Puts what is wanted over what is there; a pause, a note and a count stay unless the code changed its own.
    pub(crate) fn put_over(&self, changes: &[Change], there: &mut calls::Change) {
        let changed = |field: &str| changes.iter().any(|change| change.field == field);
        let wanted = self.message.clone();
        let ours = wanted.state.unwrap_or_default();
        let mut state = there.schedule.state.clone().unwrap_or_default();
        let [note, remaining] = OPERATORS;
        if changed(note) {
            state.notes = ours.notes;
        }
        if changed(remaining) {
            (state.limited_actions, state.remaining_actions) = (ours.limited_actions, ours.remaining_actions);
        }
        there.schedule =
            Message { spec: wanted.spec, action: wanted.action, policies: wanted.policies, state: Some(state) };
        if changed("schedule_search_attributes") {
            // Nothing at all would leave them as they are.
            there.search_attributes =
                Some(attributes(&self.schedule.declared.schedule_search_attributes).unwrap_or_default());
        }
    }
}
