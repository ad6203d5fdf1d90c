//! Faults by method, set and cleared while the proxy runs. The first rule that matches a request applies, in the
//! order in which they were set; one that has been used up lets the next have its turn.

use std::time::Duration;

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use super::record::method_is;

/// What happens to a request instead of being forwarded at once.
///
/// Whatever the fault, the request is first read to its end, so its record has its size and captured body.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Forwards after this time, or as soon as the faults are cleared.
    Delay(Duration),
    /// Neither forwards nor answers until the faults are cleared; then the request is forwarded as if it had just come.
    Hang,
    /// Answers with this gRPC status code and message; nothing is forwarded.
    Status(i32, String),
    /// Forwards nothing and resets the TCP connection, with every other request on it.
    Cut,
    /// Forwards, waits for the whole answer, drops it, and resets the TCP connection with every other request on it:
    /// the call landed, and the client never knew. The record has the status of the answer.
    CutAfterForward,
}

/// Which requests a fault is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    method: Option<String>,
    times: Option<u64>,
}

impl Match {
    /// Every request.
    pub fn all() -> Self {
        Self { method: None, times: None }
    }

    /// The method with this name (`RecordActivityTaskHeartbeat`), with its service, or with its whole path.
    pub fn method(name: impl Into<String>) -> Self {
        Self { method: Some(name.into()), times: None }
    }

    /// Only the next `times` requests that match; without it, all of them until the faults are cleared.
    #[must_use]
    pub fn times(self, times: u64) -> Self {
        Self { times: Some(times), ..self }
    }
}

/// The faults of a proxy.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<Rules>);

#[derive(Debug, Default)]
struct Rules {
    list: Vec<(Match, Fault)>,
    cleared: CancellationToken,
}

impl Faults {
    pub(crate) fn add(&self, which: Match, fault: Fault) {
        self.0.lock().list.push((which, fault));
    }

    /// Forgets every rule and releases the requests that they hold.
    pub(crate) fn clear(&self) {
        let held = std::mem::take(&mut *self.0.lock()).cleared;
        held.cancel();
    }

    /// Takes one use of the first rule for this path; the token fires when the faults are cleared.
    pub(crate) fn take(&self, path: &str) -> Option<(Fault, CancellationToken)> {
        let mut rules = self.0.lock();
        let index = rules.list.iter().position(|(which, _)| {
            which.times != Some(0) && which.method.as_deref().is_none_or(|name| method_is(path, name))
        })?;
        let (which, fault) = &mut rules.list[index];
        which.times = which.times.map(|left| left - 1);
        let fault = fault.clone();
        Some((fault, rules.cleared.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_used_up_rule_lets_the_next_have_its_turn() {
        let faults = Faults::default();
        faults.add(Match::method("Beat").times(2), Fault::Cut);
        faults.add(Match::all().times(1), Fault::Hang);
        let next = |path| faults.take(path).map(|(fault, _)| fault);
        assert_eq!(next("/s/Beat"), Some(Fault::Cut));
        assert_eq!(next("/s/Beat"), Some(Fault::Cut));
        assert_eq!(next("/s/Beat"), Some(Fault::Hang));
        assert_eq!(next("/s/Beat"), None);
    }

    #[test]
    fn clearing_releases_what_is_held_and_not_what_comes_later() {
        let faults = Faults::default();
        faults.add(Match::all(), Fault::Hang);
        let (_, held) = faults.take("/s/A").unwrap();
        faults.clear();
        assert!(held.is_cancelled());
        assert!(faults.take("/s/A").is_none());
        faults.add(Match::all(), Fault::Hang);
        assert!(!faults.take("/s/A").unwrap().1.is_cancelled());
    }
}
