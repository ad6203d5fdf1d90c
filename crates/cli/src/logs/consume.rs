//! `logs consume`: the topic into the table, until a signal comes.

use std::io::IsTerminal as _;
use std::path::Path;
use std::time::{Duration, Instant};

use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use mainspring_log_entries::{Consumer, News, Tally, Topic};
use mainspring_logs::KafkaSettings;
use mainspring_settings::Sources;
use serde_json::json;
use tokio::sync::watch;

use super::database;
use crate::arguments::Output;
use crate::arguments::logs::ConsumeArguments;
use crate::dev::signals::Signals;
use crate::exit::Failure;
use crate::{print, say};

/// Where nobody watches, progress is said this often.
const SAID: Duration = Duration::from_secs(10);

pub(super) async fn run(arguments: &ConsumeArguments, sources: &Sources) -> Result<(), Failure> {
    let mut sources = sources.clone();
    for (name, flag, value) in [
        ("MAINSPRING_LOG_KAFKA_BROKERS", "--brokers", &arguments.brokers),
        ("MAINSPRING_LOG_KAFKA_TOPIC", "--topic", &arguments.topic),
    ] {
        if let Some(value) = value {
            sources = sources.with_flag(name, flag, value.clone());
        }
    }
    let kafka: KafkaSettings = mainspring_settings::load(&sources)?;
    let Some(brokers) = &kafka.brokers else {
        return Err(Failure::Config(
            "no brokers are given: set MAINSPRING_LOG_KAFKA_BROKERS, or pass --brokers HOST:PORT".to_owned(),
        ));
    };
    let topic = Topic::new(&kafka.topic, properties(&kafka, brokers));
    let mut consumer = Consumer::new(topic, &database(&arguments.database, &sources)?)?;
    if arguments.until_end {
        consumer = consumer.until_end();
    }

    let mut signals = Signals::listen()?;
    let (tell, stop) = watch::channel(false);
    let mut talk = Talk::new(&kafka.topic);
    let work = consumer.run(stop, |news| talk.hear(&news));
    tokio::pin!(work);
    let done = tokio::select! {
        done = &mut work => done,
        _ = signals.next() => {
            tell.send_replace(true);
            tokio::select! {
                done = &mut work => done,
                second = signals.next() => return Err(Failure::LeftAtOnce(second)),
            }
        }
    };
    let tally = done?;
    let Tally { lines, rejects } = tally;
    if arguments.output == Output::Json {
        return print(&json!({ "lines": lines, "rejects": rejects }).to_string());
    }
    say(&format!("{} lines written, {} records set aside", HumanCount(lines), HumanCount(rejects)));
    Ok(())
}

/// As librdkafka names them.
fn properties(kafka: &KafkaSettings, brokers: &str) -> Vec<(&'static str, String)> {
    let mut properties = vec![
        ("bootstrap.servers", brokers.to_owned()),
        ("security.protocol", kafka.security_protocol.as_str().to_owned()),
    ];
    let path = |path: &Path| path.to_string_lossy().into_owned();
    let more = [
        ("sasl.mechanism", kafka.sasl_mechanism.map(|mechanism| mechanism.as_str().to_owned())),
        ("sasl.username", kafka.sasl_username.clone()),
        ("sasl.password", kafka.sasl_password.as_ref().map(|password| password.expose().clone())),
        ("ssl.ca.location", kafka.ca.as_deref().map(path)),
        ("ssl.certificate.location", kafka.cert.as_deref().map(path)),
        ("ssl.key.location", kafka.key.as_deref().map(path)),
    ];
    properties.extend(more.into_iter().filter_map(|(name, value)| Some((name, value?))));
    properties
}

/// What is said meanwhile: a line that moves on a terminal, a line now and then elsewhere.
struct Talk<'a> {
    topic: &'a str,
    bar: Option<ProgressBar>,
    said: Instant,
    tally: Tally,
    /// What is away, as it was said.
    away: Option<String>,
}

impl<'a> Talk<'a> {
    fn new(topic: &'a str) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let style =
                ProgressStyle::with_template("{spinner} {msg}").unwrap_or_else(|_| ProgressStyle::default_spinner());
            let bar = ProgressBar::new_spinner().with_style(style);
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        Self { topic, bar, said: Instant::now(), tally: Tally::default(), away: None }
    }

    fn hear(&mut self, news: &News<'_>) {
        match *news {
            News::Standby => self.say("another consumer writes the table; this one waits until it has ended"),
            News::Reading { partitions } => {
                let partitions = if partitions == 1 { "1 partition".to_owned() } else { format!("{partitions} partitions") };
                self.say(&format!("reading topic {}, {partitions}", self.topic));
                self.away = None;
            }
            News::Wrote { tally, behind } => {
                self.away = None;
                let moved = tally != self.tally;
                let text = format!(
                    "{} lines written, {} records set aside, {} behind",
                    HumanCount(tally.lines),
                    HumanCount(tally.rejects),
                    HumanCount(behind)
                );
                match &self.bar {
                    Some(bar) => bar.set_message(text),
                    None if moved && self.said.elapsed() >= SAID => {
                        (self.said, self.tally) = (Instant::now(), tally);
                        say(&text);
                    }
                    None => {}
                }
            }
            News::Lost { partition, from, to } => self.say(&format!(
                "warning: records {from} to {} of partition {partition} were gone from Kafka before they were read: {} are lost",
                to - 1,
                to - from
            )),
            News::Away { error, .. } => {
                // The same again and again is said once.
                let text = error.to_string();
                if self.away.as_ref() != Some(&text) {
                    self.say(&format!("waiting: {text}"));
                    self.away = Some(text);
                }
            }
            _ => {}
        }
    }

    fn say(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| say(text)),
            None => say(text),
        }
    }
}

impl Drop for Talk<'_> {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
