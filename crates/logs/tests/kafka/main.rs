//! Lines to Kafka: a real broker that goes away and comes back, and librdkafka's mock cluster for what a real one does
//! only by chance.
#![cfg(feature = "kafka")]
#![allow(clippy::unwrap_used)]

mod broker;
#[cfg(feature = "full")]
mod killed;
mod mocked;
mod refused;

use std::collections::HashSet;
use std::io;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use mainspring_logs::{KafkaSettings, LogGuard, LogSettings, ProduceStats, Producing};
use parking_lot::Mutex;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};
use tracing::Level;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

const LIMIT: Duration = Duration::from_secs(60);

fn start(brokers: &str, topic: &str, adjust: impl FnOnce(&mut KafkaSettings)) -> Producing {
    LazyLock::force(&LOG);
    let mut settings = KafkaSettings::default();
    settings.brokers = Some(brokers.to_owned());
    topic.clone_into(&mut settings.topic);
    adjust(&mut settings);
    Producing::start(&settings).unwrap().unwrap()
}

fn offer(producing: &Producing, level: Level, record: &str) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    producing.offer(level, u64::try_from(now.as_micros()).unwrap(), record);
}

/// Looks again and again, for a minute, whether it is so.
async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let mut looks = tokio::time::interval(Duration::from_millis(5));
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < LIMIT, "after a minute still not: {what}");
        looks.tick().await;
    }
}

/// At rest: every line is accounted for, and none waits.
#[track_caller]
fn assert_settled(stats: &ProduceStats) {
    assert_eq!(stats.delivered() + stats.dropped() + stats.failed(), stats.produced(), "{stats:?}");
    assert_eq!((stats.queue_lines(), stats.queue_bytes()), (0, 0), "{stats:?}");
    assert_eq!(stats.latencies().count, stats.delivered(), "{stats:?}");
}

/// Every line of the topic's one partition, by a consumer that reads it from its beginning to its end.
fn lines_of(brokers: &str, topic: &str) -> Vec<String> {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", brokers).set("group.id", "recount").set("enable.auto.commit", "false");
    let consumer: BaseConsumer = config.create().unwrap();
    let (mut next, end) = consumer.fetch_watermarks(topic, 0, LIMIT).unwrap();
    let mut from = TopicPartitionList::new();
    from.add_partition_offset(topic, 0, Offset::Beginning).unwrap();
    consumer.assign(&from).unwrap();
    let (mut lines, begin) = (Vec::new(), Instant::now());
    while next < end {
        assert!(begin.elapsed() < LIMIT, "{next} of {end}");
        // A connection may be lost on the way; the consumer makes another.
        let Some(Ok(message)) = consumer.poll(Duration::from_secs(1)) else { continue };
        lines.push(String::from_utf8(message.payload().unwrap().to_vec()).unwrap());
        next = message.offset() + 1;
    }
    lines
}

/// Offers numbered lines, and knows of each whether it was taken.
struct Numbered<'a> {
    producing: &'a Producing,
    next: u32,
    taken: Vec<u32>,
    /// How long each call took.
    took: Vec<Duration>,
}

impl<'a> Numbered<'a> {
    fn new(producing: &'a Producing) -> Self {
        Self { producing, next: 0, taken: Vec::new(), took: Vec::new() }
    }

    /// Lines of every level in turn.
    fn offer(&mut self, lines: u32) {
        let levels = [Level::DEBUG, Level::INFO, Level::WARN, Level::ERROR];
        let stats = self.producing.stats();
        for number in self.next..self.next + lines {
            let dropped = stats.dropped();
            let record =
                format!("{number} is a line about as long as a line is, with a word or two more than it needs");
            let begin = Instant::now();
            offer(self.producing, levels[number as usize % 4], &record);
            self.took.push(begin.elapsed());
            if stats.dropped() == dropped {
                self.taken.push(number);
            }
        }
        self.next += lines;
    }

    /// Nobody waited for Kafka. A machine with more to do than cores may hold a thread up now and then; a call that waits
    /// for a Kafka that is away would not come back.
    #[track_caller]
    fn assert_never_waited(&self) {
        let mut took = self.took.clone();
        took.sort_unstable();
        let (most, longest) = (took[took.len() * 9 / 10], took[took.len() - 1]);
        assert!(most < Duration::from_millis(1), "one of ten took {most:?}");
        assert!(longest < LIMIT / 4, "one took {longest:?}");
    }
}

/// The numbers of the lines in the topic, each of which must be there once.
fn numbers_of(brokers: &str, topic: &str) -> Vec<u32> {
    let number = |line: String| line.split(' ').next().unwrap().parse().unwrap();
    let mut numbers: Vec<u32> = lines_of(brokers, topic).into_iter().map(number).collect();
    let distinct: HashSet<u32> = numbers.iter().copied().collect();
    assert_eq!(distinct.len(), numbers.len(), "a line is in the topic twice");
    numbers.sort_unstable();
    numbers
}

/// What this process logs.
static LOG: LazyLock<Log> = LazyLock::new(|| {
    let kept = Kept::default();
    let (layer, guard) = mainspring_logs::layer_into(&LogSettings::default(), kept.clone()).unwrap();
    let levels = LogSettings::default().levels.targets();
    tracing_subscriber::registry().with(levels).with(layer).init();
    Log { kept, guard }
});

struct Log {
    kept: Kept,
    guard: LogGuard,
}

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl io::Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What was said of that topic with that cause, so far.
fn said(topic: &str, cause: &str) -> Vec<serde_json::Value> {
    assert!(LOG.guard.flush(LIMIT));
    let text = String::from_utf8(LOG.kept.0.lock().clone()).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    lines.filter(|line| line["topic"] == topic && line["cause"] == cause).collect()
}
