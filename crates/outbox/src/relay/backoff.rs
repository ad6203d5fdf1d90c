//! How long to wait.

use std::time::Duration;

/// The longest wait of one row.
const LONGEST_OF_A_ROW: Duration = Duration::from_secs(300);
/// The longest wait of a relay whose Temporal or database is away: so soon are all rows on their way when it is back.
const LONGEST_OF_A_RELAY: Duration = Duration::from_secs(30);

/// Before the next attempt of a row that has failed so often before: 1 s, 2 s, 4 s, up to 5 min.
pub(super) fn next_attempt(failed: u32) -> Duration {
    doubled(Duration::from_secs(1), failed, LONGEST_OF_A_ROW)
}

/// Before the next round, after so many in which something was away: half a second, a second, up to 30 s.
pub(super) fn next_round(away: u32) -> Duration {
    doubled(Duration::from_millis(500), away.saturating_sub(1), LONGEST_OF_A_RELAY)
}

fn doubled(first: Duration, times: u32, longest: Duration) -> Duration {
    first.saturating_mul(1_u32.checked_shl(times).unwrap_or(u32::MAX)).min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_their_bound() {
        let rows: Vec<u64> = (0..11).map(|failed| next_attempt(failed).as_secs()).collect();
        assert_eq!(rows, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
        assert_eq!(next_round(1), Duration::from_millis(500));
        for far in [7, 31, 32, 33, u32::MAX] {
            assert_eq!((next_round(far), next_attempt(u32::MAX)), (LONGEST_OF_A_RELAY, LONGEST_OF_A_ROW));
        }
    }

    #[test]
    fn twenty_attempts_take_about_an_hour() {
        let whole: Duration = (0..19).map(next_attempt).sum();
        assert!((3_300..3_900).contains(&whole.as_secs()), "{whole:?}");
    }
}
