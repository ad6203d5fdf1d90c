//! One text for all calendars that mean the same, whatever ranges they are written in: a cron string of 7 fields.

use std::collections::BTreeSet;
use std::time::Duration;

use temporalio_common::protos::temporal::api::schedule::v1::{Range, StructuredCalendarSpec};

use super::expression::Field;
use crate::schedule::text::duration;

/// `0 0 9 * * 1-5 * # comment`.
pub(crate) fn calendar_text(calendar: &StructuredCalendarSpec) -> String {
    let ranges = |field| match field {
        Field::Second => &calendar.second,
        Field::Minute => &calendar.minute,
        Field::Hour => &calendar.hour,
        Field::DayOfMonth => &calendar.day_of_month,
        Field::Month => &calendar.month,
        Field::Year => &calendar.year,
        Field::DayOfWeek => &calendar.day_of_week,
    };
    let fields: Vec<String> = Field::ALL.iter().map(|field| field_text(*field, ranges(*field))).collect();
    let comment = if calendar.comment.is_empty() { String::new() } else { format!(" # {}", calendar.comment) };
    fields.join(" ") + &comment
}

/// `every 1h`, `every 1h and 5m`.
pub(crate) fn interval_text(every: Duration, offset: Duration) -> String {
    let offset = if offset.is_zero() { String::new() } else { format!(" and {}", duration(offset)) };
    format!("every {}{offset}", duration(every))
}

fn field_text(field: Field, ranges: &[Range]) -> String {
    let (least, greatest) = field.bounds();
    // 7 is 0 there.
    let greatest = if field == Field::DayOfWeek { 6 } else { greatest };
    if ranges.is_empty() {
        return if field == Field::Year { "*".to_owned() } else { "never".to_owned() };
    }
    let values: BTreeSet<i32> = ranges.iter().flat_map(|range| values(range, least, greatest)).collect();
    if values.iter().copied().eq(least..=greatest) {
        return "*".to_owned();
    }
    let mut runs: Vec<(i32, i32)> = Vec::new();
    for value in values {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == value => *last = value,
            _ => runs.push((value, value)),
        }
    }
    let text = |(first, last): (i32, i32)| match last - first {
        0 => first.to_string(),
        1 => format!("{first},{last}"),
        _ => format!("{first}-{last}"),
    };
    runs.into_iter().map(text).collect::<Vec<_>>().join(",")
}

/// What a range matches; an end before the start is the start, and no step is 1.
fn values(range: &Range, least: i32, greatest: i32) -> impl Iterator<Item = i32> + use<> {
    let (start, step) = (range.start.max(least), usize::try_from(range.step).unwrap_or_default().max(1));
    (start..=range.end.max(start).min(greatest)).step_by(step)
}
