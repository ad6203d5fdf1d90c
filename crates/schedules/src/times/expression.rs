//! The expression of one field of a calendar: `*`, `5`, `9-17/2`, `mon,wed`.

use temporalio_common::protos::temporal::api::schedule::v1::Range;

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const DAYS: [&str; 7] = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

/// Which field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Second,
    Minute,
    Hour,
    DayOfMonth,
    Month,
    Year,
    DayOfWeek,
}

impl Field {
    pub(super) const ALL: [Self; 7] =
        [Self::Second, Self::Minute, Self::Hour, Self::DayOfMonth, Self::Month, Self::DayOfWeek, Self::Year];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::DayOfMonth => "day_of_month",
            Self::Month => "month",
            Self::Year => "year",
            Self::DayOfWeek => "day_of_week",
        }
    }

    /// The least and the greatest value, as it is written; a 7 is Sunday, too.
    pub(super) const fn bounds(self) -> (i32, i32) {
        match self {
            Self::Second | Self::Minute => (0, 59),
            Self::Hour => (0, 23),
            Self::DayOfMonth => (1, 31),
            Self::Month => (1, 12),
            Self::Year => (2000, 2100),
            Self::DayOfWeek => (0, 7),
        }
    }

    const fn default(self) -> &'static str {
        match self {
            Self::Second | Self::Minute | Self::Hour => "0",
            _ => "*",
        }
    }

    /// The names of its values, from which letter on, and the value of the first.
    const fn names(self) -> Option<(&'static [&'static str], usize, i32)> {
        match self {
            Self::Month => Some((&MONTHS, 3, 1)),
            Self::DayOfWeek => Some((&DAYS, 2, 0)),
            _ => None,
        }
    }

    /// What may stand there, for a message.
    fn allowed(self) -> String {
        let (least, greatest) = self.bounds();
        match self {
            Self::Month => format!("{least} to {greatest} or a name such as jan"),
            Self::DayOfWeek => format!("{least} to {greatest} or a name such as mon"),
            _ => format!("{least} to {greatest}"),
        }
    }
}

/// The ranges of an expression, in the server's smallest form. No range at all is every year.
pub(super) fn parse(text: &str, field: Field) -> Result<Vec<Range>, String> {
    let text = text.trim();
    let text = if text.is_empty() { field.default() } else { text };
    if text == "*" && field == Field::Year {
        return Ok(Vec::new());
    }
    let mut ranges = Vec::new();
    for part in text.split(',') {
        range(part, field, &mut ranges).map_err(|fault| format!("{} {text:?}: {fault}", field.name()))?;
    }
    Ok(ranges)
}

fn range(part: &str, field: Field, ranges: &mut Vec<Range>) -> Result<(), String> {
    let (part, step) = match part.split_once('/') {
        None => (part, None),
        Some((part, step)) => (part, Some(read_step(step)?)),
    };
    let (least, greatest) = field.bounds();
    let (start, mut end) = match part.split_once('-') {
        _ if part == "*" => (least, greatest),
        Some((start, end)) => {
            let start = value(start, field, least)?;
            (start, value(end, field, start)?)
        }
        None => {
            let start = value(part, field, least)?;
            // `5/10` is from 5 on.
            (start, if step.is_some() { greatest } else { start })
        }
    };
    let step = step.unwrap_or(1);
    // Sunday is 0 there.
    if field == Field::DayOfWeek && end == 7 {
        if (7 - start) % step == 0 && (step > 1 || start > 1) {
            ranges.push(Range::default());
            if start == 7 {
                return Ok(());
            }
        }
        end = 6;
    }
    // Zero is what the server leaves out.
    ranges.push(Range { start, end: if start == end { 0 } else { end }, step: if step == 1 { 0 } else { step } });
    Ok(())
}

fn read_step(step: &str) -> Result<i32, String> {
    match step.parse::<i32>() {
        Ok(step) if step >= 1 => Ok(step),
        _ => Err(format!("{step:?} is no step: write a number from 1 on, as in */5")),
    }
}

fn value(text: &str, field: Field, least: i32) -> Result<i32, String> {
    let named = field.names().filter(|(_, letters, _)| text.len() >= *letters).and_then(|(names, _, first)| {
        let lower = text.to_lowercase();
        let place = names.iter().position(|name| name.starts_with(&lower))?;
        Some(first + i32::try_from(place).ok()?)
    });
    let (smallest, greatest) = field.bounds();
    let value = named.or_else(|| text.parse().ok()).filter(|value| (smallest..=greatest).contains(value));
    match value {
        None => Err(format!("{text:?} is not {}", field.allowed())),
        Some(value) if value < least => Err(format!("{text:?} is before the beginning of its range")),
        Some(value) => Ok(value),
    }
}
