//! Times by the calendar: an expression for each field, as Temporal's `CalendarSpec` has them.

use serde::{Deserialize, Serialize};

/// Times that match every one of these expressions: `*`, `5`, `9-17`, `*/15`, `1-30/2`, `mon,wed`, `jan-mar`. Seconds, minutes and hours are 0
/// unless given; days, months and years are all.
///
/// ```
/// use mainspring_schedules::{Calendar, Schedule};
///
/// let mondays = Calendar::new().hour("9").day_of_week("mon").comment("before the meeting");
/// let schedule = Schedule::untyped("report", "report", []).calendar(mondays);
/// assert_eq!(schedule.faults(), []);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Calendar {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) second: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) minute: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) hour: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) day_of_month: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) month: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) year: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) day_of_week: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) comment: String,
}

macro_rules! expression {
    ($field:ident, $what:literal) => {
        #[doc = $what]
        #[must_use]
        pub fn $field(mut self, expression: impl Into<String>) -> Self {
            self.$field = expression.into();
            self
        }
    };
}

impl Calendar {
    /// Midnight of every day.
    pub fn new() -> Self {
        Self::default()
    }

    expression!(second, "0 to 59; 0 unless given.");
    expression!(minute, "0 to 59; 0 unless given.");
    expression!(hour, "0 to 23; 0 unless given.");
    expression!(day_of_month, "1 to 31; all unless given.");
    expression!(month, "1 to 12, or names from three letters on; all unless given.");
    expression!(year, "2000 to 2100; all unless given.");
    expression!(day_of_week, "0 (Sunday) to 7 (Sunday again), or names from two letters on; all unless given.");
    expression!(comment, "What it is for, 200 bytes at most.");
}
