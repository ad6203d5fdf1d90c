//! Products on other task queues than their own, for one binary: `MAINSPRING_QUEUES`, and `dev --one-queue`.
//!
//! Workflow code never reads it. It names a queue by the constant of a contract, as ever; the workflow layer puts the
//! queue of today into the command that leaves for the server. A replay compares a command's type and id with the
//! history, and not its queue, so a product can be moved while its callers wait in the middle of a workflow.

use std::collections::BTreeMap;
use std::fmt;

/// Where products, or the callers of a queue, go instead: `product=queue,…`. A name that is no product of the binary is a
/// task queue, so that a binary which only calls a product can follow it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueueMoves(BTreeMap<String, String>);

impl QueueMoves {
    /// Reads `product=queue,…`; blanks around a part do not count.
    ///
    /// # Errors
    /// What reads on from the setting's value: which part is wrong, and what would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut moves = BTreeMap::new();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let halves = part.split_once('=').map(|(name, queue)| (name.trim(), queue.trim()));
            let Some((name, queue)) = halves.filter(|(name, queue)| !name.is_empty() && !queue.is_empty()) else {
                return Err(format!("whose part {part:?} is no move: write product=queue,…"));
            };
            if moves.insert(name.to_owned(), queue.to_owned()).is_some() {
                return Err(format!("which moves {name} twice: name it once"));
            }
        }
        Ok(Self(moves))
    }

    /// Whether nothing moves.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn of(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, queue)| (name.as_str(), queue.as_str()))
    }
}

/// From a product's name to its queue.
impl FromIterator<(String, String)> for QueueMoves {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(moves: I) -> Self {
        Self(moves.into_iter().collect())
    }
}

impl fmt::Display for QueueMoves {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = self.iter().map(|(name, queue)| format!("{name}={queue}")).collect();
        f.write_str(&parts.join(","))
    }
}

/// What a call is of: Temporal keeps their names apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Callee {
    Workflow,
    Activity,
}

/// From the queue that workflow code names to the one that a call goes to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Routes {
    named: BTreeMap<(String, Callee, String), String>,
    queues: BTreeMap<String, String>,
}

impl Routes {
    /// The queue for a call, if it is another than the named one. Two products may have shared the named queue, so the
    /// callee's type decides first.
    pub(crate) fn of(&self, queue: &str, callee: Callee, name: &str) -> Option<&str> {
        if self.named.is_empty() && self.queues.is_empty() {
            return None;
        }
        let named = self.named.get(&(queue.to_owned(), callee, name.to_owned()));
        named.or_else(|| self.queues.get(queue)).map(String::as_str)
    }

    pub(super) fn name(&mut self, home: &str, callee: Callee, name: &str, queue: &str) {
        self.named.insert((home.to_owned(), callee, name.to_owned()), queue.to_owned());
    }

    pub(super) fn queue(&mut self, home: &str, queue: &str) {
        self.queues.insert(home.to_owned(), queue.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moves_are_read_and_written_alike() {
        let moves = QueueMoves::parse(" billing = blue , onboarding=green,").unwrap();
        assert_eq!(moves.to_string(), "billing=blue,onboarding=green");
        assert_eq!((moves.of("billing"), moves.of("exports")), (Some("blue"), None));
        assert!(QueueMoves::parse("").unwrap().is_empty());
    }

    #[test]
    fn a_part_that_is_no_move_is_named() {
        for part in ["billing", "=blue", "billing="] {
            let error = QueueMoves::parse(&format!("a=b,{part}")).unwrap_err();
            assert_eq!(error, format!("whose part {part:?} is no move: write product=queue,…"));
        }
        assert_eq!(QueueMoves::parse("a=b,a=c").unwrap_err(), "which moves a twice: name it once");
    }
}
