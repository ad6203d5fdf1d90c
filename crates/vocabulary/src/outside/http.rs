//! HTTP, by status (RFC 9110, 6585, 8470).

use std::time::{Duration, SystemTime};

use super::Outlook;

/// A service may ask for a pause of a second to a day. More would hold work up longer than a person needs to look.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(86_400));

/// What the status of an answer means, with the header `Retry-After` as it came. `None` for a status under 400, which is
/// no error; whether a redirect is one, the caller knows.
#[must_use]
pub fn http(status: u16, retry_after_header: Option<&str>, now: SystemTime) -> Option<Outlook> {
    let after = retry_after_header.and_then(|text| retry_after(text, now));
    match status {
        ..400 => None,
        401 | 403 | 407 | 511 => Some(Outlook::Denied),
        // Timeout, another connection, locked, too early, too many.
        408 | 421 | 423 | 425 | 429 => Some(Outlook::Busy { after }),
        400..=499 => Some(Outlook::Refused),
        // Not implemented, and not in this version of HTTP: it will not be by the next attempt.
        501 | 505 => Some(Outlook::Refused),
        _ => Some(Outlook::Busy { after }),
    }
}

/// The pause that `Retry-After` asks for, as seconds or as a date; a second at least, and a day at most.
#[must_use]
pub fn retry_after(text: &str, now: SystemTime) -> Option<Duration> {
    let text = text.trim();
    let pause = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => httpdate::parse_http_date(text).ok()?.duration_since(now).unwrap_or_default(),
    };
    Some(pause.clamp(PAUSES.0, PAUSES.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_says_whether_to_ask_again() {
        let now = SystemTime::UNIX_EPOCH;
        let of = |status| http(status, None, now);
        for status in [100, 200, 204, 301, 304, 399] {
            assert_eq!(of(status), None, "{status}");
        }
        for status in [400, 402, 404, 405, 406, 409, 410, 412, 413, 415, 422, 428, 451, 499, 501, 505] {
            assert_eq!(of(status), Some(Outlook::Refused), "{status}");
        }
        for status in [401, 403, 407, 511] {
            assert_eq!(of(status), Some(Outlook::Denied), "{status}");
        }
        for status in [408, 421, 423, 425, 429, 500, 502, 503, 504, 507, 520, 599] {
            assert_eq!(of(status), Some(Outlook::Busy { after: None }), "{status}");
        }
    }

    #[test]
    fn the_pause_that_is_asked_for_is_kept_within_bounds() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let then = httpdate::fmt_http_date(now + Duration::from_secs(90));
        for (text, expected) in [
            ("7", Some(7)),
            (" 0 ", Some(1)),
            ("999999999", Some(86_400)),
            (then.as_str(), Some(90)),
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(1)),
            ("soon", None),
            ("-1", None),
        ] {
            let after = expected.map(Duration::from_secs);
            assert_eq!(retry_after(text, now), after, "{text}");
            assert_eq!(http(503, Some(text), now), Some(Outlook::Busy { after }), "{text}");
        }
        assert_eq!(http(404, Some("7"), now), Some(Outlook::Refused), "a pause makes no refusal another");
    }
}
