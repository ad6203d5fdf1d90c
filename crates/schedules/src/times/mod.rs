//! Calendars and cron strings, compiled as Temporal's server does (service/worker/scheduler/calendar.go): so that what is wrong is known before
//! anything is sent, and what a server describes can be compared with what the code says. The server is the oracle of the tests.

mod canonical;
mod cron;
mod expression;
mod span;

use temporalio_common::protos::temporal::api::schedule::v1::StructuredCalendarSpec;

pub(crate) use canonical::{calendar_text, interval_text};
pub(crate) use cron::{Times, parse as parse_cron};
use expression::Field;

use crate::schedule::Calendar;

/// The longest comment of a calendar, in bytes.
const COMMENT: usize = 200;

/// A calendar in the server's form, or all that is wrong with it.
pub(crate) fn compile(calendar: &Calendar) -> Result<StructuredCalendarSpec, Vec<String>> {
    let mut faults = Vec::new();
    let mut ranges = |text: &str, field: Field| {
        expression::parse(text, field).unwrap_or_else(|fault| {
            faults.push(fault);
            Vec::new()
        })
    };
    let compiled = StructuredCalendarSpec {
        second: ranges(&calendar.second, Field::Second),
        minute: ranges(&calendar.minute, Field::Minute),
        hour: ranges(&calendar.hour, Field::Hour),
        day_of_month: ranges(&calendar.day_of_month, Field::DayOfMonth),
        month: ranges(&calendar.month, Field::Month),
        year: ranges(&calendar.year, Field::Year),
        day_of_week: ranges(&calendar.day_of_week, Field::DayOfWeek),
        comment: calendar.comment.clone(),
    };
    if calendar.comment.len() > COMMENT {
        faults.push(format!("its comment has {} bytes, and {COMMENT} are allowed", calendar.comment.len()));
    }
    if faults.is_empty() { Ok(compiled) } else { Err(faults) }
}
