//! A line's time as text. What of it stays for a second is kept for the next line.

use std::fmt::Write;
use std::time::{SystemTime, UNIX_EPOCH};

/// A time, with room for its text.
#[derive(Debug, Default)]
pub(crate) struct Moment {
    /// Seconds since 1970, and as `2026-11-21T01:02:03`.
    second: Option<(u64, String)>,
    micros: u32,
}

impl Moment {
    /// Takes a time from 1970 on.
    pub(crate) fn set(&mut self, time: SystemTime) {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        self.micros = since.subsec_micros();
        let (second, text) = self.second.get_or_insert_default();
        if *second != since.as_secs() || text.is_empty() {
            *second = since.as_secs();
            text.clear();
            // It fails after the year 9999, which leaves the text empty.
            let _ = write!(text, "{}", humantime::format_rfc3339_seconds(time));
            text.pop();
        }
    }

    /// Appends `2026-11-21T01:02:03.000004`, with `between` for the T.
    pub(crate) fn push_micros(&self, between: char, out: &mut String) {
        self.push(between, 6, out);
    }

    /// Appends `2026-11-21T01:02:03.004`.
    pub(crate) fn push_millis(&self, out: &mut String) {
        self.push('T', 3, out);
    }

    fn push(&self, between: char, digits: usize, out: &mut String) {
        let text = self.second.as_ref().map_or("", |(_, text)| text.as_str());
        let Some((date, time)) = text.split_once('T') else { return };
        out.push_str(date);
        out.push(between);
        out.push_str(time);
        out.push('.');
        let mut buffer = itoa::Buffer::new();
        // The one in front keeps the zeros.
        out.push_str(&buffer.format(1_000_000 + self.micros)[1..=digits]);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    proptest::proptest! {
        /// One moment takes many times, in any order, as a thread's does.
        #[test]
        fn it_says_what_a_well_kept_formatter_says(micros in proptest::collection::vec(0..253_402_300_800_000_000_u64, 1..8)) {
            let mut moment = Moment::default();
            for micros in micros {
                // Twice in the same second, too.
                for micros in [micros, micros / 1_000_000 * 1_000_000] {
                    let time = UNIX_EPOCH + Duration::from_micros(micros);
                    moment.set(time);
                    let (mut whole, mut short) = (String::new(), String::new());
                    moment.push_micros('T', &mut whole);
                    moment.push_millis(&mut short);
                    proptest::prop_assert_eq!(format!("{whole}Z"), humantime::format_rfc3339_micros(time).to_string());
                    proptest::prop_assert_eq!(format!("{short}Z"), humantime::format_rfc3339_millis(time).to_string());
                }
            }
        }
    }

    #[test]
    fn a_time_that_cannot_be_written_is_left_out_and_harms_no_later_one() {
        let mut moment = Moment::default();
        let mut out = String::new();
        moment.set(UNIX_EPOCH + Duration::from_secs(253_402_300_800));
        moment.push_micros('T', &mut out);
        assert_eq!(out, "");
        moment.set(UNIX_EPOCH);
        moment.push_micros(' ', &mut out);
        assert_eq!(out, "1970-01-01 00:00:00.000000");
    }
}
