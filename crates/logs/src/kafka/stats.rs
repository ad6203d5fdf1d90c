//! What became of each line that was to be produced. At rest, `delivered + dropped + failed == produced`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// Why a line never left the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Dropped {
    /// `debug` or `trace`, and the queue was full to more than 70 %.
    Debug,
    /// `info`, and the queue was full to more than 90 %.
    Info,
    /// `warn` or `error`, and the queue was full.
    Full,
    /// No rule says which log source it belongs to, so nobody could ever find it.
    NoSource,
    /// The rule found no id of its source in the workflow's id.
    NoSourceId,
    /// Its `team_id` is not a whole number.
    BadTeamId,
    /// It had not been sent when the process ended, or it came after that.
    Shutdown,
}

impl Dropped {
    /// Every cause.
    pub const ALL: [Self; 7] =
        [Self::Debug, Self::Info, Self::Full, Self::NoSource, Self::NoSourceId, Self::BadTeamId, Self::Shutdown];

    /// The cause as a metric's label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug_above_70_percent",
            Self::Info => "info_above_90_percent",
            Self::Full => "queue_full",
            Self::NoSource => "no_source",
            Self::NoSourceId => "no_source_id",
            Self::BadTeamId => "bad_team_id",
            Self::Shutdown => "shutdown",
        }
    }
}

/// Why Kafka did not take a line that was given to its client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failed {
    /// Larger than the topic, or the client, takes.
    TooLarge,
    /// There is no such topic, or no such partition.
    UnknownTopic,
    /// The login may not write to the topic.
    Unauthorized,
    /// It was sent, and no answer had come when the process ended, or the client had to be given up: it may be in the topic.
    Unanswered,
    /// Anything else; the log has the broker's words.
    Other,
}

impl Failed {
    /// Every cause.
    pub const ALL: [Self; 5] = [Self::TooLarge, Self::UnknownTopic, Self::Unauthorized, Self::Unanswered, Self::Other];

    /// The cause as a metric's label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TooLarge => "too_large",
            Self::UnknownTopic => "unknown_topic",
            Self::Unauthorized => "unauthorized",
            Self::Unanswered => "unanswered",
            Self::Other => "other",
        }
    }
}

/// Upper bounds of the latencies' buckets, in microseconds: from a broker nearby to one that was away for minutes.
const BOUNDS: [u64; 12] = [
    5_000,
    10_000,
    25_000,
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    5_000_000,
    30_000_000,
    120_000_000,
    600_000_000,
];

/// What became of the lines so far. Cheap to clone; every clone counts on.
#[derive(Clone, Debug, Default)]
pub struct ProduceStats(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    produced: AtomicU64,
    delivered: AtomicU64,
    failed: [AtomicU64; Failed::ALL.len()],
    dropped: [AtomicU64; Dropped::ALL.len()],
    lines: AtomicUsize,
    bytes: AtomicUsize,
    /// The last is for what is above every bound.
    latencies: [AtomicU64; BOUNDS.len() + 1],
    latency_micros: AtomicU64,
}

/// How long lines took from being logged to Kafka's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Latencies {
    /// For each upper bound, how many lines took no longer.
    pub at_most: Vec<(Duration, u64)>,
    /// How many lines there were.
    pub count: u64,
    /// Their latencies added up.
    pub sum: Duration,
}

impl ProduceStats {
    /// Lines that were to be produced.
    pub fn produced(&self) -> u64 {
        self.0.produced.load(Ordering::Relaxed)
    }

    /// Lines that Kafka has, on every replica that must have them.
    pub fn delivered(&self) -> u64 {
        self.0.delivered.load(Ordering::Relaxed)
    }

    /// Lines that Kafka did not take for that cause.
    pub fn failed_for(&self, cause: Failed) -> u64 {
        self.0.failed[cause as usize].load(Ordering::Relaxed)
    }

    /// Lines that Kafka did not take.
    pub fn failed(&self) -> u64 {
        Failed::ALL.into_iter().map(|cause| self.failed_for(cause)).sum()
    }

    /// Lines that never left the process for that cause.
    pub fn dropped_for(&self, cause: Dropped) -> u64 {
        self.0.dropped[cause as usize].load(Ordering::Relaxed)
    }

    /// Lines that never left the process.
    pub fn dropped(&self) -> u64 {
        Dropped::ALL.into_iter().map(|cause| self.dropped_for(cause)).sum()
    }

