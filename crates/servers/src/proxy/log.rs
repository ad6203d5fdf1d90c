//! A bounded log of what passed, and waiting on it without polling.
//! It keeps the newest entries; a waiter is handed each change, so an entry that leaves the ring at once is still seen.

use std::collections::VecDeque;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

/// Changes that a slow waiter may lag behind before it looks through the whole ring again.
const CHANGES: usize = 256;

pub(crate) struct Log<T> {
    ring: Mutex<Ring<T>>,
    changes: broadcast::Sender<T>,
}

struct Ring<T> {
    /// Number of the entry at the front, which is also how many have left.
    first: u64,
    entries: VecDeque<T>,
    capacity: usize,
}

impl<T: Clone> Log<T> {
    pub(crate) fn new(capacity: usize) -> Self {
        let ring = Ring { first: 0, entries: VecDeque::new(), capacity: capacity.max(1) };
        Self { ring: Mutex::new(ring), changes: broadcast::channel(CHANGES).0 }
    }

    /// Appends the entry that `make` builds from its own number.
    pub(crate) fn push(&self, make: impl FnOnce(u64) -> T) -> u64 {
        let mut ring = self.ring.lock();
        if ring.entries.len() == ring.capacity {
            ring.entries.pop_front();
            ring.first += 1;
        }
        let number = ring.first + ring.entries.len() as u64;
        let entry = make(number);
        self.tell(&entry);
        ring.entries.push_back(entry);
        number
    }

    /// Changes an entry, unless it has left the ring.
    pub(crate) fn update(&self, number: u64, change: impl FnOnce(&mut T)) {
        let mut ring = self.ring.lock();
        let Some(index) = number.checked_sub(ring.first) else { return };
        if let Some(entry) = usize::try_from(index).ok().and_then(|index| ring.entries.get_mut(index)) {
            change(entry);
            self.tell(entry);
        }
    }

    /// Copies an entry only when somebody waits.
    fn tell(&self, entry: &T) {
        if self.changes.receiver_count() > 0 {
            // Fails only when the last waiter has just left.
            let _ = self.changes.send(entry.clone());
        }
    }

    pub(crate) fn filtered(&self, mut keep: impl FnMut(&T) -> bool) -> Vec<T> {
        self.ring.lock().entries.iter().filter(|entry| keep(entry)).cloned().collect()
    }

    pub(crate) fn all(&self) -> Vec<T> {
        self.filtered(|_| true)
    }

    /// How many entries came, the ones that left included.
    pub(crate) fn total(&self) -> u64 {
        let ring = self.ring.lock();
        ring.first + ring.entries.len() as u64
    }

    /// How many entries left the ring.
    pub(crate) fn dropped(&self) -> u64 {
        self.ring.lock().first
    }

    /// The first entry, kept or to come, for which `wanted` is true; none if there is none in time.
    /// `wanted` runs outside the lock, so it may ask the proxy anything.
    pub(crate) async fn wait_for(&self, mut wanted: impl FnMut(&T) -> bool, limit: Duration) -> Option<T> {
        let mut changes = self.changes.subscribe();
        let wait = async {
            'ring: loop {
                if let Some(found) = self.all().into_iter().find(&mut wanted) {
                    return Some(found);
                }
                loop {
                    match changes.recv().await {
                        Ok(entry) if wanted(&entry) => return Some(entry),
                        Ok(_) => {}
                        Err(RecvError::Lagged(_)) => continue 'ring,
                        Err(RecvError::Closed) => return None,
                    }
                }
            }
        };
        tokio::time::timeout(limit, wait).await.ok().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_newest_and_counts_what_left() {
        let log = Log::new(3);
        for _ in 0..5 {
            log.push(|number| number * 10);
        }
        log.update(0, |entry| *entry = 999);
        log.update(4, |entry| *entry += 1);
        assert_eq!(log.all(), [20, 30, 41]);
        assert_eq!((log.total(), log.dropped()), (5, 2));
    }

    #[tokio::test]
    async fn a_waiter_that_lags_far_behind_still_finds_its_entry() {
        let log = Log::new(4 * CHANGES);
        let mut asked_first = true;
        let found = log.wait_for(
            |entry| {
                // The burst comes between the first look and the first wait, and overruns the channel.
                if std::mem::take(&mut asked_first) {
                    for _ in 0..2 * CHANGES {
                        log.push(|number| number);
                    }
                }
                *entry == 2
            },
            Duration::from_secs(10),
        );
        log.push(|number| number);
        assert_eq!(found.await, Some(2));
    }

    #[tokio::test]
    async fn an_entry_that_left_at_once_is_still_seen() {
        let log = Log::new(1);
        log.push(|number| number);
        let wait = log.wait_for(|entry| *entry == 1, Duration::from_secs(10));
        let push = async {
            log.push(|number| number);
            log.push(|number| number);
        };
        assert_eq!(tokio::join!(wait, push).0, Some(1));
    }
}
