//! Times and names of Temporal as people and programs read them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A moment, from the parts of a protobuf timestamp.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment(SystemTime);

impl From<SystemTime> for Moment {
    fn from(time: SystemTime) -> Self {
        Self(time)
    }
}

impl Moment {
    /// None for a time before 1970, which no server means.
    pub(crate) fn of(seconds: i64, nanos: i32) -> Option<Self> {
        let since = Duration::new(u64::try_from(seconds).ok()?, u32::try_from(nanos).ok()?);
        UNIX_EPOCH.checked_add(since).map(Self)
    }

    /// `2026-01-31T12:00:00.250Z`.
    pub(crate) fn rfc3339(self) -> String {
        humantime::format_rfc3339_millis(self.0).to_string()
    }

    /// How long ago; zero for the future.
    pub(crate) fn age(self) -> Duration {
        self.0.elapsed().unwrap_or_default()
    }

    /// `3m 20s ago`, or `in 5s`.
    pub(crate) fn as_distance(self) -> String {
        match self.0.elapsed() {
            Ok(age) => format!("{} ago", rough(age)),
            Err(ahead) => format!("in {}", rough(ahead.duration())),
        }
    }
}

/// To the second, and beyond an hour to the minute.
pub(crate) fn rough(time: Duration) -> String {
    let seconds = time.as_secs();
    let kept = if seconds < 3600 { seconds } else { seconds - seconds % 60 };
    humantime::format_duration(Duration::from_secs(kept)).to_string()
}

/// A protobuf enum's name as Temporal's list filters and its CLI write it: `TimedOut` of `WORKFLOW_EXECUTION_STATUS_TIMED_OUT`.
pub(crate) fn camel(name: &str, prefix: &str) -> String {
    let words = name.strip_prefix(prefix).unwrap_or(name).split('_').filter(|word| !word.is_empty());
    words.map(|word| format!("{}{}", &word[..1], word[1..].to_lowercase())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_named_as_in_list_filters() {
        assert_eq!(camel("WORKFLOW_EXECUTION_STATUS_TIMED_OUT", "WORKFLOW_EXECUTION_STATUS_"), "TimedOut");
        assert_eq!(camel("RUNNING", "WORKFLOW_EXECUTION_STATUS_"), "Running");
    }

    #[test]
    fn moments_are_written_in_utc_and_as_ages() {
        assert_eq!(Moment::of(1_700_000_000, 250_000_000).unwrap().rfc3339(), "2023-11-14T22:13:20.250Z");
        assert!(Moment::of(-1, 0).is_none());
        assert_eq!(rough(Duration::from_millis(200_900)), "3m 20s");
        assert_eq!(rough(Duration::from_secs(3 * 3600 + 59)), "3h");
        assert!(Moment::of(1_700_000_000, 0).unwrap().as_distance().ends_with(" ago"));
        assert!(Moment::of(9_000_000_000, 0).unwrap().as_distance().starts_with("in "));
    }
}