    /// Lines that wait for Kafka, or for its answer, now.
    pub fn queue_lines(&self) -> usize {
        self.0.lines.load(Ordering::Relaxed)
    }

    /// Their records' bytes.
    pub fn queue_bytes(&self) -> usize {
        self.0.bytes.load(Ordering::Relaxed)
    }

    /// How long delivered lines took.
    pub fn latencies(&self) -> Latencies {
        let mut count = 0;
        let mut counted = |bucket: &AtomicU64| {
            count += bucket.load(Ordering::Relaxed);
            count
        };
        let [buckets @ .., above] = &self.0.latencies;
        let at_most = BOUNDS
            .iter()
            .zip(buckets)
            .map(|(bound, bucket)| (Duration::from_micros(*bound), counted(bucket)))
            .collect();
        let count = counted(above);
        let sum = Duration::from_micros(self.0.latency_micros.load(Ordering::Relaxed));
        Latencies { at_most, count, sum }
    }

    /// A line that was to be produced, and is dropped before there is a record of it.
    pub(crate) fn count_dropped(&self, cause: Dropped) {
        self.count_produced();
        self.count_refused(cause, 1);
    }

    pub(super) fn count_produced(&self) {
        self.0.produced.fetch_add(1, Ordering::Relaxed);
    }

    /// Lines that were counted as produced.
    pub(super) fn count_refused(&self, cause: Dropped, lines: u64) {
        self.0.dropped[cause as usize].fetch_add(lines, Ordering::Relaxed);
    }

    pub(super) fn count_failed(&self, cause: Failed, lines: u64) {
        self.0.failed[cause as usize].fetch_add(lines, Ordering::Relaxed);
    }

    pub(super) fn count_delivered(&self, latency: Duration) {
        self.0.delivered.fetch_add(1, Ordering::Relaxed);
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        let bucket = BOUNDS.partition_point(|bound| *bound < micros);
        self.0.latencies[bucket].fetch_add(1, Ordering::Relaxed);
        self.0.latency_micros.fetch_add(micros, Ordering::Relaxed);
    }

    pub(super) fn hold(&self, bytes: usize) {
        self.0.lines.fetch_add(1, Ordering::Relaxed);
        self.0.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn release(&self, lines: usize, bytes: usize) {
        self.0.lines.fetch_sub(lines, Ordering::Relaxed);
        self.0.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_has_a_counter_and_a_label_of_its_own() {
        let stats = ProduceStats::default();
        for (times, cause) in Dropped::ALL.into_iter().enumerate() {
            stats.count_refused(cause, times as u64 + 1);
        }
        for (times, cause) in Failed::ALL.into_iter().enumerate() {
            stats.count_failed(cause, times as u64 + 1);
        }
        assert_eq!(Dropped::ALL.map(|cause| stats.dropped_for(cause)), [1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(Failed::ALL.map(|cause| stats.failed_for(cause)), [1, 2, 3, 4, 5]);
        assert_eq!((stats.dropped(), stats.failed()), (28, 15));
        let mut labels: Vec<&str> = Dropped::ALL.iter().map(|cause| cause.as_str()).collect();
        labels.extend(Failed::ALL.iter().map(|cause| cause.as_str()));
        labels.sort_unstable();
        labels.dedup();
        assert_eq!(labels.len(), 12, "{labels:?}");
    }

    #[test]
    fn a_line_without_a_source_was_to_be_produced() {
        let stats = ProduceStats::default();
        stats.count_dropped(Dropped::NoSource);
        assert_eq!((stats.produced(), stats.dropped_for(Dropped::NoSource)), (1, 1));
    }

    #[test]
    fn latencies_are_counted_up_to_their_bounds_and_above_the_last() {
        let stats = ProduceStats::default();
        for millis in [0, 5, 6, 1_000_000] {
            stats.count_delivered(Duration::from_millis(millis));
        }
        let latencies = stats.latencies();
        assert_eq!(latencies.at_most[..2], [(Duration::from_millis(5), 2), (Duration::from_millis(10), 3)]);
        assert_eq!(latencies.at_most.last(), Some(&(Duration::from_secs(600), 3)));
        assert_eq!((latencies.count, latencies.sum), (4, Duration::from_millis(1_000_011)));
        assert_eq!(stats.delivered(), 4);
    }
}
