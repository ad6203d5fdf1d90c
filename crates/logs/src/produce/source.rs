//! Which source a workflow's lines are of, as data.

use std::fmt;
use std::panic::catch_unwind;

/// A log source: what users look their lines up by, for some workflow types, and how its id is in a workflow id.
///
/// ```
/// use mainspring_logs::{LogSource, SourceId};
///
/// // Ids such as 0190c5a2-aaaa-bbbb-cccc-1234567890ab-2026-11-21T01:00:00Z, as a schedule makes them.
/// let exports = LogSource::new("batch_exports", SourceId::BeforeTime).of("s3-export").of("postgres-export");
/// assert_eq!(exports.id_in("0190c5a2-2026-11-21T01:00:00Z"), Some("0190c5a2"));
///
/// let backfills = LogSource::new("batch_exports_backfill", SourceId::Before("-Backfill")).of("backfill-batch-export");
/// assert_eq!(backfills.id_in("0190c5a2-Backfill-2026"), Some("0190c5a2"));
/// assert_eq!(backfills.id_in("something-else"), None);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct LogSource {
    name: String,
    id: SourceId,
    workflow_types: Vec<String>,
}

impl LogSource {
    /// A source of that name, whose id is found so. It is of no workflow type yet.
    pub fn new(name: impl Into<String>, id: SourceId) -> Self {
        Self { name: name.into(), id, workflow_types: Vec::new() }
    }

    /// It is the source of workflows of that type too.
    #[must_use]
    pub fn of(mut self, workflow_type: impl Into<String>) -> Self {
        self.workflow_types.push(workflow_type.into());
        self
    }

    /// Its name: the record's `log_source`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How its id is in a workflow id.
    pub const fn rule(&self) -> SourceId {
        self.id
    }

    /// The types that it is the source of.
    pub fn workflow_types(&self) -> impl Iterator<Item = &str> {
        self.workflow_types.iter().map(String::as_str)
    }

    /// The record's `log_source_id`: what the rule finds in a workflow id, or `None` where the id is not of that form.
    pub fn id_in<'a>(&self, workflow_id: &'a str) -> Option<&'a str> {
        self.id.find(workflow_id)
    }
}

/// How the id of a source is in a workflow id. What is not of the form has none, and its lines are not produced.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum SourceId {
    /// The whole workflow id.
    Whole,
    /// What is before the time that a schedule appends, `-2026-11-21T01:00:00Z`; the whole id where there is no time.
    BeforeTime,
    /// What is before this text, at its first place.
    Before(&'static str),
    /// What follows this text, with which the workflow id begins.
    After(&'static str),
    /// Of what follows this text, with which the workflow id begins, so many characters: 36 are a UUID.
    FirstAfter(&'static str, usize),
    /// What this function says; a panic is nothing found.
    With(fn(&str) -> Option<&str>),
}

impl SourceId {
    fn find(self, workflow_id: &str) -> Option<&str> {
        let found = match self {
            Self::Whole => Some(workflow_id),
            Self::BeforeTime => Some(before_time(workflow_id)),
            Self::Before(text) => workflow_id.split_once(text).map(|(before, _)| before),
            Self::After(text) => workflow_id.strip_prefix(text),
            Self::FirstAfter(text, count) => workflow_id.strip_prefix(text).and_then(|rest| rest.get(..count)),
            // It runs inside of somebody's log line, and must not take them down.
            Self::With(find) => catch_unwind(|| find(workflow_id)).unwrap_or_default(),
        };
        found.filter(|id| !id.is_empty())
    }
}

/// `-2026-11-21T01:00:00Z`, with `#` for a digit.
const TIME: &[u8] = b"-####-##-##T##:##:##Z";

fn before_time(workflow_id: &str) -> &str {
    let Some(at) = workflow_id.len().checked_sub(TIME.len()) else { return workflow_id };
    let is_time = workflow_id.as_bytes()[at..].iter().zip(TIME).all(|(byte, form)| match form {
        b'#' => byte.is_ascii_digit(),
        form => byte == form,
    });
    if is_time { &workflow_id[..at] } else { workflow_id }
}

impl fmt::Debug for SourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => f.write_str("Whole"),
            Self::BeforeTime => f.write_str("BeforeTime"),
            Self::Before(text) => f.debug_tuple("Before").field(text).finish(),
            Self::After(text) => f.debug_tuple("After").field(text).finish(),
            Self::FirstAfter(text, count) => f.debug_tuple("FirstAfter").field(text).field(count).finish(),
            Self::With(_) => f.write_str("With(…)"),
        }
    }
}

/// Functions compare by their place, which says too little: two `With` are never equal.
impl PartialEq for SourceId {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Whole, Self::Whole) | (Self::BeforeTime, Self::BeforeTime) => true,
            (Self::Before(a), Self::Before(b)) | (Self::After(a), Self::After(b)) => a == b,
            (Self::FirstAfter(a, n), Self::FirstAfter(b, m)) => a == b && n == m,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_found_as_the_rule_says_or_not_at_all() {
        for (rule, workflow_id, id) in [
            (SourceId::Whole, "order-7", Some("order-7")),
            (SourceId::Whole, "", None),
            (SourceId::BeforeTime, "a-b-2026-11-21T01:02:03Z", Some("a-b")),
            (SourceId::BeforeTime, "a-b-c-d", Some("a-b-c-d")),
            (SourceId::BeforeTime, "2026-11-21T01:02:03Z", Some("2026-11-21T01:02:03Z")),
            (SourceId::BeforeTime, "é-2026-11-21T01:02:0éZ", Some("é-2026-11-21T01:02:0éZ")),
            (SourceId::BeforeTime, "-2026-11-21T01:02:03Z", None),
            (SourceId::Before("-Backfill"), "x-Backfill-y-Backfill", Some("x")),
            (SourceId::Before("-Backfill"), "x", None),
            (SourceId::After("job-"), "job-7", Some("7")),
            (SourceId::After("job-"), "job-", None),
            (SourceId::After("job-"), "a-job-7", None),
            (SourceId::FirstAfter("cdc-", 3), "cdc-abcdef", Some("abc")),
            (SourceId::FirstAfter("cdc-", 3), "cdc-ab", None),
            (SourceId::FirstAfter("cdc-", 3), "cdc-aéé", Some("aé")),
            (SourceId::With(|id| id.split('/').nth(1)), "a/b/c", Some("b")),
            (SourceId::With(|_| None), "a/b/c", None),
            (SourceId::With(|id| Some(&id[..36])), "short", None),
        ] {
            assert_eq!(rule.find(workflow_id), id, "{rule:?} in {workflow_id:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_time_is_taken_off_whatever_is_before_it(id in "\\PC{1,40}") {
            let with_time = format!("{id}-2026-11-21T01:02:03Z");
            proptest::prop_assert_eq!(SourceId::BeforeTime.find(&with_time), Some(id.as_str()));
        }
    }
}
