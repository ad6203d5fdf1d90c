//! A record of the topic, as a line. What is no line has a reason that a person can read.

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use serde::Deserialize;

/// The longest reason that is kept, in bytes: serde quotes what it did not expect.
const LONGEST_REASON: usize = 500;
/// The longest text of a key, in bytes: Postgres' index takes 2,704 for a row, and three of ours are in one key.
const LONGEST_KEY: usize = 512;
/// The first moment that Postgres has, in 4714 BC. Its last one is later than any that can be written here.
const FIRST_MICROS: i64 = -210_866_803_200_000_000;

/// A record's fields as they are written; others are passed over.
#[derive(Debug, Deserialize)]
struct Written<'a> {
    team_id: i64,
    #[serde(borrow)]
    log_source: Cow<'a, str>,
    #[serde(borrow)]
    log_source_id: Cow<'a, str>,
    #[serde(borrow)]
    instance_id: Cow<'a, str>,
    #[serde(borrow)]
    timestamp: Cow<'a, str>,
    #[serde(borrow)]
    level: Cow<'a, str>,
    #[serde(borrow)]
    message: Cow<'a, str>,
}

/// A line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Record<'a> {
    pub(crate) team_id: i64,
    pub(crate) log_source: Cow<'a, str>,
    pub(crate) log_source_id: Cow<'a, str>,
    pub(crate) instance_id: Cow<'a, str>,
    /// Microseconds since 1970, in UTC.
    pub(crate) micros: i64,
    pub(crate) level: Cow<'a, str>,
    pub(crate) message: Cow<'a, str>,
}

impl<'a> Record<'a> {
    /// The error says why it is none.
    pub(crate) fn of(value: Option<&'a [u8]>) -> Result<Self, String> {
        let value = value.ok_or("the record has no value")?;
        let written: Written<'a> = serde_json::from_slice(value).map_err(|error| cut(error.to_string()))?;
        let micros = micros(&written.timestamp).ok_or_else(|| {
            cut(format!("the timestamp {:?} is none: 2026-11-21 01:02:03.000004 is one, in UTC", written.timestamp))
        })?;
        if micros < FIRST_MICROS {
            return Err(format!(
                "the timestamp {:?} is before all that Postgres has",
                cut(written.timestamp.into_owned())
            ));
        }
        let plain = |text: Cow<'a, str>| match text.contains('\0') {
            // Postgres has no text with it.
            true => Cow::Owned(text.replace('\0', "\u{2400}")),
            false => text,
        };
        let key = |name: &str, text| {
            let text = plain(text);
            match text.len() {
                0..=LONGEST_KEY => Ok(text),
                bytes => Err(format!("{name} has {bytes} bytes, and the table's keys take {LONGEST_KEY}")),
            }
        };
        Ok(Self {
            team_id: written.team_id,
            log_source: key("log_source", written.log_source)?,
            log_source_id: key("log_source_id", written.log_source_id)?,
            instance_id: key("instance_id", written.instance_id)?,
            micros,
            level: plain(written.level),
            message: plain(written.message),
        })
    }
}

/// Without a zone it is UTC, as workers write it.
fn micros(text: &str) -> Option<i64> {
    // A civil time would pass over an offset.
    let with_zone = text.parse::<Timestamp>();
    let time = with_zone.or_else(|_| Offset::UTC.to_timestamp(text.parse::<DateTime>()?)).ok()?;
    Some(time.as_microsecond())
}

/// It goes into a column of text, too.
fn cut(mut reason: String) -> String {
    if let Some((end, _)) = reason.char_indices().find(|(at, _)| *at >= LONGEST_REASON) {
        reason.truncate(end);
        reason.push('…');
    }
    reason.replace('\0', "\u{2400}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"instance_id":"run","level":"info","log_source":"batch_exports","log_source_id":"7","message":"a \"b\"\u0000\n","team_id":2,"timestamp":"2026-11-21 01:02:03.000004","more":[]}"#;

    #[test]
    fn a_record_is_a_line_to_the_microsecond_and_nul_is_shown() {
        let line = Record::of(Some(LINE.as_bytes())).unwrap();
        assert_eq!(
            line,
            Record {
                team_id: 2,
                log_source: "batch_exports".into(),
                log_source_id: "7".into(),
                instance_id: "run".into(),
                micros: 1_795_222_923_000_004,
                level: "info".into(),
                message: "a \"b\"\u{2400}\n".into(),
            }
        );
    }

    #[test]
    fn a_time_may_have_a_zone() {
        for text in ["2026-11-21T01:02:03.000004Z", "2026-11-21T02:02:03.000004+01:00", "2026-11-21T01:02:03.0000049"] {
            assert_eq!(micros(text), Some(1_795_222_923_000_004), "{text}");
        }
    }

    #[test]
    fn a_key_that_is_too_long_for_postgres_is_no_line() {
        for (field, was) in [("log_source", "batch_exports"), ("log_source_id", "7"), ("instance_id", "run")] {
            let with = |text: &str| LINE.replace(&format!("\"{field}\":\"{was}\""), &format!("\"{field}\":\"{text}\""));
            assert!(Record::of(Some(with(&"x".repeat(512)).as_bytes())).is_ok(), "{field}");
            assert_eq!(
                Record::of(Some(with(&"x".repeat(513)).as_bytes())).unwrap_err(),
                format!("{field} has 513 bytes, and the table's keys take 512")
            );
            // As it would be written.
            assert_eq!(
                Record::of(Some(with(&"\\u0000".repeat(171)).as_bytes())).unwrap_err(),
                format!("{field} has 513 bytes, and the table's keys take 512")
            );
        }
    }

    #[test]
    fn a_time_that_postgres_has_not_is_none() {
        let at = |time: &str| LINE.replace("2026-11-21 01:02:03.000004", time);
        assert!(Record::of(Some(at("-004713-11-24T00:00:00").as_bytes())).is_ok());
        for time in ["-004713-11-23T23:59:59.999999", "-009999-12-31T00:00:00Z"] {
            assert_eq!(
                Record::of(Some(at(time).as_bytes())).unwrap_err(),
                format!("the timestamp {time:?} is before all that Postgres has")
            );
        }
        assert!(Record::of(Some(at("9999-12-30T22:00:00Z").as_bytes())).is_ok());
    }

    #[test]
    fn what_is_no_line_has_its_reason() {
        let reason = |value: &[u8]| Record::of(Some(value)).unwrap_err();
        assert_eq!(Record::of(None).unwrap_err(), "the record has no value");
        assert_eq!(reason(b"hello"), "expected value at line 1 column 1");
        assert_eq!(reason(b"{}"), "missing field `team_id` at line 1 column 2");
        let without = LINE.replace("\"batch_exports\"", "null");
        assert!(reason(without.as_bytes()).starts_with("invalid type: null, expected a string at line 1"));
        let late = LINE.replace("2026-11-21 01:02:03.000004", "yesterday");
        assert_eq!(
            reason(late.as_bytes()),
            "the timestamp \"yesterday\" is none: 2026-11-21 01:02:03.000004 is one, in UTC"
        );
        assert!(reason(b"{\"team_id\":2,\"message\":\"\xff\"}").contains("invalid unicode code point"));
        let long = LINE.replace("2026-11-21 01:02:03.000004", &"é".repeat(1000));
        assert!(reason(long.as_bytes()).len() < 510);
    }
}
