//! Which days a report is about.

use jiff::Timestamp;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;

/// The days that are due at this time, in seconds since 1970, oldest first, by UTC: the day before, and on a Monday the two
/// before that as well, on which nobody reported.
pub(super) fn days_before(due: i64) -> Vec<String> {
    let today = Timestamp::from_second(due).unwrap_or_default().to_zoned(TimeZone::UTC).date();
    let count = if today.weekday() == Weekday::Monday { 3 } else { 1 };
    let mut day = today;
    let mut days: Vec<String> = (0..count)
        .map(|_| {
            day = before(day);
            day.to_string()
        })
        .collect();
    days.reverse();
    days
}

/// The first day of the calendar has none before.
fn before(day: Date) -> Date {
    day.yesterday().unwrap_or(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(time: &str) -> Vec<String> {
        days_before(time.parse::<Timestamp>().unwrap().as_second())
    }

    #[test]
    fn a_monday_reports_the_weekend_and_the_friday_before() {
        assert_eq!(at("2026-11-20T09:00:00Z"), ["2026-11-19"]);
        assert_eq!(at("2026-11-23T09:00:00Z"), ["2026-11-20", "2026-11-21", "2026-11-22"]);
        assert_eq!(at("2026-11-22T23:59:59Z"), ["2026-11-21"]);
        assert_eq!(at("2028-03-01T00:00:00Z"), ["2028-02-29"]);
    }

    proptest::proptest! {
        #[test]
        fn the_weekdays_of_any_week_report_each_day_once(week in 0_i64..3000) {
            // 1970-01-05 was a Monday.
            let monday = (4 + 7 * week) * 86_400;
            let days: Vec<String> = (0..5).flat_map(|day| days_before(monday + day * 86_400 + 9 * 3600)).collect();
            let wanted: Vec<String> = (-3..4)
                .map(|day| Timestamp::from_second(monday + day * 86_400).unwrap().to_zoned(TimeZone::UTC).date().to_string())
                .collect();
            proptest::prop_assert_eq!(days, wanted);
        }
    }
}
