//! Durations as Go writes them, with days: `5m`, `1h30m`, `1.5d`. Only in `@every`, where the server reads them so.

use std::time::Duration;

const UNITS: [(&str, f64); 9] = [
    ("ns", 1e-9),
    ("us", 1e-6),
    ("µs", 1e-6),
    ("μs", 1e-6),
    ("ms", 1e-3),
    ("s", 1.0),
    ("m", 60.0),
    ("h", 3600.0),
    ("d", 86_400.0),
];

/// The duration, or what would be right.
pub(super) fn parse(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is no duration: write it like 30s, 5m, 2h or 1d");
    let unsigned = text.strip_prefix('+').unwrap_or(text);
    if unsigned == "0" {
        return Ok(Duration::ZERO);
    }
    let mut rest = unsigned;
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(wrong)?;
        let (number, unit) = rest.split_at(digits);
        let letters = unit.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(unit.len());
        let (unit, behind) = unit.split_at(letters);
        let (_, worth) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?;
        seconds += number.parse::<f64>().map_err(|_| wrong())? * worth;
        rest = behind;
    }
    let known = !unsigned.is_empty();
    // To the microsecond: a float of days is no exact number of seconds.
    let rounded = Duration::try_from_secs_f64(seconds).ok().filter(|_| known).ok_or_else(wrong)?;
    let micros = (rounded.as_nanos() + 500) / 1_000;
    u64::try_from(micros).map(Duration::from_micros).map_err(|_| wrong())
}
