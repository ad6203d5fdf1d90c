//! What is done, as half-open ranges.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// Ranges that are done, sorted, apart, half-open: `start` is in, `end` is not, so the next range begins where one ends
/// and nothing is done twice.
///
/// It holds at most so many ranges, for a heartbeat's details may not grow without end. Past that it forgets the highest:
/// that work is done again, and counted ([`forgotten`](Self::forgotten)). It never joins two ranges over a gap.
///
/// ```
/// use mainspring_vocabulary::Ranges;
///
/// let mut done = Ranges::with_capacity(100);
/// done.insert(0..10);
/// done.insert(20..30);
/// done.insert(10..15);
/// assert_eq!(done.iter().collect::<Vec<_>>(), [(&0, &15), (&20, &30)]);
/// assert_eq!(done.missing(0..40), [15..20, 30..40]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ranges<T> {
    done: Vec<(T, T)>,
    #[serde(default = "default_capacity")]
    capacity: usize,
    #[serde(default)]
    forgotten: u64,
}

/// A thousand ranges of timestamps take some 60 KB as JSON.
const fn default_capacity() -> usize {
    1000
}

impl<T> Default for Ranges<T> {
    fn default() -> Self {
        Self::with_capacity(default_capacity())
    }
}

impl<T> Ranges<T> {
    /// None yet, and at most `capacity` of them, one at least. By default 1,000.
    pub fn with_capacity(capacity: usize) -> Self {
        Self { done: Vec::new(), capacity: capacity.max(1), forgotten: 0 }
    }

    /// Each range's start and end, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&T, &T)> {
        self.done.iter().map(|(start, end)| (start, end))
    }

    /// How many ranges there are: gaps apart, not units of work.
    pub const fn len(&self) -> usize {
        self.done.len()
    }

    /// Whether nothing is done.
    pub const fn is_empty(&self) -> bool {
        self.done.is_empty()
    }

    /// How many ranges were forgotten for want of room.
    pub const fn forgotten(&self) -> u64 {
        self.forgotten
    }
}

impl<T: Ord + Clone> Ranges<T> {
    /// Adds what is done now, and joins it with what it touches or overlaps. An empty range adds nothing.
    pub fn insert(&mut self, range: Range<T>) {
        if range.start >= range.end {
            return;
        }
        // Those that touch it stand side by side.
        let from = self.done.partition_point(|(_, end)| *end < range.start);
        let to = self.done.partition_point(|(start, _)| *start <= range.end);
        let (mut start, mut end) = (range.start, range.end);
        for (other_start, other_end) in self.done.drain(from..to) {
            start = start.min(other_start);
            end = end.max(other_end);
        }
        self.done.insert(from, (start, end));
        while self.done.len() > self.capacity {
            self.done.pop();
            self.forgotten += 1;
        }
    }

    /// Whether all of a range is done. An empty one is.
    pub fn covers(&self, range: &Range<T>) -> bool {
        range.start >= range.end || self.done.iter().any(|(start, end)| *start <= range.start && range.end <= *end)
    }

    /// What is left to do within a range, in order.
    pub fn missing(&self, within: Range<T>) -> Vec<Range<T>> {
        let mut missing = Vec::new();
        let mut from = within.start;
        for (start, end) in &self.done {
            if *end <= from {
                continue;
            }
            if *start >= within.end {
                break;
            }
            if *start > from {
                missing.push(from.clone()..start.clone());
            }
            from = end.clone();
        }
        if from < within.end {
            missing.push(from..within.end);
        }
        missing
    }
}
