//! A change of a schedule, as a function from what is there to what is wanted. The server drops an update whose conflict token
//! is old, and says nothing, so what is there afterwards decides.

use temporalio_client::tonic::Code;
use temporalio_common::protos::temporal::api::common::v1::{Payload, SearchAttributes};
use temporalio_common::protos::temporal::api::schedule::v1::{Schedule, SchedulePolicies, ScheduleState};
use temporalio_common::protos::temporal::api::workflowservice::v1::{DescribeScheduleResponse, UpdateScheduleRequest};

use super::CallError;
use super::pause::{ROUND, ROUNDS};
use super::{Schedules, request_id};

/// What an update may change.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Change {
    /// All of the schedule; the server keeps nothing of what was there before.
    pub schedule: Schedule,
    /// None leaves them as they are; otherwise these replace all of them.
    pub search_attributes: Option<SearchAttributes>,
}

/// What became of an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Updated {
    /// It is as wanted now.
    Changed,
    /// It was as wanted, and nothing was sent.
    Unchanged,
}

impl Schedules {
    /// Changes a schedule. `change` gets what is there and makes it what is wanted. It is asked again if somebody else was
    /// first, so it should set what it wants, and leave the rest, such as whether it is paused, as it finds it.
    ///
    /// What is there has its cron strings compiled to calendars, so one who writes cron strings into a spec always changes it.
    /// For the same reason a spec is not compared afterwards: of two updates at the same moment that differ in their specs
    /// alone, each takes the other's for its own. Give the action a memo that tells them apart if that matters.
    ///
    /// # Errors
    /// [`CallError::NotFound`]; [`CallError::Refused`] with what the server finds wrong;
    /// [`CallError::Contested`] if it never was so afterwards; or what the network said.
    pub async fn update(&self, id: &str, change: impl FnMut(&mut Change)) -> Result<Updated, CallError> {
        let described = self.describe(id).await?;
        self.update_from(id, described, change).await
    }

    /// [`update`](Self::update) for one who has described it already.
    ///
    /// # Errors
    /// As of [`update`](Self::update).
    pub async fn update_from(
        &self,
        id: &str,
        described: DescribeScheduleResponse,
        mut change: impl FnMut(&mut Change),
    ) -> Result<Updated, CallError> {
        let what = format!("schedule {id} could not be updated");
        let mut described = described;
        for round in 1..=ROUNDS {
            let base = described.schedule.clone().unwrap_or_default();
            let mut wanted = Change { schedule: base.clone(), search_attributes: None };
            change(&mut wanted);
            if wanted.schedule == base && attributes_hold(&described, &wanted) {
                return Ok(if round == 1 { Updated::Unchanged } else { Updated::Changed });
            }
            self.send(id, &wanted, described.conflict_token, &what).await?;
            described = self.describe(id).await?;
            match found(&described, &base, &wanted) {
                Found::Ours => return Ok(Updated::Changed),
                // Twice the same does no harm, and the second one settles it.
                Found::Unclear if round > 1 => return Ok(Updated::Changed),
                Found::Unclear | Found::Other => tokio::time::sleep(ROUND * round).await,
            }
            described = self.describe(id).await?;
        }
        Err(CallError::Contested { what, rounds: ROUNDS })
    }

    async fn send(&self, id: &str, wanted: &Change, token: Vec<u8>, what: &str) -> Result<(), CallError> {
        let request = UpdateScheduleRequest {
            namespace: self.namespace.clone(),
            schedule_id: id.to_owned(),
            schedule: Some(wanted.schedule.clone()),
            conflict_token: token,
            identity: self.identity(),
            request_id: request_id(),
            search_attributes: wanted.search_attributes.clone(),
            ..Default::default()
        };
        match self.call(|service, request| service.update_schedule(request), request).await {
            Ok(_) => Ok(()),
            // Newer servers say that the token is old; the next round reads the new one.
            Err(refused) if refused.is(Code::FailedPrecondition) => Ok(()),
            Err(refused) => Err(CallError::of(refused, id, what.to_owned())),
        }
    }
}

/// What was found after an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    Ours,
    /// Another's update was first, or ours was dropped.
    Other,
    /// The spec is the old one: it was written otherwise and means the same, or the update was dropped.
    Unclear,
}

fn found(described: &DescribeScheduleResponse, base: &Schedule, wanted: &Change) -> Found {
    let there = described.schedule.clone().unwrap_or_default();
    let sent = &wanted.schedule;
    let is_there = attributes_hold(described, wanted)
        && there.action.clone().unwrap_or_default() == sent.action.clone().unwrap_or_default()
        && policies_hold(&there.policies.unwrap_or_default(), &sent.policies.unwrap_or_default())
        && state_holds(&there.state.unwrap_or_default(), &sent.state.clone().unwrap_or_default());
    // The server writes specs in its own way, so equality with what was sent would be too much to ask.
    if !is_there {
        Found::Other
    } else if sent.spec != base.spec && there.spec == base.spec {
        Found::Unclear
    } else {
        Found::Ours
    }
}

fn attributes_hold(described: &DescribeScheduleResponse, wanted: &Change) -> bool {
    let there = described.search_attributes.clone().unwrap_or_default().indexed_fields;
    let has = |(name, value): (&String, &Payload)| there.get(name).is_some_and(|there| there.data == value.data);
    wanted
        .search_attributes
        .as_ref()
        .is_none_or(|wanted| wanted.indexed_fields.len() == there.len() && wanted.indexed_fields.iter().all(has))
}

/// The server fills in what is absent, and widens a catch-up window that is too short.
fn policies_hold(there: &SchedulePolicies, sent: &SchedulePolicies) -> bool {
    (sent.overlap_policy == 0 || there.overlap_policy == sent.overlap_policy)
        && there.pause_on_failure == sent.pause_on_failure
        && there.keep_original_workflow_id == sent.keep_original_workflow_id
}

/// The remaining actions may have become fewer since.
fn state_holds(there: &ScheduleState, sent: &ScheduleState) -> bool {
    there.notes == sent.notes
        && there.paused == sent.paused
        && there.limited_actions == sent.limited_actions
        && there.remaining_actions <= sent.remaining_actions
}
