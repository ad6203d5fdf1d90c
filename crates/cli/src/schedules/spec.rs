//! A spec in words: calendars as cron writes them, for the server keeps cron strings as calendars.

use std::time::Duration;

use temporalio_common::protos::temporal::api::schedule::v1::{Range, ScheduleSpec, StructuredCalendarSpec};

use super::next::{moment, utc};
use crate::workflow::times::rough;

/// A line for each thing that it says, without the zone.
pub(super) fn lines(spec: &ScheduleSpec) -> Vec<String> {
    let mut lines: Vec<String> = spec.cron_string.clone();
    lines.extend(spec.structured_calendar.iter().map(cron));
    for interval in &spec.interval {
        let every = seconds(interval.interval.map(|time| time.seconds));
        let offset = seconds(interval.phase.map(|time| time.seconds));
        let offset = if offset.is_zero() { String::new() } else { format!(", {} later", span(offset)) };
        lines.push(format!("every {}{offset}", span(every)));
    }
    lines.extend(spec.exclude_structured_calendar.iter().map(|calendar| format!("not {}", cron(calendar))));
    let jitter = seconds(spec.jitter.map(|time| time.seconds));
    if !jitter.is_zero() {
        lines.push(format!("up to {} later", span(jitter)));
    }
    lines.extend(moment(spec.start_time).map(|time| format!("from {}", utc(time))));
    lines.extend(moment(spec.end_time).map(|time| format!("until {}", utc(time))));
    lines
}

/// Whole days as days: months and years of a clock have no fixed length.
pub(super) fn span(time: Duration) -> String {
    const DAY: u64 = 24 * 60 * 60;
    match (time.as_secs() / DAY, time.as_secs() % DAY) {
        (1, 0) => "1 day".to_owned(),
        (days, 0) if days > 0 => format!("{days} days"),
        _ => rough(time),
    }
}

fn seconds(seconds: Option<i64>) -> Duration {
    Duration::from_secs(seconds.and_then(|seconds| u64::try_from(seconds).ok()).unwrap_or_default())
}

/// Five fields, with seconds before them and a year after them if they matter, and the comment.
fn cron(calendar: &StructuredCalendarSpec) -> String {
    let mut fields = vec![
        field(&calendar.minute, 0, 59),
        field(&calendar.hour, 0, 23),
        field(&calendar.day_of_month, 1, 31),
        field(&calendar.month, 1, 12),
        field(&calendar.day_of_week, 0, 6),
    ];
    let second = field(&calendar.second, 0, 59);
    let year = if calendar.year.is_empty() { "*".to_owned() } else { field(&calendar.year, i32::MIN, i32::MAX) };
    if second != "0" || year != "*" {
        fields.insert(0, second);
        fields.push(year);
    }
    let mut text = fields.join(" ");
    if !calendar.comment.is_empty() {
        text = format!("{text} # {}", calendar.comment);
    }
    text
}

fn field(ranges: &[Range], from: i32, to: i32) -> String {
    let range = |range: &Range| {
        let end = range.end.max(range.start);
        let step = if range.step > 1 { format!("/{}", range.step) } else { String::new() };
        match (range.start, end) {
            (start, end) if start == from && end == to => format!("*{step}"),
            (start, end) if start == end => start.to_string(),
            (start, end) => format!("{start}-{end}{step}"),
        }
    };
    if ranges.is_empty() { from.to_string() } else { ranges.iter().map(range).collect::<Vec<_>>().join(",") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn range(start: i32, end: i32, step: i32) -> Range {
        Range { start, end, step }
    }

    #[test]
    fn a_span_of_days_is_told_in_days() {
        let told = |seconds| span(Duration::from_secs(seconds));
        assert_eq!([told(86_400), told(365 * 86_400), told(90_000), told(300)], ["1 day", "365 days", "1day 1h", "5m"]);
    }

    #[test]
    fn a_calendar_is_written_as_cron() {
        let mut calendar = StructuredCalendarSpec {
            second: vec![range(0, 0, 1)],
            minute: vec![range(0, 59, 15)],
            hour: vec![range(9, 17, 1), range(20, 0, 0)],
            day_of_month: vec![range(1, 31, 1)],
            month: vec![range(1, 12, 1)],
            day_of_week: vec![range(1, 5, 1)],
            ..Default::default()
        };
        assert_eq!(cron(&calendar), "*/15 9-17,20 * * 1-5");
        calendar.comment = "shop hours".to_owned();
        calendar.year = vec![range(2027, 2027, 1)];
        assert_eq!(cron(&calendar), "0 */15 9-17,20 * * 1-5 2027 # shop hours");
    }
}
