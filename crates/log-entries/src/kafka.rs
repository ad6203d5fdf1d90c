//! The topic, by librdkafka. A consumer is assigned its partitions by hand and joins no group: where to read on is
//! Postgres' knowledge.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rdkafka::client::ClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::consumer::{Consumer as _, ConsumerContext, StreamConsumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::util::AsyncRuntime;
use rdkafka::{Offset, TopicPartitionList};

use crate::LogEntriesError;

/// A question to the brokers takes this long at most.
const LIMIT: Duration = Duration::from_secs(5);

/// What every consumer of ours has set, whatever it is given.
const SETTINGS: [(&str, &str); 7] = [
    // librdkafka wants one; nothing is committed under it.
    ("group.id", "mainspring-log-entries"),
    ("enable.auto.commit", "false"),
    ("enable.auto.offset.store", "false"),
    // An offset that is gone is ours to judge.
    ("auto.offset.reset", "error"),
    // What it holds before it is asked for it.
    ("queued.max.messages.kbytes", "32768"),
    ("fetch.queue.backoff.ms", "50"),
    ("reconnect.backoff.max.ms", "2000"),
];

/// A topic, and how its brokers are reached.
#[derive(Clone)]
pub struct Topic {
    name: String,
    properties: Vec<(String, String)>,
}

impl Topic {
    /// With librdkafka's properties, as `bootstrap.servers` and those of SASL and TLS.
    pub fn new(
        name: impl Into<String>,
        properties: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>,
    ) -> Self {
        let properties = properties.into_iter().map(|(name, value)| (name.into(), value.into()));
        Self { name: name.into(), properties: properties.collect() }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Debug for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Values may be passwords.
        let names: Vec<&str> = self.properties.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Topic").field("name", &self.name).field("properties", &names).finish()
    }
}

/// Keeps the last complaint, for it says more than an error's code.
#[derive(Clone, Default)]
pub(crate) struct Ear(Arc<Mutex<Option<String>>>);

impl Ear {
    fn last(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ClientContext for Ear {
    fn log(&self, level: RDKafkaLogLevel, _fac: &str, message: &str) {
        if (level as i32) <= RDKafkaLogLevel::Warning as i32 {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(message.to_owned());
        }
    }

    fn error(&self, _error: KafkaError, _reason: &str) {}
}

impl ConsumerContext for Ear {}

/// Where librdkafka's stream wakes up now and then.
pub(crate) struct OnTokio;

impl AsyncRuntime for OnTokio {
    type Delay = tokio::time::Sleep;

    fn spawn<T: Future<Output = ()> + Send + 'static>(task: T) {
        tokio::spawn(task);
    }

    fn delay_for(duration: Duration) -> Self::Delay {
        tokio::time::sleep(duration)
    }
}

/// Of one partition: the first offset that is there, and the one after the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub(crate) begin: i64,
    pub(crate) end: i64,
}

/// A consumer of the topic.
#[derive(Clone)]
pub(crate) struct Reading {
    pub(crate) consumer: Arc<StreamConsumer<Ear, OnTokio>>,
    topic: String,
    ear: Ear,
}

impl Reading {
    pub(crate) fn new(topic: &Topic) -> Result<Self, LogEntriesError> {
        let mut config = ClientConfig::new();
        for (name, value) in &topic.properties {
            config.set(name, value);
        }
        for (name, value) in SETTINGS {
            config.set(name, value);
        }
        let ear = Ear::default();
        let consumer = config.create_with_context(ear.clone()).map_err(|error| LogEntriesError::BadKafka {
            reason: match error {
                // Its value may be the password.
                KafkaError::ClientConfig(_, reason, name, _) => format!("{name}: {reason}"),
                KafkaError::ClientCreation(reason) => reason,
                other => other.to_string(),
            },
        })?;
        Ok(Self { consumer: Arc::new(consumer), topic: topic.name.clone(), ear })
    }

