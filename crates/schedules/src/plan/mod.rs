//! From what is declared to what a server has: a [`Plan`] that a person can read, and its application.
//!
//! What is declared is compared with what was applied last and with what is there now, field by field. What operators have a say in, a pause, a
//! note, the count of remaining actions, stays as they left it until the code's own value changes. Only what bears the mark of an owner in
//! [`Scope`] is touched.

mod apply;
mod compare;
mod facts;
mod limits;
mod message;
mod prepared;
mod read;
mod reconcile;
mod record;
mod values;

use std::collections::BTreeSet;
use std::time::Duration;

use mainspring_client::{Link, Payloads};
use serde::Serialize;

pub use apply::{Applied, Done};
pub use compare::{Cause, Change};
pub use reconcile::read_lines;

use crate::{Owner, Schedules};
use prepared::Prepared;
use read::Live;

/// Where the record of what was applied stands, in the memo of each workflow that a schedule starts.
pub const RECORD: &str = "MainspringSchedule";
/// Schedules that are read or changed at once.
const AT_ONCE: usize = 16;

/// Told how many schedules are done, and of how many.
pub type Progress<'a> = &'a (dyn Fn(usize, usize) + Sync);

/// Plans and applies, on one namespace.
#[derive(Clone, Debug)]
pub struct Planner {
    pub(crate) schedules: Schedules,
    pub(crate) payloads: Payloads,
}

impl Planner {
    /// On this connection, with these payloads: a connector's own, so that inputs go through its codec.
    pub fn new(link: &Link, namespace: impl Into<String>, payloads: Payloads) -> Self {
        Self { schedules: Schedules::new(link, namespace), payloads }
    }

    /// How long each call is repeated after its first failure; 10 s unless set.
    #[must_use]
    pub fn patience(self, patience: Duration) -> Self {
        Self { schedules: self.schedules.patience(patience), ..self }
    }
}

/// What a plan is about.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// Whose schedules these are. Of theirs, those that are no longer declared are orphans.
    pub owners: BTreeSet<Owner>,
    /// What becomes of orphans.
    pub orphans: Orphans,
    /// Their workflows. A list shows the mark of who made a schedule, if any, and not of who took it over: those that start such a workflow are looked at.
    pub workflows: BTreeSet<String>,
    /// Take over schedules of declared ids that are somebody else's, or nobody's.
    pub adopt: bool,
}

/// What becomes of schedules that are no longer declared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Orphans {
    /// Nobody looks for them.
    #[default]
    Ignore,
    /// A plan shows them.
    Show,
    /// They are deleted, but for those whose record is gone: their mark may be that of a former owner.
    Delete,
}

/// What is to be done, in the order of ids.
#[derive(Debug)]
pub struct Plan {
    /// A step for each schedule that is declared, and for each orphan.
    pub steps: Vec<Step>,
    pub(crate) limits: Vec<limits::Limits>,
}

impl Plan {
    /// Steps that change something.
    pub fn pending(&self) -> usize {
        self.steps.iter().filter(|step| step.action.changes_something()).count()
    }

    /// Steps that cannot be planned.
    pub fn refused(&self) -> usize {
        self.steps.iter().filter(|step| step.action == Action::Refused).count()
    }
}

/// What is to be done about one schedule.
#[derive(Debug)]
#[non_exhaustive]
pub struct Step {
    /// The schedule's id.
    pub id: String,
    /// Whom it belongs to.
    pub owner: Owner,
    /// What is to be done.
    pub action: Action,
    /// Field by field: what an update changes, and what a new schedule says.
    pub changes: Vec<Change>,
    /// Why it cannot be planned.
    pub reason: Option<String>,
    pub(crate) prepared: Option<Prepared>,
    pub(crate) live: Option<Live>,
}

/// What is to be done about a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Action {
    /// It is not there.
    Create,
    /// It is there, and otherwise than declared.
    Update,
    /// It is as declared.
    Unchanged,
    /// It is no longer declared, and will be deleted.
    Delete,
    /// It is no longer declared, and is kept.
    Orphan,
    /// It came to its end or used its actions up, the server has removed it, and it is not made again.
    Finished,
    /// It cannot be planned; the step's reason says why.
    Refused,
}

impl Action {
    /// Whether an apply does something.
    pub const fn changes_something(self) -> bool {
        matches!(self, Self::Create | Self::Update | Self::Delete)
    }
}
