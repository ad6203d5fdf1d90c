//! A topic and a database of a test's own.

use std::pin::pin;
use std::time::Duration;

use mainspring_log_entries::{Consumer, LogEntriesError, News, Tally, Topic};
use mainspring_servers::{Kafka, Postgres};
use mainspring_settings::Secret;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer as _, ThreadedProducer};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use tokio::sync::{OnceCell, mpsc, watch};

/// The longest that anything here may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) async fn kafka() -> &'static Kafka {
    static SHARED: OnceCell<Kafka> = OnceCell::const_new();
    SHARED.get_or_init(|| async { Kafka::builder().start().await.unwrap() }).await
}

pub(crate) async fn postgres() -> &'static Postgres {
    static SHARED: OnceCell<Postgres> = OnceCell::const_new();
    SHARED.get_or_init(|| async { Postgres::builder().start().await.unwrap() }).await
}

pub(crate) struct Rig {
    pub(crate) topic: String,
    pub(crate) url: String,
    pub(crate) pool: PgPool,
    pub(crate) brokers: String,
    pub(crate) admin: AdminClient<DefaultClientContext>,
    pub(crate) producer: ThreadedProducer<DefaultProducerContext>,
}

/// A consumer that runs beside the test.
pub(crate) struct Running {
    stop: watch::Sender<bool>,
    news: mpsc::Receiver<String>,
    task: tokio::task::JoinHandle<Result<Tally, LogEntriesError>>,
}

impl Rig {
    /// With a topic of so many partitions; none: the topic is not there.
    pub(crate) async fn new(name: &str, partitions: i32) -> Self {
        let url = postgres().await.database(name).await.unwrap();
        Self::at(name, partitions, url).await
    }

    pub(crate) async fn at(name: &str, partitions: i32, url: String) -> Self {
        let rig = Self::on(kafka().await, name, url);
        if partitions > 0 {
            rig.make_topic(partitions).await;
        }
        rig
    }

    /// On a Kafka of the test's own.
    pub(crate) fn on(kafka: &Kafka, name: &str, url: String) -> Self {
        let brokers = kafka.bootstrap_servers();
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &brokers);
        Self {
            topic: kafka.topic_prefix(name) + "lines",
            pool: PgPoolOptions::new().connect_lazy(&url).unwrap(),
            url,
            brokers,
            admin: config.create().unwrap(),
            producer: config.create().unwrap(),
        }
    }

    /// A producer asks for a topic's partitions once, and then not for minutes.
    pub(crate) fn with_new_producer(self) -> Self {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.brokers);
        Self { producer: config.create().unwrap(), ..self }
    }

    pub(crate) async fn make_topic(&self, partitions: i32) {
        let topic = NewTopic::new(&self.topic, partitions, TopicReplication::Fixed(1));
        let made = self.admin.create_topics([&topic], &AdminOptions::new()).await.unwrap();
        made.into_iter().for_each(|one| drop(one.unwrap()));
    }

    pub(crate) fn send(&self, partition: i32, value: Option<&[u8]>) {
        loop {
            let record = BaseRecord::<(), [u8]>::to(&self.topic).partition(partition);
            let record = match value {
                Some(value) => record.payload(value),
                None => record,
            };
            match self.producer.send(record) {
                Ok(()) => return,
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), _)) => self.sent(),
                Err((error, _)) => panic!("{error}"),
            }
        }
    }

    pub(crate) fn sent(&self) {
        self.producer.flush(PATIENCE).unwrap();
    }

    /// Lines `from..to` of that run, over so many partitions, all of one microsecond.
    pub(crate) fn lines(&self, run: &str, numbers: std::ops::Range<u32>, partitions: i32) {
        for number in numbers {
            let line = line(run, "info", "2026-11-21 01:02:03.000004", &format!("line {number}"));
            self.send(i32::try_from(number).unwrap() % partitions, Some(line.as_bytes()));
        }
        self.sent();
    }

    pub(crate) fn consumer(&self) -> Consumer {
        Consumer::new(Topic::new(&self.topic, [("bootstrap.servers", &self.brokers)]), &self.secret()).unwrap()
    }

    pub(crate) fn secret(&self) -> Secret {
        Secret::new(self.url.clone())
    }

    /// All that the topic has.
    pub(crate) async fn until_end(&self) -> Result<Tally, LogEntriesError> {
        let (_stop, stop) = watch::channel(false);
        let consumer = self.consumer().until_end();
        tokio::time::timeout(PATIENCE, consumer.run(stop, |_| {})).await.expect("it never came to the end")
    }

    pub(crate) fn start(&self) -> Running {
        let (stop, stopped) = watch::channel(false);
        let (tell, news) = mpsc::channel(100_000);
        let consumer = self.consumer();
        let task =
            tokio::spawn(async move { consumer.run(stopped, move |news| drop(tell.try_send(words(&news)))).await });
        Running { stop, news, task }
    }

    pub(crate) async fn number(&self, sql: &str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&self.pool).await.unwrap()
    }

    /// How many rows, and how many different messages.
    pub(crate) async fn counts(&self) -> (i64, i64) {
        let rows = self.number("SELECT count(*) FROM log_entries").await;
        (rows, self.number("SELECT count(DISTINCT message) FROM log_entries").await)
    }
}

pub(crate) fn line(run: &str, level: &str, time: &str, message: &str) -> String {
    serde_json::json!({
        "instance_id": run, "level": level, "log_source": "batch_exports", "log_source_id": "7", "message": message,
        "team_id": 2, "timestamp": time,
    })
    .to_string()
}

fn words(news: &News<'_>) -> String {
    match news {
        News::Standby => "standby".to_owned(),
        News::Reading { partitions } => format!("reading {partitions}"),
        News::Wrote { tally, .. } => format!("wrote {}+{}", tally.lines, tally.rejects),
        News::Lost { partition, from, to } => format!("lost {from}..{to} of {partition}"),
        News::Away { error, .. } => format!("away: {error}"),
        other => format!("{other:?}"),
    }
}

impl Running {
    /// Waits for news that begin so; others before it are passed over.
    pub(crate) async fn news(&mut self, begin: &str) -> String {
        let mut passed = Vec::new();
        let mut found = pin!(async {
            while let Some(news) = self.news.recv().await {
                if news.starts_with(begin) {
                    return Some(news);
                }
                passed.push(news);
            }
            None
        });
        let found = tokio::time::timeout(PATIENCE, &mut found).await;
        found.ok().flatten().unwrap_or_else(|| panic!("no news that begin with {begin:?}"))
    }

    pub(crate) async fn stop(self) -> Tally {
        self.stop.send_replace(true);
        self.end().await.unwrap()
    }

    pub(crate) async fn end(self) -> Result<Tally, LogEntriesError> {
        let Self { task, stop: _stop, .. } = self;
        tokio::time::timeout(PATIENCE, task).await.expect("it does not end").unwrap()
    }
}
