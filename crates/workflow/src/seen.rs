//! Which messages came already. Temporal may deliver a signal twice, a sender may send it again, and both signals and
//! updates may come again after a continue-as-new, where the server has forgotten them.

use std::collections::VecDeque;
use std::num::NonZeroU32;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The ids of the last messages, as many as its capacity: when it is full, the oldest is forgotten. A workflow keeps one
/// in its state, and passes it on with its input when it continues as new.
///
/// ```
/// use std::num::NonZeroU32;
/// # use mainspring_workflow::Seen;
/// let mut seen = Seen::new(NonZeroU32::new(2).unwrap());
/// assert!(seen.first("a") && !seen.first("a"));
/// assert!(seen.first("b") && seen.first("c"));
/// assert!(seen.first("a"), "a was forgotten for c");
/// ```
///
/// The capacity is how many other messages may come between a message and its repetition. Each id costs its length and
/// three bytes in the workflow's input (1,000 UUIDs: 39 KB; Temporal rejects inputs over 2 MiB), and a look goes through all
/// of them: choose hundreds or a few thousand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "Wire")]
pub struct Seen {
    /// How many ids it keeps.
    capacity: NonZeroU32,
    /// Oldest first.
    ids: VecDeque<String>,
}

/// What may come from another build, or from a person.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "Seen")]
struct Wire {
    /// How many ids it keeps.
    capacity: NonZeroU32,
    /// Oldest first.
    #[serde(default)]
    ids: Vec<String>,
}

impl From<Wire> for Seen {
    fn from(wire: Wire) -> Self {
        let mut seen = Self::new(wire.capacity);
        for id in wire.ids {
            let _ = seen.first(id);
        }
        seen
    }
}

impl Seen {
    /// Has seen nothing, and will keep that many ids.
    pub const fn new(capacity: NonZeroU32) -> Self {
        Self { capacity, ids: VecDeque::new() }
    }

    /// Keeps that many from now on: the youngest, if there are more. For a build that chooses another capacity than the
    /// one that a run before it passed on.
    #[must_use]
    pub fn with_capacity(mut self, capacity: NonZeroU32) -> Self {
        self.capacity = capacity;
        self.make_room(0);
        self
    }

    /// Whether this id comes for the first time, as far back as it remembers; now it knows it. That it came again does
    /// not make it younger.
    #[must_use = "what comes again is not to be handled again"]
    pub fn first(&mut self, id: impl Into<String>) -> bool {
        let id = id.into();
        if self.contains(&id) {
            return false;
        }
        self.make_room(1);
        self.ids.push_back(id);
        true
    }

    /// Whether it remembers this id.
    pub fn contains(&self, id: &str) -> bool {
        self.ids.iter().any(|seen| seen == id)
    }

    /// How many ids it remembers.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether it remembers none.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// How many ids it keeps at most.
    pub const fn capacity(&self) -> NonZeroU32 {
        self.capacity
    }

    fn make_room(&mut self, places: usize) {
        let capacity = usize::try_from(self.capacity.get()).unwrap_or(usize::MAX);
        let over = (self.ids.len() + places).saturating_sub(capacity);
        self.ids.drain(..over);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;
    use serde_json::{from_value, json, to_value};

    use super::*;

    fn seen(capacity: u32) -> Seen {
        Seen::new(NonZeroU32::new(capacity).unwrap())
    }

    proptest! {
        /// Held against the whole past: the first sightings in order, of which the last `capacity` count.
        #[test]
        fn it_knows_the_last_ids_and_no_others(
            capacity in 1_u32..12,
            ids in prop::collection::vec(0_u8..24, 0..200),
            passed_on in prop::collection::hash_set(0_usize..200, 0..20),
        ) {
            let mut seen = seen(capacity);
            let mut past: Vec<u8> = Vec::new();
            for (at, id) in ids.into_iter().enumerate() {
                let window = &past[past.len().saturating_sub(capacity as usize)..];
                let known: HashSet<u8> = window.iter().copied().collect();
                prop_assert_eq!(seen.first(id.to_string()), !known.contains(&id));
                if !known.contains(&id) {
                    past.push(id);
                }
                prop_assert!(seen.len() <= capacity as usize);
                if passed_on.contains(&at) {
                    let next: Seen = from_value(to_value(&seen).unwrap()).unwrap();
                    prop_assert_eq!(&next, &seen);
                    seen = next;
                }
            }
        }
    }

    #[test]
    fn another_capacity_keeps_the_youngest() {
        let mut before = seen(5);
        assert!(["a", "b", "c", "d"].into_iter().all(|id| before.first(id)));
        let after = before.with_capacity(NonZeroU32::new(2).unwrap());
        assert_eq!(to_value(&after).unwrap(), json!({ "capacity": 2, "ids": ["c", "d"] }));
    }

    #[test]
    fn what_is_passed_on_cannot_break_the_bound() {
        let read: Seen = from_value(json!({ "capacity": 2, "ids": ["a", "b", "b", "c"] })).unwrap();
        assert_eq!(to_value(&read).unwrap(), json!({ "capacity": 2, "ids": ["b", "c"] }));
        assert!(from_value::<Seen>(json!({ "capacity": 3 })).unwrap().is_empty());
        assert!(from_value::<Seen>(json!({ "capacity": 0, "ids": [] })).is_err());
    }
}
