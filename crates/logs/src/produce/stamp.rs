//! The time of a produced line: the clock's, and a microsecond more where two lines would have the same.
//!
//! The table's key ends with the time, and has no number: two lines of one run with one time are one row. So no two
//! lines of a process have the same. Two processes of one run, as when an attempt runs on after its worker was taken for
//! dead, know nothing of each other: lines that both log in the same microsecond collapse there.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

static LAST: AtomicU64 = AtomicU64::new(0);
/// How far the stamps may be ahead of the clock, in microseconds: what is more is a clock that was set back, and is followed.
const AHEAD: u64 = 60_000_000;

/// Microseconds since 1970, more than any before in this process. A clock that is set back by up to a minute is not followed
/// until it has caught up.
pub(crate) fn stamp(now: SystemTime) -> (u64, SystemTime) {
    stamp_after(&LAST, now)
}

fn stamp_after(last: &AtomicU64, now: SystemTime) -> (u64, SystemTime) {
    let now = now.duration_since(UNIX_EPOCH).map_or(0, |since| u64::try_from(since.as_micros()).unwrap_or(u64::MAX));
    let next = |last: u64| if last > now.saturating_add(AHEAD) { now } else { now.max(last.saturating_add(1)) };
    // The closure always gives a value.
    let last = last.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(next(last))).unwrap_or_default();
    let micros = next(last);
    (micros, UNIX_EPOCH + Duration::from_micros(micros))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_clock_that_was_far_ahead_is_followed_back() {
        let (last, now) = (AtomicU64::new(0), UNIX_EPOCH + Duration::from_secs(1_000_000));
        let day = Duration::from_secs(86_400);
        assert_eq!(stamp_after(&last, now + day).1, now + day);
        assert_eq!(stamp_after(&last, now).1, now);
        assert_eq!(stamp_after(&last, now - Duration::from_secs(59)).1, now + Duration::from_micros(1));
    }

    #[test]
    fn a_clock_that_stands_or_goes_back_gives_no_time_twice() {
        let (last, noon) = (AtomicU64::new(0), SystemTime::now());
        let stamps: Vec<BTreeSet<u64>> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|_| {
                    let all = &last;
                    scope.spawn(move || {
                        let mut last = 0;
                        (0..10_000)
                            .map(|turn| {
                                let back = Duration::from_micros(turn % 7);
                                let (micros, _) = stamp_after(all, noon - back);
                                assert!(micros > last, "{micros} after {last}");
                                last = micros;
                                micros
                            })
                            .collect()
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let all: BTreeSet<u64> = stamps.into_iter().flatten().collect();
        assert_eq!(all.len(), 40_000);
    }
}
