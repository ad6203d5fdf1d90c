//! What an onboarding is given, and the rules that it has to keep.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::InvalidInput;

/// The wait before the follow-up, unless the input says another: 7 days, in seconds.
pub const DEFAULT_FOLLOW_UP_AFTER_SECONDS: u64 = 7 * 86_400;

/// The longest wait before the follow-up: 90 days, in seconds.
pub const LONGEST_FOLLOW_UP_AFTER_SECONDS: u64 = 90 * 86_400;

/// A longer id is no id; and Temporal takes workflow ids of up to 1,000 bytes.
const LONGEST_USER_ID: usize = 200;

/// RFC 5321 leaves room for no longer address.
const LONGEST_EMAIL: usize = 254;

/// What `onboarding` is given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OnboardingInput {
    /// Who is onboarded, in at most 200 characters. The workflow id follows from it.
    #[schemars(length(min = 1, max = 200))]
    pub user_id: String,
    /// Where the emails go.
    #[schemars(length(min = 3, max = 254))]
    pub email: String,
    /// Seconds from the welcome to the follow-up: 7 days unless given, 90 days at most, 0 for no wait.
    #[serde(default = "default_follow_up_after_seconds")]
    #[schemars(range(max = 7_776_000))]
    pub follow_up_after_seconds: u64,
}

const fn default_follow_up_after_seconds() -> u64 {
    DEFAULT_FOLLOW_UP_AFTER_SECONDS
}

impl OnboardingInput {
    /// The input for a follow-up after 7 days.
    pub fn new(user_id: impl Into<String>, email: impl Into<String>) -> Self {
        let follow_up_after_seconds = DEFAULT_FOLLOW_UP_AFTER_SECONDS;
        Self { user_id: user_id.into(), email: email.into(), follow_up_after_seconds }
    }

    /// The wait before the follow-up.
    pub const fn follow_up_after(&self) -> Duration {
        Duration::from_secs(self.follow_up_after_seconds)
    }

    /// Whether the input keeps its rules. The workflow checks it first of all; a caller may check it sooner.
    ///
    /// # Errors
    /// The first field that breaks a rule.
    pub fn check(&self) -> Result<(), InvalidInput> {
        let broken = |field, rule: String| Err(InvalidInput { field, rule });
        let odd = |c: char| c.is_control() || c.is_whitespace();
        let length = self.user_id.chars().count();
        if length == 0 || length > LONGEST_USER_ID || self.user_id.contains(odd) {
            return broken("user_id", format!("is to be 1 to {LONGEST_USER_ID} characters without blanks"));
        }
        let parts = self.email.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty());
        if !parts || self.email.len() > LONGEST_EMAIL || self.email.contains(odd) {
            return broken(
                "email",
                format!("is to be an address such as ada@example.com, of {LONGEST_EMAIL} bytes at most"),
            );
        }
        if self.follow_up_after_seconds > LONGEST_FOLLOW_UP_AFTER_SECONDS {
            let most = LONGEST_FOLLOW_UP_AFTER_SECONDS;
            return broken(
                "follow_up_after_seconds",
                format!("is {}, and is to be at most {most} (90 days)", self.follow_up_after_seconds),
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use mainspring_vocabulary::Classified;

    use super::*;

    fn said(input: &OnboardingInput) -> Option<String> {
        let error = input.check().err()?;
        assert_eq!((error.type_name(), error.retryable()), ("InvalidInput", false));
        Some(error.to_string())
    }

    #[test]
    fn a_broken_rule_is_said_with_what_would_be_right() {
        let good = OnboardingInput::new("josé", "jose@example.com");
        assert_eq!(said(&good), None);
        for user_id in ["", "a b", "a\n", &"x".repeat(201)] {
            let input = OnboardingInput { user_id: user_id.to_owned(), ..good.clone() };
            let rule = "the input's user_id is to be 1 to 200 characters without blanks: nothing was done";
            assert_eq!(said(&input).as_deref(), Some(rule), "{user_id:?}");
        }
        for email in ["", "ada", "@example.com", "ada@", "a da@example.com"] {
            let input = OnboardingInput { email: email.to_owned(), ..good.clone() };
            let text = said(&input).unwrap();
            assert!(text.contains("email is to be an address such as ada@example.com"), "{text}");
        }
        let longest = OnboardingInput { follow_up_after_seconds: LONGEST_FOLLOW_UP_AFTER_SECONDS, ..good.clone() };
        assert_eq!(said(&longest), None);
        let longer = OnboardingInput { follow_up_after_seconds: LONGEST_FOLLOW_UP_AFTER_SECONDS + 1, ..good };
        let rule =
            "the input's follow_up_after_seconds is 7776001, and is to be at most 7776000 (90 days): nothing was done";
        assert_eq!(said(&longer).as_deref(), Some(rule));
    }
}
