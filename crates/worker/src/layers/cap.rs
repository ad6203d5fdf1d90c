//! A cap on the attempts of activities, for tests: one that fails is not tried for ever, nor a minute later.

use std::time::Duration;

use temporalio_common::RetryPolicy;

/// The most attempts that a command of workflow code may ask for, and the longest wait between two of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttemptCap {
    /// Attempts of one activity, the first included; at least 1.
    pub attempts: u32,
    /// The longest wait before another attempt. A failure that brings a delay of its own is waited for all the same.
    pub wait: Duration,
}

impl AttemptCap {
    pub(crate) fn put(self, policy: Option<RetryPolicy>) -> RetryPolicy {
        let mut policy = policy.unwrap_or_default();
        let asked = policy.maximum_attempts();
        let attempts = self.attempts.max(1);
        policy.set_maximum_attempts(if asked == 0 { attempts } else { asked.min(attempts) });
        policy.set_initial_interval(policy.initial_interval().min(self.wait));
        policy.set_maximum_interval(Some(policy.maximum_interval().unwrap_or(self.wait).min(self.wait)));
        policy
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_keeps_what_is_below_the_cap() {
        let cap = AttemptCap { attempts: 4, wait: Duration::from_millis(50) };
        let capped = cap.put(None);
        assert_eq!((capped.maximum_attempts(), capped.initial_interval()), (4, cap.wait));
        assert_eq!(capped.maximum_interval(), Some(cap.wait));
        let own = RetryPolicy::builder()
            .maximum_attempts(2)
            .initial_interval(Duration::from_millis(5))
            .non_retryable_error_types(["Declined"])
            .build();
        let capped = cap.put(Some(own));
        assert_eq!((capped.maximum_attempts(), capped.initial_interval()), (2, Duration::from_millis(5)));
        assert_eq!(capped.non_retryable_error_types(), ["Declined"]);
    }
}
