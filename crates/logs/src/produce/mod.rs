//! Which lines are produced, as what: the record that a product's users read ("what did my export say").
//!
//! A line is produced when it is logged inside a workflow or activity by a product's own code, bears a `team_id`, and
//! has a log source: by a rule for its workflow type, or by fields. It is offered to a bounded queue ([`crate::kafka`]).

mod complaint;
mod record;
mod rules;
mod sinks;
mod source;
mod stamp;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use parking_lot::Mutex;
use tracing::Level;

pub(crate) use complaint::Complaint;
pub use rules::LogRules;
pub use sinks::Sinks;
pub(crate) use sinks::sinks_of;
pub use source::{LogSource, SourceId};
pub(crate) use stamp::stamp;

use crate::fields::{Fields, Known};
use crate::kafka::{Dropped, Queue};
use crate::moment::Moment;

/// Workflow types that are warned of, for each cause; more are only counted.
const WARNED: usize = 100;
/// The longest name and id of a source, in bytes: they are keys of tables.
const MAX_ID: usize = 512;

/// The layer's way to the queue.
#[derive(Debug)]
pub(crate) struct Outlet {
    queue: Arc<Queue>,
    rules: LogRules,
    /// What was said already: by cause, the workflow types.
    warned: Mutex<BTreeMap<&'static str, BTreeSet<String>>>,
}

/// What became of a line that was offered.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Offered {
    /// It is the queue's, and counted there.
    Taken,
    /// It is not to be produced, or cannot be; then this is to be said of it, once its buffers are free.
    Not(Option<Complaint>),
}

impl Outlet {
    pub(crate) fn new(queue: Arc<Queue>, rules: LogRules) -> Self {
        Self { queue, rules, warned: Mutex::default() }
    }

    /// Offers the line, in `record`'s room, if it is one to be produced.
    pub(crate) fn offer(
        &self,
        level: Level,
        (at_micros, time): (u64, &Moment),
        fields: &Fields,
        limit: usize,
        record: &mut String,
    ) -> Offered {
        let text = |field| fields.get(field).map(|value| value.text).filter(|text| !text.is_empty());
        let (Some(team), Some(run)) = (fields.get(Known::TeamId), text(Known::WorkflowRunId)) else {
            return Offered::Not(None);
        };
        let workflow_type = text(Known::WorkflowType).unwrap_or_default();
        let Some(team) = team_id(team.text) else {
            return self.refuse(Dropped::BadTeamId, workflow_type, || Complaint::BadTeamId {
                workflow_type: workflow_type.to_owned(),
                team: team.text.to_owned(),
            });
        };
        let rule = self.rules.source(workflow_type);
        let Some(source) = text(Known::LogSource).or_else(|| rule.map(LogSource::name)) else {
            return self.refuse(Dropped::NoSource, workflow_type, || Complaint::NoSource {
                workflow_type: workflow_type.to_owned(),
            });
        };
        let workflow_id = text(Known::WorkflowId).unwrap_or_default();
        let id = text(Known::LogSourceId).or_else(|| rule.and_then(|rule| rule.id_in(workflow_id)));
        // A part of an id is a row that nobody finds.
        let Some(id) = id.filter(|id| !id.is_empty() && id.len() <= MAX_ID && source.len() <= MAX_ID) else {
            return self.refuse(Dropped::NoSourceId, workflow_type, || Complaint::NoSourceId {
                workflow_type: workflow_type.to_owned(),
                workflow_id: workflow_id.to_owned(),
            });
        };
        let message = fields.get(Known::Message);
        let (message, cut) = message.map_or(("", false), |message| (message.text, message.cut));
        record.clear();
        record::push(&record::Record { run, level, source, id, message, cut, team, time }, limit, record);
        self.queue.offer(level, at_micros, record);
        Offered::Taken
    }

    /// Counts the line, and complains if it is the first of its workflow type.
    fn refuse(&self, cause: Dropped, workflow_type: &str, complaint: impl FnOnce() -> Complaint) -> Offered {
        self.queue.stats().count_dropped(cause);
        let mut warned = self.warned.lock();
        let types = warned.entry(cause.as_str()).or_default();
        let is_first = types.len() < WARNED && !types.contains(workflow_type) && types.insert(workflow_type.to_owned());
        Offered::Not(is_first.then(complaint))
    }
}

/// Whole and not negative, as a number or as text: `2`, `"2"`.
fn team_id(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}
