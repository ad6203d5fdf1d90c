//! The one sum of a shutdown. The chart's grace period for the pod and every deadline in the process come from it.

use std::time::Duration;

/// When each step of a shutdown happens, counted from the signal.
///
/// ```
/// use std::time::Duration;
/// use mainspring_worker::Sum;
///
/// let sum = Sum::of(Duration::from_secs(300));
/// assert_eq!(sum.cancel(), Duration::from_secs(295)); // activities are cancelled
/// assert_eq!(sum.flushed(), Duration::from_secs(300)); // details, logs and metrics are out
/// assert_eq!(sum.exit(), Duration::from_secs(301)); // the process has left, whatever an activity does
/// assert_eq!(sum.pod(), Duration::from_secs(305)); // terminationGracePeriodSeconds
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sum {
    grace: Duration,
}

impl Sum {
    /// The sum for a grace of that length (GRACEFUL_SHUTDOWN_TIMEOUT_SECONDS).
    pub const fn of(grace: Duration) -> Self {
        Self { grace }
    }

    /// Activities are cancelled: grace less 5 s, or less a fifth of it when that is shorter.
    pub fn cancel(self) -> Duration {
        self.grace - self.between_cancel_and_end()
    }

    /// Activities that still run are given up, so that the flushes end in time: a fifth of what is left after the
    /// cancellation, at most 1 s, is kept for them.
    pub fn abandon(self) -> Duration {
        self.grace - (self.between_cancel_and_end() / 5).min(Duration::from_secs(1))
    }

    /// Every flush has ended.
    pub const fn flushed(self) -> Duration {
        self.grace
    }

    /// The process has left.
    pub const fn exit(self) -> Duration {
        self.grace.saturating_add(Duration::from_secs(1))
    }

    /// What the pod must be given: `terminationGracePeriodSeconds`.
    pub const fn pod(self) -> Duration {
        self.grace.saturating_add(Duration::from_secs(5))
    }

    fn between_cancel_and_end(self) -> Duration {
        (self.grace / 5).min(Duration::from_secs(5))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_stay_in_order_for_every_grace() {
        for millis in [0, 1, 10, 999, 1_000, 4_999, 25_000, 25_001, 300_000, 86_400_000] {
            let sum = Sum::of(Duration::from_millis(millis));
            let steps = [sum.cancel(), sum.abandon(), sum.flushed(), sum.exit(), sum.pod()];
            assert!(steps.is_sorted(), "grace {millis} ms: {steps:?}");
        }
    }

    #[test]
    fn a_short_grace_keeps_a_fifth_for_the_end() {
        let sum = Sum::of(Duration::from_secs(10));
        assert_eq!(sum.cancel(), Duration::from_secs(8));
        assert_eq!(sum.abandon(), Duration::from_millis(9_600));
    }
}
