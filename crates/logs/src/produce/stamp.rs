//! The time of a produced line: the clock's, and a microsecond more where two lines would have the same.
//!
//! The table's key ends with the time, and has no number: two lines of one run with one time are one row. So no two
//! lines of a process have the same. Two processes of one run, as when an attempt runs on after its worker was taken for
//! dead, know nothing of each other: lines that both log in the same microsecond collapse there.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

static LAST: AtomicU64 = AtomicU64::new(0);

/// Microseconds since 1970, more than any before in this process. A clock that is set back is not followed until it has
/// caught up.
pub(crate) fn stamp(now: SystemTime) -> (u64, SystemTime) {
    let now = now.duration_since(UNIX_EPOCH).map_or(0, |since| u64::try_from(since.as_micros()).unwrap_or(u64::MAX));
    let next = |last: u64| now.max(last.saturating_add(1));
    // The closure always gives a value.
    let last = LAST.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(next(last))).unwrap_or_default();
    let micros = next(last);
    (micros, UNIX_EPOCH + Duration::from_micros(micros))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_clock_that_stands_or_goes_back_gives_no_time_twice() {
        let noon = SystemTime::now() + Duration::from_secs(3600);
        let stamps: Vec<BTreeSet<u64>> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|_| {
                    scope.spawn(|| {
                        let mut last = 0;
                        (0..10_000)
                            .map(|turn| {
                                let back = Duration::from_micros(turn % 7);
                                let (micros, _) = stamp(noon - back);
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