    /// The numbers of the topic's partitions.
    pub(crate) async fn partitions(&self) -> Result<Vec<i32>, LogEntriesError> {
        self.ask("tell the topic's partitions", |reading| {
            let metadata = reading.consumer.fetch_metadata(Some(&reading.topic), LIMIT);
            let metadata = metadata.map_err(|error| reading.failed("tell the topic's partitions", &error))?;
            let topic = metadata.topics().iter().find(|topic| topic.name() == reading.topic);
            let unknown = || LogEntriesError::NoTopic { topic: reading.topic.clone() };
            let topic = topic.ok_or_else(unknown)?;
            match topic.error().map(RDKafkaErrorCode::from) {
                None => {}
                Some(RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic) => {
                    return Err(unknown());
                }
                Some(code) => {
                    return Err(reading.failed("tell the topic's partitions", &KafkaError::MetadataFetch(code)));
                }
            }
            let mut partitions: Vec<i32> = topic.partitions().iter().map(|one| one.id()).collect();
            partitions.sort_unstable();
            if partitions.is_empty() { Err(unknown()) } else { Ok(partitions) }
        })
        .await
    }

    /// Where each partition begins and ends.
    pub(crate) async fn bounds(&self, partitions: Vec<i32>) -> Result<BTreeMap<i32, Bounds>, LogEntriesError> {
        self.ask("tell where its partitions begin", move |reading| {
            let begins = reading.offsets(&partitions, Offset::Beginning)?;
            let ends = reading.offsets(&partitions, Offset::End)?;
            let bounds =
                begins.into_iter().filter_map(|(one, begin)| Some((one, Bounds { begin, end: *ends.get(&one)? })));
            Ok(bounds.collect())
        })
        .await
    }

    /// Where each partition ends.
    pub(crate) async fn ends(&self, partitions: Vec<i32>) -> Result<BTreeMap<i32, i64>, LogEntriesError> {
        self.ask("tell where its partitions end", move |reading| reading.offsets(&partitions, Offset::End)).await
    }

    /// Reads on from there, and nothing else.
    pub(crate) fn assign(&self, positions: impl Iterator<Item = (i32, i64)>) -> Result<(), LogEntriesError> {
        const WHAT: &str = "be read from where the tables end";
        let mut list = TopicPartitionList::new();
        for (partition, offset) in positions {
            let added = list.add_partition_offset(&self.topic, partition, Offset::Offset(offset));
            added.map_err(|error| self.failed(WHAT, &error))?;
        }
        self.consumer.assign(&list).map_err(|error| self.failed(WHAT, &error))
    }

    pub(crate) fn failed(&self, what: &'static str, error: &KafkaError) -> LogEntriesError {
        let code = error.rdkafka_error_code().map_or_else(|| error.to_string(), |code| code.to_string());
        let reason = match self.ear.last() {
            Some(last) => format!("{code}; the last that its client said: {last}"),
            None => code,
        };
        LogEntriesError::Kafka { what, reason }
    }

    /// By the answer to a request, so it is no older than the question.
    fn offsets(&self, partitions: &[i32], which: Offset) -> Result<BTreeMap<i32, i64>, LogEntriesError> {
        const WHAT: &str = "tell the offsets of its partitions";
        let mut list = TopicPartitionList::new();
        for partition in partitions {
            let added = list.add_partition_offset(&self.topic, *partition, which);
            added.map_err(|error| self.failed(WHAT, &error))?;
        }
        let answer = self.consumer.offsets_for_times(list, LIMIT).map_err(|error| self.failed(WHAT, &error))?;
        let mut offsets = BTreeMap::new();
        for one in answer.elements_for_topic(&self.topic) {
            one.error().map_err(|error| self.failed(WHAT, &error))?;
            if let Offset::Offset(offset) = one.offset() {
                offsets.insert(one.partition(), offset);
            }
        }
        Ok(offsets)
    }

    /// librdkafka's questions block.
    async fn ask<T: Send + 'static>(
        &self,
        what: &'static str,
        question: impl FnOnce(&Self) -> Result<T, LogEntriesError> + Send + 'static,
    ) -> Result<T, LogEntriesError> {
        let reading = self.clone();
        let answer = tokio::task::spawn_blocking(move || question(&reading)).await;
        answer.unwrap_or_else(|error| Err(LogEntriesError::Kafka { what, reason: error.to_string() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_that_is_refused_is_named_without_its_value() {
        let topic = Topic::new("lines", [("sasl.pasword", "hunter2")]);
        let said = Reading::new(&topic).err().unwrap().to_string();
        assert_eq!(
            said,
            "Kafka's client does not take its settings: sasl.pasword: No such configuration property: \"sasl.pasword\""
        );
    }
}
