//! How long an activity may take, and what of it would not hold.

use std::time::Duration;

/// The timeouts of an activity, as an [`ActivityContract`](crate::ActivityContract) gives them.
///
/// ```
/// use std::time::Duration;
///
/// use mainspring_vocabulary::Timeouts;
///
/// const EXPORT: Timeouts = Timeouts::start_to_close(Duration::from_secs(3600)).heartbeat(Duration::from_secs(20));
/// assert!(EXPORT.breaches().is_empty());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeouts {
    /// The longest that one attempt may take. An attempt that no worker reports of is tried again after it at the latest.
    pub start_to_close: Duration,
    /// The longest pause between two heartbeats: an attempt that is silent for longer is given up and tried again. Required
    /// where `start_to_close` is over [`SILENCE`](Self::SILENCE).
    pub heartbeat: Option<Duration>,
    /// The longest that all attempts may take together, for a promise that has to be kept. By default there is no end.
    pub schedule_to_close: Option<Duration>,
    /// The longest wait for a worker; for task queues of one machine alone, as Temporal does not try again after it.
    pub schedule_to_start: Option<Duration>,
}

impl Timeouts {
    /// The longest `start_to_close` without heartbeats, 30 s: so long a dead worker goes unnoticed.
    pub const SILENCE: Duration = Duration::from_secs(30);

    /// One attempt takes so long at most.
    #[must_use]
    pub const fn start_to_close(start_to_close: Duration) -> Self {
        Self { start_to_close, heartbeat: None, schedule_to_close: None, schedule_to_start: None }
    }

    /// An attempt beats at least so often.
    #[must_use]
    pub const fn heartbeat(self, heartbeat: Duration) -> Self {
        Self { heartbeat: Some(heartbeat), ..self }
    }

    /// All attempts together take so long at most.
    #[must_use]
    pub const fn schedule_to_close(self, schedule_to_close: Duration) -> Self {
        Self { schedule_to_close: Some(schedule_to_close), ..self }
    }

    /// A worker takes it within so long.
    #[must_use]
    pub const fn schedule_to_start(self, schedule_to_start: Duration) -> Self {
        Self { schedule_to_start: Some(schedule_to_start), ..self }
    }

    /// What would not hold, each with what would be right. The registry refuses to start with any:
    ///
    /// - start-to-close, and each of the others that is given, is more than zero;
    /// - a heartbeat timeout is given if start-to-close is over 30 s ([`SILENCE`](Self::SILENCE)), and is shorter than it;
    /// - schedule-to-close, if given, is start-to-close or more.
    pub fn breaches(&self) -> Vec<String> {
        let Self { start_to_close, heartbeat, schedule_to_close, schedule_to_start } = *self;
        let mut breaches = Vec::new();
        if start_to_close.is_zero() {
            breaches.push("its start-to-close timeout is 0: say how long one attempt may take".to_owned());
        }
        match heartbeat {
            None if start_to_close > Self::SILENCE => breaches.push(format!(
                "its start-to-close timeout is {start_to_close:?} and it has no heartbeat timeout, so a dead worker would go \
                 unnoticed for that long: give it a heartbeat timeout, and let it beat, or {:?} at most",
                Self::SILENCE
            )),
            Some(heartbeat) if heartbeat.is_zero() => {
                breaches.push("its heartbeat timeout is 0, which Temporal takes for none: leave it out, or say more".to_owned());
            }
            Some(heartbeat) if heartbeat >= start_to_close && !start_to_close.is_zero() => breaches.push(format!(
                "its heartbeat timeout is {heartbeat:?} and its start-to-close timeout {start_to_close:?}, so it would never \
                 count: give it a shorter one, such as {:?}",
                start_to_close / 3
            )),
            _ => {}
        }
        if let Some(whole) = schedule_to_close.filter(|whole| *whole < start_to_close || whole.is_zero()) {
            breaches.push(format!(
                "its schedule-to-close timeout is {whole:?}, less than one attempt of {start_to_close:?} may take: give it \
                 that or more"
            ));
        }
        if schedule_to_start.is_some_and(|wait| wait.is_zero()) {
            breaches.push(
                "its schedule-to-start timeout is 0, so no worker could take it in time: leave it out".to_owned(),
            );
        }
        breaches
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn what_holds_is_not_refused() {
        let brief = Timeouts::start_to_close(Timeouts::SILENCE);
        for good in [
            brief,
            brief.schedule_to_close(secs(30)).schedule_to_start(secs(1)),
            Timeouts::start_to_close(secs(31)).heartbeat(secs(30)),
        ] {
            assert_eq!(good.breaches(), Vec::<String>::new(), "{good:?}");
        }
    }

    #[test]
    fn each_breach_is_said_with_what_would_be_right() {
        let said = |timeouts: Timeouts| timeouts.breaches().join(" | ");
        assert_eq!(
            said(Timeouts::start_to_close(Duration::ZERO)),
            "its start-to-close timeout is 0: say how long one attempt may take"
        );
        assert_eq!(
            said(Timeouts::start_to_close(secs(31))),
            "its start-to-close timeout is 31s and it has no heartbeat timeout, so a dead worker would go unnoticed for that \
             long: give it a heartbeat timeout, and let it beat, or 30s at most"
        );
        assert_eq!(
            said(Timeouts::start_to_close(secs(60)).heartbeat(secs(60)).schedule_to_close(secs(59))),
            "its heartbeat timeout is 60s and its start-to-close timeout 60s, so it would never count: give it a shorter \
             one, such as 20s | its schedule-to-close timeout is 59s, less than one attempt of 60s may take: give it that or \
             more"
        );
        assert_eq!(
            said(Timeouts::start_to_close(secs(60)).heartbeat(Duration::ZERO).schedule_to_start(Duration::ZERO)),
            "its heartbeat timeout is 0, which Temporal takes for none: leave it out, or say more | its schedule-to-start \
             timeout is 0, so no worker could take it in time: leave it out"
        );
    }
}
