//! The real Kafka, in good health.

use mainspring_logs::{Dropped, Failed};
use mainspring_servers::Kafka;

use super::*;

/// The tool for topics.
fn create(kafka: &Kafka, topic: &str, config: &str) {
    let mut command = kafka.tool("org.apache.kafka.tools.TopicCommand");
    command.args(["--bootstrap-server", &kafka.bootstrap_servers(), "--create", "--topic", topic, "--config", config]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A text that compression makes no shorter.
fn noise(letters: usize) -> String {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let letter = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_"[(state >> 58) as usize])
    };
    (0..letters).map(letter).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_arrive_as_they_were_and_what_is_too_large_costs_itself_alone() {
    let kafka = Kafka::builder().without_creating_topics().start().await.unwrap();
    let brokers = kafka.bootstrap_servers();
    create(&kafka, "lines", "max.message.bytes=300000");
    let producing = start(&brokers, "lines", |_| {});
    let stats = producing.stats();
    let not_utf_8 = String::from_utf8_lossy(b"bytes \xff\xfe that are no text").into_owned();
    let large = noise(250_000);
    let taken = ["{\"message\": \"first\"}", &not_utf_8, "", "naïve 🦀", &large, "last"];
    for (at, record) in taken.iter().enumerate() {
        offer(&producing, Level::INFO, record);
        // Of what is refused one is too large for the topic, and one for the client.
        offer(&producing, Level::INFO, &noise(if at == 2 { 400_000 } else { 1_200_000 }));
    }
    producing.drain(LIMIT);
    assert_eq!((stats.delivered(), stats.failed_for(Failed::TooLarge), stats.dropped()), (6, 6, 0), "{stats:?}");
    assert_settled(&stats);
    let mut lines = lines_of(&brokers, "lines");
    lines.sort_unstable();
    let mut taken: Vec<String> = taken.into_iter().map(str::to_owned).collect();
    taken.sort_unstable();
    assert!(lines == taken, "{} of {} lines", lines.len(), taken.len());

    offer(&producing, Level::ERROR, "too late");
    assert_eq!(stats.dropped_for(Dropped::Shutdown), 1);
    assert_settled(&stats);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_does_not_exist_costs_its_lines_and_is_said_once() {
    let kafka = Kafka::builder().without_creating_topics().start().await.unwrap();
    let producing = start(&kafka.bootstrap_servers(), "nowhere", |_| {});
    let (stats, mut numbered) = (producing.stats(), Numbered::new(&producing));
    numbered.offer(1000);
    until("the topic is known not to exist", || stats.failed() == 1000).await;
    numbered.offer(1000);
    numbered.assert_never_waited();
    producing.drain(LIMIT);
    assert_eq!((stats.failed_for(Failed::UnknownTopic), stats.delivered()), (2000, 0), "{stats:?}");
    assert_settled(&stats);
    let said = said("nowhere", "unknown_topic");
    assert_eq!(said.len(), 1, "{said:?}");
    assert_eq!(
        said[0]["msg"],
        "Kafka refuses log lines, for it has no such topic: create it, or set MAINSPRING_LOG_KAFKA_TOPIC"
    );
    assert_eq!(said[0]["level"], "warn");
}
