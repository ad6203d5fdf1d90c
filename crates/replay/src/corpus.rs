//! A corpus on every core.

use std::num::NonZeroUsize;
use std::sync::mpsc;
use std::thread;

use parking_lot::Mutex;

/// Gives each item to `work`, on so many threads, each of which takes the next as soon as it has time. So no more items are
/// worked on, and held in memory, than there are threads. `done` hears of each on the calling thread as it ends; results come
/// in the order of the items.
///
/// Threads of their own, because a replay blocks, and runs workflow code that may block for longer.
///
/// # Panics
/// When `work` does; [`Code::replay`](crate::Code::replay) does not.
pub fn on_every_core<T: Send, R: Send>(
    items: Vec<T>,
    threads: NonZeroUsize,
    work: impl Fn(T) -> R + Sync,
    mut done: impl FnMut(&R),
) -> Vec<R> {
    let threads = threads.get().min(items.len());
    let mut results: Vec<Option<R>> = items.iter().map(|_| None).collect();
    let queue = Mutex::new(items.into_iter().enumerate());
    let (send, receive) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..threads {
            let (send, queue, work) = (send.clone(), &queue, &work);
            scope.spawn(move || {
                loop {
                    let next = queue.lock().next();
                    let Some((place, item)) = next else { break };
                    // The receiver lives until every thread has ended.
                    let _ = send.send((place, work(item)));
                }
            });
        }
        drop(send);
        for (place, result) in receive {
            done(&result);
            results[place] = Some(result);
        }
    });
    results.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    #[test]
    fn items_are_worked_on_side_by_side_and_come_back_in_order() {
        let both = Barrier::new(2);
        let threads = NonZeroUsize::new(2).unwrap();
        let mut heard = 0;
        let work = |n: usize| {
            // Only two at once get past it.
            both.wait();
            n * 10
        };
        let results = on_every_core(vec![1, 2, 3, 4], threads, work, |_| heard += 1);
        assert_eq!((results, heard), (vec![10, 20, 30, 40], 4));
    }
}
