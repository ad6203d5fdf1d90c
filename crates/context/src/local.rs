//! What the workflow layer tells a local activity, for the SDK tells it neither: which call of its run it is, and how long
//! the workflow task may take.

use std::time::Duration;

/// A header of every local activity that a worker of Mainspring runs. It stays within the process.
///
/// The SDK gives a local activity another id when it comes back after a retry's timer, so the id is no key. The number is:
/// it counts the calls of local activities in a run, and a replay counts as the run did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalCall {
    /// From 1 in each run; 0 where the workflow gave an id of its own.
    pub number: u32,
    /// Of the workflow that calls it; zero if it is not known.
    pub task_timeout: Duration,
}

impl LocalCall {
    /// The header's name.
    pub const HEADER: &'static str = "mainspring-local-call";

    /// As the header bears it.
    pub fn to_bytes(self) -> Vec<u8> {
        format!("{} {}", self.number, self.task_timeout.as_millis()).into_bytes()
    }

    /// From the header; `None` if something else wrote it.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (number, millis) = std::str::from_utf8(bytes).ok()?.split_once(' ')?;
        Some(Self { number: number.parse().ok()?, task_timeout: Duration::from_millis(millis.parse().ok()?) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_read_as_it_was_written_and_nothing_else_is() {
        let call = LocalCall { number: 3, task_timeout: Duration::from_secs(10) };
        assert_eq!(LocalCall::from_bytes(&call.to_bytes()), Some(call));
        for other in [&b""[..], b"3", b"3 x", b"-1 5", b"\xff 1"] {
            assert_eq!(LocalCall::from_bytes(other), None);
        }
    }
}
