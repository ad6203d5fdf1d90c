//! Field by field: the code against what was applied last, and against what the server has.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use super::facts::Facts;

/// One field that is to change.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Change {
    /// Its name: `cron`, `overlap`.
    pub field: String,
    /// What it is now; null for its default.
    pub before: Value,
    /// What it will be; null for its default.
    pub after: Value,
    /// Why.
    pub cause: Cause,
}

/// Why a field is to change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The code says something else than when it was applied last.
    Code,
    /// Somebody changed it on the server, and the code says what it said.
    Drift,
    /// It was never applied, or somebody replaced the schedule with what tells of it.
    Unrecorded,
}

/// What the operators have a say in: it follows the code only when the code changes.
pub(crate) const OPERATORS: [&str; 2] = ["note", "remaining_actions"];
/// What is the same on both sides by other names: the times are written in three ways, and a cron string can name a zone.
const WRITTEN: [(&str, &[&str]); 2] =
    [("times", &["calendars", "cron", "intervals"]), ("time_zone", &["cron", "time_zone"])];
/// Where the record has a checksum.
const BY_CHECKSUM: [&str; 4] = ["input", "inputs", "memo", "time_zone_data"];

/// What the code says, in its own words and in the server's.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) code: Facts,
    pub(crate) server: Facts,
}

/// What is to change. Without a record, everything that the server has otherwise, but for what operators have a say in.
pub(crate) fn changes(wanted: &Wanted, applied: Option<&Facts>, live: &Facts) -> Vec<Change> {
    let Some(applied) = applied else {
        let mut changes = differing(&wanted.server, live, Cause::Unrecorded, |field| !OPERATORS.contains(&field));
        let (before, after) = (Value::Null, Value::from("written"));
        changes.push(Change { field: "record".to_owned(), before, after, cause: Cause::Unrecorded });
        return changes;
    };
    let mut changes = differing(&wanted.code, applied, Cause::Code, |_| true);
    for change in changes.iter_mut().filter(|change| BY_CHECKSUM.contains(&change.field.as_str())) {
        let shown = |facts: &Facts| facts.get(&change.field).cloned().unwrap_or_default();
        (change.before, change.after) = (shown(live), shown(&wanted.server));
    }
    let in_code: BTreeSet<String> = changes.iter().map(|change| change.field.clone()).collect();
    let explained = |field: &str| {
        let written = WRITTEN.iter().find(|(name, _)| *name == field).map_or(&[][..], |(_, written)| written);
        in_code.contains(field) || written.iter().any(|name| in_code.contains(*name))
    };
    let may_drift = |field: &str| !OPERATORS.contains(&field) && !explained(field);
    changes.extend(differing(&wanted.server, live, Cause::Drift, may_drift));
    changes
}

/// By name, so that two runs print the same.
fn differing(after: &Facts, before: &Facts, cause: Cause, counts: impl Fn(&str) -> bool) -> Vec<Change> {
    let fields: BTreeSet<&String> = after.keys().chain(before.keys()).collect();
    let value = |facts: &Facts, field: &str| facts.get(field).cloned().unwrap_or_default();
    let differs = |field: &&String| counts(field) && value(after, field) != value(before, field);
    let change = |field: &String| Change {
        field: field.clone(),
        before: value(before, field),
        after: value(after, field),
        cause,
    };
    fields.into_iter().filter(differs).map(change).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn facts(value: Value) -> Facts {
        serde_json::from_value(value).unwrap()
    }

    fn named(changes: &[Change]) -> Vec<(&str, Cause)> {
        changes.iter().map(|change| (change.field.as_str(), change.cause)).collect()
    }

    #[test]
    fn a_cron_string_that_changed_explains_its_times_and_its_zone() {
        let wanted = Wanted {
            code: facts(json!({ "cron": ["CRON_TZ=Asia/Tokyo 0 9 * * *"], "jitter": "5m" })),
            server: facts(json!({ "times": ["0 0 9 * * * *"], "time_zone": "Asia/Tokyo", "jitter": "5m" })),
        };
        let applied = facts(json!({ "cron": ["0 8 * * *"], "jitter": "5m" }));
        let live = facts(json!({ "times": ["0 0 8 * * * *"], "jitter": "7m" }));
        let changes = changes(&wanted, Some(&applied), &live);
        assert_eq!(named(&changes), [("cron", Cause::Code), ("jitter", Cause::Drift)]);
        assert_eq!((&changes[1].before, &changes[1].after), (&json!("7m"), &json!("5m")));
    }

    #[test]
    fn an_operators_note_and_count_stay_until_the_code_changes_its_own() {
        let server = facts(json!({ "note": "ours", "remaining_actions": 5 }));
        let wanted = Wanted { code: server.clone(), server: server.clone() };
        let live = facts(json!({ "note": "paused by ada", "remaining_actions": 3 }));
        assert_eq!(changes(&wanted, Some(&server), &live), []);
        let before = facts(json!({ "note": "old", "remaining_actions": 4 }));
        let changed = changes(&wanted, Some(&before), &live);
        assert_eq!(named(&changed), [("note", Cause::Code), ("remaining_actions", Cause::Code)]);
        assert_eq!(named(&changes(&wanted, None, &live)), [("record", Cause::Unrecorded)]);
    }

    #[test]
    fn an_input_is_compared_by_checksum_and_shown_as_it_is() {
        let wanted = Wanted { code: facts(json!({ "input": "sha256:b" })), server: facts(json!({ "input": "new" })) };
        let (applied, live) = (facts(json!({ "input": "sha256:a" })), facts(json!({ "input": "old" })));
        let changes = changes(&wanted, Some(&applied), &live);
        assert_eq!(named(&changes), [("input", Cause::Code)]);
        assert_eq!((&changes[0].before, &changes[0].after), (&json!("old"), &json!("new")));
    }
}
