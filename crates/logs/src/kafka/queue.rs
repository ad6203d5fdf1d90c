//! The bounded queue between those who log and Kafka's client. It counts what waits and what is on its way until Kafka
//! has answered; nothing in it is ever evicted, so what is refused is the new line, the least important first.
//!
//! Records lie one after another in chunks that are used again: `offer` copies under a lock that is never held while
//! anything else happens, allocates nothing once warm, and neither logs nor panics.

use std::collections::VecDeque;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use tracing::Level;

use super::stats::{Dropped, ProduceStats};

/// A record above it has a chunk of its own.
const CHUNK: usize = 256 * 1024;
/// Chunks that are kept for the next lines; a burst's others are given back.
const KEPT: usize = 4;

/// The most that may wait or be on its way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) lines: usize,
    pub(crate) bytes: usize,
}

/// Records, one after another.
#[derive(Debug, Default)]
pub(crate) struct Chunk {
    text: String,
    /// Of each record its end in `text`, and its time.
    ends: Vec<(usize, u64)>,
}

impl Chunk {
    fn with_room(bytes: usize) -> Self {
        Self { text: String::with_capacity(bytes.max(CHUNK)), ends: Vec::new() }
    }

    fn push(&mut self, at_micros: u64, record: &str) {
        self.text.push_str(record);
        self.ends.push((self.text.len(), at_micros));
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The record at that place, with its time.
    pub(crate) fn get(&self, index: usize) -> Option<(u64, &str)> {
        let (end, at_micros) = *self.ends.get(index)?;
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before].0);
        Some((at_micros, &self.text[start..end]))
    }

    fn bytes_from(&self, index: usize) -> usize {
        self.text.len() - index.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |(end, _)| *end)
    }
}

#[derive(Debug)]
pub(crate) struct Queue {
    bounds: Bounds,
    stats: ProduceStats,
    state: Mutex<State>,
    work: Condvar,
}

#[derive(Debug, Default)]
struct State {
    chunks: VecDeque<Chunk>,
    spare: Vec<Chunk>,
    sender_sleeps: bool,
    closed: bool,
}

impl State {
    fn push(&mut self, at_micros: u64, record: &str) {
        let fits = |chunk: &&mut Chunk| chunk.text.capacity() - chunk.text.len() >= record.len();
        match self.chunks.back_mut().filter(fits) {
            Some(chunk) => chunk.push(at_micros, record),
            None => {
                let spare = if record.len() <= CHUNK { self.spare.pop() } else { None };
                let mut chunk = spare.unwrap_or_else(|| Chunk::with_room(record.len()));
                chunk.push(at_micros, record);
                self.chunks.push_back(chunk);
            }
        }
    }

    fn keep(&mut self, mut chunk: Chunk) {
        if self.spare.len() < KEPT && chunk.text.capacity() <= 2 * CHUNK {
            chunk.text.clear();
            chunk.ends.clear();
            self.spare.push(chunk);
        }
    }
}

impl Queue {
    pub(crate) fn new(bounds: Bounds, stats: ProduceStats) -> Self {
        Self { bounds, stats, state: Mutex::default(), work: Condvar::new() }
    }

    pub(crate) fn stats(&self) -> &ProduceStats {
        &self.stats
    }

    /// Takes a record whose line was logged at that time (UTC), or counts it as dropped.
    pub(crate) fn offer(&self, level: Level, at_micros: u64, record: &str) {
        self.stats.count_produced();
        let mut state = self.state.lock();
        // Only here lines are added, and under the lock: between the look and the hold there can be no other.
        if let Some(cause) = self.refusal(&state, level, record.len()) {
            drop(state);
            self.stats.count_refused(cause, 1);
            return;
        }
        self.stats.hold(record.len());
        state.push(at_micros, record);
        let wake = std::mem::take(&mut state.sender_sleeps);
        drop(state);
        if wake {
            self.work.notify_one();
        }
    }

    fn refusal(&self, state: &State, level: Level, bytes: usize) -> Option<Dropped> {
        if state.closed {
            return Some(Dropped::Shutdown);
        }
        let (tenths, cause) = match level {
            Level::ERROR | Level::WARN => (10, Dropped::Full),
            Level::INFO => (9, Dropped::Info),
            Level::DEBUG | Level::TRACE => (7, Dropped::Debug),
        };
        // Divided first: a bound may be near the largest number there is.
        let share = |bound: usize| bound / 10 * tenths + bound % 10 * tenths / 10;
        let room = self.stats.queue_lines() < share(self.bounds.lines)
            && self.stats.queue_bytes().saturating_add(bytes) <= share(self.bounds.bytes);
        (!room).then_some(cause)
    }

    /// The oldest records that wait, and `used` back for new ones. They are held until [`ProduceStats::release`].
    pub(crate) fn take(&self, used: Option<Chunk>) -> Option<Chunk> {
        let mut state = self.state.lock();
        if let Some(used) = used {
            state.keep(used);
        }
        state.chunks.pop_front()
    }

    /// A record that was taken, and is to be sent again. It is held already, and has lost its place.
    pub(super) fn put_back(&self, at_micros: u64, record: &str) {
        self.state.lock().push(at_micros, record);
    }

    /// Waits until something waits, or the queue is closed; at most `within`.
    pub(super) fn wait(&self, within: Duration) {
        let mut state = self.state.lock();
        if state.chunks.is_empty() && !state.closed {
            state.sender_sleeps = true;
            self.work.wait_for(&mut state, within);
            state.sender_sleeps = false;
        }
    }

    /// Refuses whatever comes from now on.
    pub(super) fn close(&self) {
        self.state.lock().closed = true;
        self.work.notify_one();
    }

    /// Drops what waits, for the process ends; `begun` is what was taken last, up to the record that was sent from it.
    pub(super) fn drop_all(&self, begun: Option<(Chunk, usize)>) {
        let waiting = std::mem::take(&mut self.state.lock().chunks);
        for (chunk, from) in begun.into_iter().chain(waiting.into_iter().map(|chunk| (chunk, 0))) {
            let lines = chunk.len() - from;
            self.stats.count_refused(Dropped::Shutdown, lines as u64);
            self.stats.release(lines, chunk.bytes_from(from));
        }
    }
}

#[cfg(test)]
mod tests;
