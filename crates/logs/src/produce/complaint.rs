//! What operators are told of lines that cannot be produced. The layer writes it itself: an event from inside of an event
//! is lost where a subscriber is a thread's own.

use std::fmt;

use tracing::callsite::{Callsite, Identifier};
use tracing::field::FieldSet;
use tracing::metadata::Kind;
use tracing::subscriber::Interest;
use tracing::{Level, Metadata};

/// A line was not produced, and this says why.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Complaint {
    /// No rule for the type.
    NoSource { workflow_type: String },
    /// Its team is no whole number.
    BadTeamId { workflow_type: String, team: String },
    /// The rule finds no id in this workflow id, or it is too long.
    NoSourceId { workflow_type: String, workflow_id: String },
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSource { workflow_type } => write!(
                f,
                "lines of workflow type {workflow_type:?} have a team_id and no log source, so they are not produced: \
                 give its product a Product::log_source for that type, or the lines a field log_source and \
                 log_source_id; this is said once for a type"
            ),
            Self::BadTeamId { workflow_type, team } => write!(
                f,
                "a line of workflow type {workflow_type:?} has the team_id {team:?}, so it is not produced: a team_id is a \
                 whole number, 0 or more; this is said once for a type"
            ),
            Self::NoSourceId { workflow_type, workflow_id } => write!(
                f,
                "the log source of workflow type {workflow_type:?} finds no id of up to 512 bytes in workflow id \
                 {workflow_id:?}, so its lines are not produced: correct the SourceId of its Product::log_source, or give the lines a field \
                 log_source_id; this is said once for a type"
            ),
        }
    }
}

impl Complaint {
    /// The place, level and logger of the line that says it.
    pub(crate) const fn metadata() -> &'static Metadata<'static> {
        &PLACE
    }
}

/// No macro makes the line, so nobody registers its callsite.
struct Place;

static PLACE: Metadata<'static> = Metadata::new(
    "complaint",
    module_path!(),
    Level::WARN,
    Some(file!()),
    Some(line!()),
    Some(module_path!()),
    FieldSet::new(&[], Identifier(&Place)),
    Kind::EVENT,
);

impl Callsite for Place {
    fn set_interest(&self, _: Interest) {}

    fn metadata(&self) -> &Metadata<'_> {
        &PLACE
    }
}
