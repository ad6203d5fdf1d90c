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

use std::collections::BTreeSet;
use std::sync::Arc;

use parking_lot::Mutex;
use tracing::Level;

pub(crate) use complaint::Complaint;
pub use rules::LogRules;
pub use sinks::Sinks;
pub(crate) use sinks::{PRODUCE_ONLY, WRITE_ONLY, sinks_of};
pub use source::{LogSource, SourceId};
pub(crate) use stamp::stamp;

use crate::fields::{Fields, Kind, MESSAGE};
use crate::kafka::{Dropped, Queue};

/// Fields that say which source a line is of, over every rule.
const LOG_SOURCE: &str = "log_source";
const LOG_SOURCE_ID: &str = "log_source_id";
/// The field without which nothing is produced.
const TEAM_ID: &str = "team_id";
/// Workflow types that are warned of; after so many, one line says that there are more.
const WARNED: usize = 100;

/// The layer's way to the queue.
#[derive(Debug)]
pub(crate) struct Outlet {
    queue: Arc<Queue>,
    rules: LogRules,
    /// What was said already: workflow types without a usable rule.
    warned: Mutex<BTreeSet<String>>,
}

impl Outlet {
    pub(crate) fn new(queue: Arc<Queue>, rules: LogRules) -> Self {
        Self { queue, rules, warned: Mutex::default() }
    }

    /// Offers the line, in `record`'s room, if it is one to be produced.
    pub(crate) fn offer(
        &self,
        level: Level,
        at_micros: u64,
        fields: &Fields,
        limit: usize,
        record: &mut String,
    ) -> Option<Complaint> {
        let team = fields.get(TEAM_ID)?;
        let run = fields.get("workflow_run_id").filter(|run| !run.text.is_empty())?;
        let Some(team) = team_id(team.text) else {
            self.queue.stats().count_dropped(Dropped::BadTeamId);
            return None;
        };
        let text = |name| fields.get(name).map(|value| value.text).filter(|text| !text.is_empty());
        let workflow_type = text("workflow_type").unwrap_or_default();
        let rule = self.rules.source(workflow_type);
        let Some(source) = text(LOG_SOURCE).or_else(|| rule.map(LogSource::name)) else {
            self.queue.stats().count_dropped(Dropped::NoSource);
            return self.first(workflow_type).then(|| Complaint::NoSource { workflow_type: workflow_type.to_owned() });
        };
        let workflow_id = text("workflow_id").unwrap_or_default();
        let id = text(LOG_SOURCE_ID).or_else(|| rule.and_then(|rule| rule.id_in(workflow_id)));
        let Some(id) = id.filter(|id| !id.is_empty()) else {
            self.queue.stats().count_dropped(Dropped::NoSourceId);
            return self.first(workflow_type).then(|| Complaint::NoSourceId {
                workflow_type: workflow_type.to_owned(),
                workflow_id: workflow_id.to_owned(),
            });
        };
        let message = fields.get(MESSAGE).filter(|message| message.kind != Kind::Cause);
        let (message, cut) = message.map_or(("", false), |message| (message.text, message.cut));
        record.clear();
        record::push(
            &record::Record { run: run.text, level, source, id, message, cut, team, at_micros },
            limit,
            record,
        );
        self.queue.offer(level, at_micros, record);
        None
    }

    fn first(&self, workflow_type: &str) -> bool {
        let mut warned = self.warned.lock();
        warned.len() < WARNED && !warned.contains(workflow_type) && warned.insert(workflow_type.to_owned())
    }
}

/// Whole and not negative, as a number or as text: `2`, `"2"`.
fn team_id(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}
