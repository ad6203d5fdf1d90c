//! Cron strings, as the server takes them.

use std::time::Duration;

use temporalio_common::protos::temporal::api::schedule::v1::StructuredCalendarSpec;

use super::{compile, span};
use crate::schedule::Calendar;

/// What a cron string says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Cron {
    pub(crate) times: Times,
    /// Its zone, if it names one.
    pub(crate) zone: Option<String>,
}

/// When.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Times {
    Calendar(StructuredCalendarSpec),
    Every { interval: Duration, offset: Duration },
}

/// Parses it, or says everything that is wrong with it.
pub(crate) fn parse(text: &str) -> Result<Cron, Vec<String>> {
    let one = |fault: String| vec![fault];
    let mut fields = text.trim();
    let mut zone = None;
    if fields.starts_with("TZ=") || fields.starts_with("CRON_TZ=") {
        let (name, rest) =
            fields.split_once(' ').ok_or_else(|| one("it has a time zone and no fields behind".into()))?;
        fields = rest;
        zone = name.split_once('=').map(|(_, name)| name.to_owned()).filter(|name| !name.is_empty());
    }
    let (fields, comment) = fields.split_once('#').unwrap_or((fields, ""));
    let fields = fields.trim();
    if fields.starts_with("@every") {
        // The server forgets a zone and a comment that stand here.
        return every(fields).map(|times| Cron { times, zone: None }).map_err(one);
    }
    let fields: Vec<&str> = shorthand(fields).split_whitespace().collect();
    let [second, minute, hour, day_of_month, month, day_of_week, year] = match fields[..] {
        [minute, hour, day, month, week] => ["", minute, hour, day, month, week, ""],
        [minute, hour, day, month, week, year] => ["", minute, hour, day, month, week, year],
        [second, minute, hour, day, month, week, year] => [second, minute, hour, day, month, week, year],
        _ => {
            let count = fields.len();
            return Err(one(format!(
                "it has {count} fields: write 5 (minute, hour, day of month, month, day of week), 6 (and the year) or 7 (a second before), or \
                 @every 5m, @hourly, @daily, @weekly, @monthly, @yearly"
            )));
        }
    };
    let calendar = Calendar::new().second(second).minute(minute).hour(hour).day_of_month(day_of_month).month(month);
    let calendar = calendar.day_of_week(day_of_week).year(year).comment(comment.trim());
    Ok(Cron { times: Times::Calendar(compile(&calendar)?), zone })
}

fn every(text: &str) -> Result<Times, String> {
    let (_, spans) = text.split_once(' ').ok_or("it has no duration behind @every: write it like @every 5m")?;
    let (interval, offset) = spans.split_once('/').unwrap_or((spans, ""));
    let interval = span::parse(interval)?;
    let offset = if offset.is_empty() { Duration::ZERO } else { span::parse(offset)? };
    Ok(Times::Every { interval, offset })
}

fn shorthand(text: &str) -> &str {
    match text {
        "@yearly" | "@annually" => "0 0 1 1 *",
        "@monthly" => "0 0 1 * *",
        "@weekly" => "0 0 * * 0",
        "@daily" | "@midnight" => "0 0 * * *",
        "@hourly" => "0 * * * *",
        other => other,
    }
}
