//! The queue against a model of it, and what it promises to those who log.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use proptest::prelude::*;

use super::super::stats::Failed;
use super::*;

const LEVELS: [Level; 5] = [Level::ERROR, Level::WARN, Level::INFO, Level::DEBUG, Level::TRACE];

fn queue(lines: usize, bytes: usize) -> Queue {
    Queue::new(Bounds { lines, bytes }, ProduceStats::default())
}

/// Everything that waits, in order; it stays held.
fn taken(queue: &Queue) -> Vec<(u64, String)> {
    let chunks = std::iter::from_fn(|| queue.take(None));
    chunks
        .flat_map(|chunk| {
            (0..chunk.len())
                .map(move |i| chunk.get(i).map(|(at, text)| (at, text.to_owned())).unwrap())
                .collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn the_least_important_lines_are_refused_first() {
    let queue = queue(100, usize::MAX);
    let counts = || {
        let stats = queue.stats();
        (stats.queue_lines(), [Dropped::Debug, Dropped::Info, Dropped::Full].map(|cause| stats.dropped_for(cause)))
    };
    (0..100).for_each(|at| queue.offer(Level::TRACE, at, "t"));
    assert_eq!(counts(), (70, [30, 0, 0]));
    (0..100).for_each(|at| queue.offer(Level::INFO, at, "i"));
    assert_eq!(counts(), (90, [30, 80, 0]));
    (0..100).for_each(|at| queue.offer(Level::WARN, at, "w"));
    assert_eq!(counts(), (100, [30, 80, 90]));
    assert_eq!(taken(&queue).len(), 100);
    queue.offer(Level::ERROR, 0, "what is on its way has its room still");
    assert_eq!(counts(), (100, [30, 80, 91]));
    queue.stats().release(1, 1);
    queue.offer(Level::ERROR, 0, "now there is room");
    assert_eq!(counts(), (100, [30, 80, 91]));
}

#[test]
fn bytes_are_bound_as_lines_are() {
    let queue = queue(usize::MAX, 1000);
    for level in LEVELS.into_iter().rev() {
        (0..100).for_each(|at| queue.offer(level, at, "0123456789"));
    }
    assert_eq!((queue.stats().queue_lines(), queue.stats().queue_bytes()), (100, 1000));
    assert_eq!(
        [Dropped::Debug, Dropped::Info, Dropped::Full].map(|cause| queue.stats().dropped_for(cause)),
        [130, 80, 190]
    );
    queue.offer(Level::ERROR, 0, &"a record that could never fit".repeat(100));
    assert_eq!(queue.stats().dropped_for(Dropped::Full), 191);
}

#[test]
fn a_record_above_a_chunk_comes_out_whole_and_in_its_place() {
    let queue = queue(10, usize::MAX);
    let large = "x".repeat(3 * CHUNK);
    for (at, record) in [(1, "a"), (2, &*large), (3, "c")] {
        queue.offer(Level::INFO, at, record);
    }
    assert_eq!(taken(&queue), [(1, "a".to_owned()), (2, large), (3, "c".to_owned())]);
}

#[test]
fn a_warm_queue_uses_its_chunks_again() {
    let queue = queue(1_000_000, usize::MAX);
    let mut used = None;
    let mut homes = std::collections::HashSet::new();
    for round in 0..100 {
        (0..1000).for_each(|at| queue.offer(Level::INFO, at, "a record of some length"));
        let chunk = queue.take(used.take()).unwrap();
        assert_eq!((chunk.len(), chunk.text.capacity()), (1000, CHUNK));
        homes.insert(chunk.text.as_ptr());
        assert!(homes.len() <= 2, "round {round}: a chunk is filled while another is sent");
        used = Some(chunk);
    }
    // And after a burst it keeps little.
    (0..100_000).for_each(|at| queue.offer(Level::INFO, at, "a record of some length"));
    while let Some(chunk) = queue.take(used.take()) {
        used = Some(chunk);
    }
    assert_eq!(queue.state.lock().spare.len(), KEPT);
}

#[test]
fn a_closed_queue_refuses_and_counts() {
    let queue = queue(10, 1000);
    queue.offer(Level::INFO, 1, "in time");
    queue.close();
    queue.offer(Level::ERROR, 2, "too late");
    queue.wait(Duration::from_secs(600));
    assert_eq!(taken(&queue), [(1, "in time".to_owned())]);
    assert_eq!((queue.stats().dropped_for(Dropped::Shutdown), queue.stats().queue_lines()), (1, 1));
}

#[test]
fn what_was_begun_is_dropped_from_where_it_was_sent() {
    let queue = queue(10, 1000);
    ["a", "bb", "ccc"].into_iter().for_each(|record| queue.offer(Level::INFO, 0, record));
    let begun = queue.take(None).unwrap();
    queue.offer(Level::INFO, 0, "dddd");
    queue.drop_all(Some((begun, 1)));
    assert_eq!((queue.stats().queue_lines(), queue.stats().queue_bytes()), (1, 1));
    assert_eq!(queue.stats().dropped_for(Dropped::Shutdown), 3);
}

#[test]
fn a_line_wakes_the_sender() {
    let queue = Arc::new(queue(10, 1000));
    let sender = std::thread::spawn({
        let queue = Arc::clone(&queue);
        move || {
            let begin = Instant::now();
            while queue.take(None).is_none() {
                queue.wait(Duration::from_secs(600));
            }
            begin.elapsed()
        }
    });
    while !queue.state.lock().sender_sleeps {
        std::thread::yield_now();
    }
    queue.offer(Level::INFO, 0, "wake up");
    assert!(sender.join().unwrap() < Duration::from_secs(60));
}

#[test]
fn many_threads_offer_and_every_line_is_counted_once() {
    const EACH: usize = 20_000;
    let queue = queue(5_000, usize::MAX);
    let total = std::thread::scope(|scope| {
        let loggers: Vec<_> = LEVELS
            .into_iter()
            .map(|level| {
                scope.spawn({
                    let queue = &queue;
                    move || (0..EACH).for_each(|at| queue.offer(level, at as u64, "of one of many threads"))
                })
            })
            .collect();
        let mut delivered = 0;
        let mut used = None;
        while loggers.iter().any(|logger| !logger.is_finished()) || queue.stats().queue_lines() > 0 {
            let Some(chunk) = queue.take(used.take()) else { continue };
            assert!(queue.stats().queue_lines() <= 5_000);
            for i in 0..chunk.len() {
                let (_, record) = chunk.get(i).unwrap();
                queue.stats().count_delivered(Duration::ZERO);
                queue.stats().release(1, record.len());
                delivered += 1;
            }
            used = Some(chunk);
        }
        delivered
    });
    let stats = queue.stats();
    assert_eq!(stats.produced(), (EACH * LEVELS.len()) as u64);
    assert_eq!((stats.delivered(), stats.delivered() + stats.dropped()), (total, stats.produced()));
    assert_eq!((stats.queue_lines(), stats.queue_bytes()), (0, 0));
}

/// What may happen to a queue.
#[derive(Clone, Debug)]
enum Step {
    Offer(usize, usize),
    Take,
    Deliver(usize),
    Fail(usize),
    PutBack(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..LEVELS.len(), 0..40usize).prop_map(|(level, length)| Step::Offer(level, length)),
        1 => Just(Step::Take),
        2 => (1..8usize).prop_map(Step::Deliver),
        1 => (1..4usize).prop_map(Step::Fail),
        1 => (1..4usize).prop_map(Step::PutBack),
    ]
}

proptest! {
    #[test]
    fn nothing_is_lost_or_doubled_and_the_bounds_hold(
        lines in 1..60usize, bytes in 1..900usize, steps in prop::collection::vec(step(), 1..400),
    ) {
        let queue = queue(lines, bytes);
        let stats = queue.stats();
        // What waits, and what is on its way, in order.
        let (mut waiting, mut away) = (VecDeque::new(), VecDeque::new());
        for (at, step) in steps.into_iter().enumerate() {
            match step {
                Step::Offer(level, length) => {
                    let record = "é".repeat(length);
                    let held_bytes: usize = waiting.iter().chain(&away).map(|(_, record): &(u64, String)| record.len()).sum();
                    let share = [10, 10, 9, 7, 7][level];
                    let fits = waiting.len() + away.len() < lines * share / 10
                        && held_bytes + record.len() <= bytes * share / 10;
                    let before = stats.dropped();
                    queue.offer(LEVELS[level], at as u64, &record);
                    prop_assert_eq!(stats.dropped() == before, fits);
                    if fits {
                        waiting.push_back((at as u64, record));
                    }
                }
                Step::Take => {
                    let taken = taken(&queue);
                    prop_assert_eq!(&taken, &waiting.drain(..).collect::<Vec<_>>());
                    away.extend(taken);
                }
                Step::Deliver(most) => for (_, record) in away.drain(..most.min(away.len())) {
                    stats.count_delivered(Duration::from_millis(1));
                    stats.release(1, record.len());
                },
                Step::Fail(most) => for (_, record) in away.drain(..most.min(away.len())) {
                    stats.count_failed(Failed::Other, 1);
                    stats.release(1, record.len());
                },
                Step::PutBack(most) => for (at, record) in away.drain(..most.min(away.len())) {
                    queue.put_back(at, &record);
                    waiting.push_back((at, record));
                },
            }
            prop_assert!(stats.queue_lines() <= lines && stats.queue_bytes() <= bytes);
            prop_assert_eq!(stats.queue_lines(), waiting.len() + away.len());
            let settled = stats.delivered() + stats.failed() + stats.dropped();
            prop_assert_eq!(settled + stats.queue_lines() as u64, stats.produced());
        }
        let lost = away.len();
        for (_, record) in away {
            stats.count_failed(Failed::Unanswered, 1);
            stats.release(1, record.len());
        }
        queue.close();
        queue.drop_all(None);
        prop_assert_eq!(stats.failed_for(Failed::Unanswered), lost as u64);
        prop_assert_eq!(stats.delivered() + stats.failed() + stats.dropped(), stats.produced());
        prop_assert_eq!((stats.queue_lines(), stats.queue_bytes()), (0, 0));
    }
}
