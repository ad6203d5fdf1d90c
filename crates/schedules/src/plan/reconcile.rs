//! Schedules that an application makes at run time, one for each of its rows: read as lines of JSON, or given as values, they are planned and
//! applied as a product's are, under an owner of their own.

use serde::Deserialize;
use serde_json::Value;

use super::{Applied, Orphans, Planner, Scope};
use crate::schedule::{Declared, Input};
use crate::{Owner, Schedule, ScheduleError};

/// A line, for a message.
const EXAMPLE: &str =
    r#"{"id": "export-17", "workflow": "export", "task_queue": "exports", "input": {"id": 17}, "cron": ["0 * * * *"]}"#;

impl Planner {
    /// Brings the owner's schedules to these rows: makes, changes, and deletes those that have no row any more.
    ///
    /// # Errors
    /// As [`Planner::plan`]; what becomes of each schedule stands in the answer.
    pub async fn reconcile(&self, owner: &Owner, rows: Vec<Schedule>) -> Result<Applied, ScheduleError> {
        let rows: Vec<Schedule> = rows.into_iter().map(|row| row.owner(owner.clone())).collect();
        let scope = Scope { owners: [owner.clone()].into(), orphans: Orphans::Delete, ..Scope::default() };
        let plan = self.plan(&rows, &scope, &|_, _| {}).await?;
        Ok(self.apply(plan, &|_, _| {}).await)
    }
}

/// The part of a line that is no field of a schedule.
#[derive(Deserialize)]
struct Line {
    id: String,
    /// The only argument.
    #[serde(default, deserialize_with = "present")]
    input: Option<Value>,
    /// All arguments, if they are none or several.
    inputs: Option<Vec<Value>>,
    #[serde(flatten)]
    declared: serde_json::Map<String, Value>,
}

/// `null` is an input, too.
fn present<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(from).map(Some)
}

/// Schedules from lines of JSON, one each, with the fields as a plan names them. Empty lines are passed over.
///
/// # Errors
/// [`ScheduleError::BadLine`] with the number of the first line that is none, or [`ScheduleError::Wrong`].
pub fn read_lines(text: &str) -> Result<Vec<Schedule>, ScheduleError> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let read = lines.map(|(number, line)| {
        let bad = |reason: String| ScheduleError::BadLine { line: number + 1, reason, example: EXAMPLE };
        let line: Line = serde_json::from_str(line).map_err(|error| bad(error.to_string()))?;
        let declared: Declared =
            serde_json::from_value(line.declared.into()).map_err(|error| bad(error.to_string()))?;
        let arguments = match (line.input, line.inputs) {
            (Some(_), Some(_)) => return Err(bad("it has input and inputs: give one of them".to_owned())),
            (Some(input), None) => vec![input],
            (None, inputs) => inputs.unwrap_or_default(),
        };
        if declared.task_queue.is_empty() {
            return Err(bad("it has no task_queue".to_owned()));
        }
        let mut schedule = Schedule::with_input(line.id, "", Input::json(arguments));
        schedule.declared = declared;
        let (id, faults) = (schedule.id.clone(), schedule.faults());
        if faults.is_empty() { Ok(schedule) } else { Err(ScheduleError::Wrong { id, faults }) }
    });
    read.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_schedule_with_the_fields_that_a_plan_names() {
        let text = format!(
            "{EXAMPLE}\n\n{}\n",
            r#"{"id": "b", "workflow": "w", "task_queue": "q", "intervals": [{"every": "5m"}], "overlap": "allow_all"}"#
        );
        let read = read_lines(&text).unwrap();
        assert_eq!(
            read.iter().map(|schedule| (schedule.id(), schedule.workflow())).collect::<Vec<_>>(),
            [("export-17", "export"), ("b", "w")]
        );
        assert_eq!(read[1].declared.overlap, crate::Overlap::AllowAll);
    }

    #[test]
    fn a_line_that_is_none_is_named_with_what_would_be_right() {
        let said = |text: &str| read_lines(text).unwrap_err().to_string();
        for (text, reason) in [
            ("\nnonsense", "line 2 is no schedule: expected ident"),
            (
                r#"{"id": "a", "workflow": "w", "task_queue": "q", "crons": []}"#,
                "line 1 is no schedule: unknown field `crons`",
            ),
            (r#"{"id": "a", "workflow": "w"}"#, "line 1 is no schedule: it has no task_queue"),
            (
                r#"{"id": "a", "workflow": "w", "task_queue": "q", "jitter": "-5m"}"#,
                r#"line 1 is no schedule: "-5m" is no duration"#,
            ),
            (
                r#"{"id": "a", "workflow": "w", "task_queue": "q", "end": "soon"}"#,
                r#"line 1 is no schedule: "soon" is no time"#,
            ),
        ] {
            let said = said(text);
            assert!(said.starts_with(reason), "{said}");
            assert!(said.ends_with(EXAMPLE), "{said}");
        }
        let wrong = r#"{"id": "a", "workflow": "w", "task_queue": "q", "cron": ["0 25 * * *"]}"#;
        assert_eq!(said(wrong), r#"schedule a is wrong: cron: "0 25 * * *": hour "25": "25" is not 0 to 23"#);
    }
}
