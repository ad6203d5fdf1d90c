//! Lines to Kafka: a bounded queue, and a thread that sends from it and reads every answer.
//!
//! Whoever logs only copies a record into the queue. Kafka down, slow, flapping or refusing costs lines, which are
//! counted by cause ([`ProduceStats`]), and nothing else.
#![cfg_attr(not(feature = "kafka"), allow(dead_code, reason = "nothing takes from the queue then"))]

#[cfg(feature = "kafka")]
mod answers;
#[cfg(feature = "kafka")]
mod config;
mod outage;
#[cfg(feature = "kafka")]
mod producer;
mod queue;
mod settings;
mod stats;

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use tracing::Level;

use crate::LogsError;
pub(crate) use queue::{Bounds, Queue};
pub use settings::{KafkaSettings, SaslMechanism, SecurityProtocol};
pub use stats::{Dropped, Failed, Latencies, ProduceStats};

static STATS: OnceLock<ProduceStats> = OnceLock::new();
/// How long [`Producing`] waits when it is dropped.
const DROP_DRAIN: Duration = Duration::from_secs(1);

/// Log lines on their way to Kafka. When dropped without a [`drain`](Self::drain), it drains for up to a second.
#[derive(Debug)]
#[must_use = "lines that are not sent yet are lost when the process ends, unless they are drained"]
pub struct Producing {
    queue: Arc<Queue>,
    ending: Arc<Ending>,
}

/// What became of the lines that were on their way when [`Producing::drain`] began, and of those that came meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Drained {
    /// Kafka has them.
    pub delivered: u64,
    /// Kafka refused them, or did not answer in time.
    pub failed: u64,
    /// They were not sent in time, or came too late.
    pub dropped: u64,
}

/// How the thread is told to end, and tells that it has.
#[derive(Debug, Default)]
struct Ending {
    state: Mutex<End>,
    begun: Condvar,
    settled: Condvar,
}

#[derive(Clone, Copy, Debug, Default)]
struct End {
    /// Until when it may go on sending.
    send_until: Option<Instant>,
    /// Until when every line must be accounted for.
    deadline: Option<Instant>,
    is_settled: bool,
}

impl Producing {
    /// Starts to produce, when the settings name brokers. It does not wait for them: a Kafka that cannot be reached is
    /// logged, and lines wait for it within the queue's bounds.
    ///
    /// # Errors
    /// This binary was built without the feature `kafka`; Kafka's client refuses the settings, as it does a certificate
    /// that it cannot read; or the operating system refused a thread.
    pub fn start(settings: &KafkaSettings) -> Result<Option<Self>, LogsError> {
        let Some(brokers) = &settings.brokers else { return Ok(None) };
        let stats = ProduceStats::default();
        let bounds = Bounds { lines: settings.queue_lines, bytes: settings.queue_bytes };
        let producing = Self { queue: Arc::new(Queue::new(bounds, stats.clone())), ending: Arc::default() };
        start_sending(settings, brokers, &producing)?;
        // A process produces to one Kafka; of a second one only its own handle knows.
        let _ = STATS.set(stats);
        Ok(Some(producing))
    }

    /// Offers a record that was made elsewhere: a line of that level, logged at that time (UTC). It never blocks beyond a
    /// short lock; a record for which there is no room is counted as dropped.
    pub fn offer(&self, level: Level, at_micros: u64, record: &str) {
        self.queue.offer(level, at_micros, record);
    }

    /// What became of the lines so far.
    pub fn stats(&self) -> ProduceStats {
        self.queue.stats().clone()
    }

    /// Where the layer puts its records.
    pub(crate) fn queue(&self) -> Arc<Queue> {
        Arc::clone(&self.queue)
    }

    /// Refuses new lines, sends what waits, and reads the answers. What is not answered when `within` is nearly over is
    /// given up, so that every line is counted when this returns. A second call returns at once.
    pub fn drain(&self, within: Duration) -> Drained {
        let stats = self.queue.stats();
        let before = [stats.delivered(), stats.failed(), stats.dropped()];
        let begin = Instant::now();
        let deadline = begin + within;
        let mut end = self.ending.state.lock();
        if end.deadline.is_none() {
            // Giving up takes a moment too.
            let send_until = deadline - (within / 5).min(Duration::from_millis(500));
            (end.send_until, end.deadline) = (Some(send_until), Some(deadline));
        }
        self.queue.close();
        self.ending.begun.notify_all();
        while !end.is_settled {
            if self.ending.settled.wait_until(&mut end, deadline).timed_out() {
                break;
            }
        }
        drop(end);
        // Nothing is left here, unless the thread hangs.
        self.queue.drop_all(None);
        Drained {
            delivered: stats.delivered() - before[0],
            failed: stats.failed() - before[1],
            dropped: stats.dropped() - before[2],
        }
    }
}

impl Drop for Producing {
    fn drop(&mut self) {
        self.drain(DROP_DRAIN);
    }
}

/// What the process's produced lines have counted, by the first [`Producing::start`] that found brokers; `None` before.
pub fn produce_stats() -> Option<ProduceStats> {
    STATS.get().cloned()
}

#[cfg(feature = "kafka")]
fn start_sending(settings: &KafkaSettings, brokers: &str, producing: &Producing) -> Result<(), LogsError> {
    producer::start(config::config(settings, brokers), &settings.topic, &producing.queue, &producing.ending)
}

#[cfg(not(feature = "kafka"))]
fn start_sending(_: &KafkaSettings, _: &str, _: &Producing) -> Result<(), LogsError> {
    Err(LogsError::WithoutKafka)
}

#[cfg(all(test, not(feature = "kafka")))]
mod tests {
    use super::*;

    #[test]
    fn a_binary_without_kafka_refuses_brokers_and_says_what_to_do() {
        assert!(Producing::start(&KafkaSettings::default()).unwrap().is_none());
        let settings = KafkaSettings { brokers: Some("kafka:9092".to_owned()), ..KafkaSettings::default() };
        let error = Producing::start(&settings).unwrap_err().to_string();
        insta::assert_snapshot!(error, @"MAINSPRING_LOG_KAFKA_BROKERS names brokers, but this binary cannot produce to Kafka: build it with the feature `kafka` of mainspring, or unset MAINSPRING_LOG_KAFKA_BROKERS and KAFKA_HOSTS");
    }
}
