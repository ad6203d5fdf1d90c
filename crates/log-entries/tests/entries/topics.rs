//! What becomes of a topic: not there yet, with more partitions, with its beginning gone, made anew.

use mainspring_log_entries::Tally;
use rdkafka::admin::{AdminOptions, NewPartitions};
use rdkafka::producer::Producer as _;
use rdkafka::{Offset, TopicPartitionList};

use crate::rig::Rig;

#[tokio::test]
async fn a_topic_that_is_not_there_is_waited_for_and_for_a_script_it_is_an_error() {
    let rig = Rig::new("late", 0).await;
    let said = rig.until_end().await.unwrap_err().to_string();
    assert_eq!(
        said,
        format!(
            "Kafka has no topic {}: the first line that a worker produces makes it, or your administrator does",
            rig.topic
        )
    );
    let mut consumer = rig.start();
    consumer.news("away: Kafka has no topic").await;
    rig.make_topic(1).await;
    rig.lines("run", 0..10, 1);
    consumer.news("wrote 10+0").await;
    consumer.stop().await;
}

#[tokio::test]
async fn partitions_that_are_added_are_read_too() {
    let rig = Rig::new("more", 1).await;
    rig.lines("run", 0..10, 1);
    let mut consumer = rig.start();
    consumer.news("wrote 10+0").await;
    let more = NewPartitions::new(&rig.topic, 2);
    rig.admin.create_partitions([&more], &AdminOptions::new()).await.unwrap()[0].as_ref().unwrap();
    consumer.news("away: the topic has changed: it has a partition 1 now").await;
    consumer.news("reading 2").await;
    let rig = rig.with_new_producer();
    rig.lines("run", 10..20, 2);
    consumer.news("wrote 20+0").await;
    consumer.stop().await;
    assert_eq!(rig.counts().await, (20, 20));
}

#[tokio::test]
async fn records_that_kafka_dropped_before_they_were_read_leave_a_row_that_says_so() {
    let rig = Rig::new("gap", 1).await;
    rig.lines("run", 0..10, 1);
    rig.until_end().await.unwrap();
    rig.lines("run", 10..40, 1);
    let mut gone = TopicPartitionList::new();
    gone.add_partition_offset(&rig.topic, 0, Offset::Offset(30)).unwrap();
    rig.admin.delete_records(&gone, &AdminOptions::new()).await.unwrap();
    let mut consumer = rig.start();
    consumer.news("lost 10..30 of 0").await;
    consumer.news("wrote 10+0").await;
    consumer.stop().await;
    let reason: String = sqlx::query_scalar("SELECT reason FROM log_entries_rejects WHERE kafka_offset = 10")
        .fetch_one(&rig.pool)
        .await
        .unwrap();
    assert_eq!(
        reason,
        "records 10 to 29 were gone from Kafka before they were read: it keeps them for less time than no consumer ran"
    );
    assert_eq!(rig.counts().await, (20, 20));
}

#[tokio::test]
async fn a_topic_that_was_made_anew_stops_the_consumer_with_what_to_do() {
    let rig = Rig::new("anew", 1).await;
    rig.lines("run", 0..10, 1);
    rig.until_end().await.unwrap();
    rig.admin.delete_topics(&[&rig.topic], &AdminOptions::new()).await.unwrap();
    // Kafka deletes by and by.
    let mut ticks = tokio::time::interval(std::time::Duration::from_millis(100));
    let made_again = async {
        loop {
            ticks.tick().await;
            let topic = rdkafka::admin::NewTopic::new(&rig.topic, 1, rdkafka::admin::TopicReplication::Fixed(1));
            if rig.admin.create_topics([&topic], &AdminOptions::new()).await.is_ok_and(|made| made[0].is_ok()) {
                return;
            }
        }
    };
    tokio::time::timeout(crate::rig::PATIENCE, made_again).await.unwrap();
    // That was the controller's word. Until the broker has followed, it has the old topic or none, and refuses lines.
    let followed = async {
        let mut rig = rig;
        loop {
            ticks.tick().await;
            rig = rig.with_new_producer();
            let limit = std::time::Duration::from_secs(5);
            if rig.producer.client().fetch_watermarks(&rig.topic, 0, limit).is_ok_and(|bounds| bounds == (0, 0)) {
                return rig;
            }
        }
    };
    let rig = tokio::time::timeout(crate::rig::PATIENCE, followed).await.unwrap();
    rig.lines("run", 10..12, 1);
    let said = rig.until_end().await.unwrap_err().to_string();
    assert!(
        said.starts_with(&format!(
            "partition 0 of topic {} ends at offset 2, and 10 of it were read: the topic was deleted and made again",
            rig.topic
        )),
        "{said}"
    );
    assert_eq!(rig.counts().await, (10, 10));
}

#[tokio::test]
async fn tables_that_hold_another_topic_are_left_alone() {
    let rig = Rig::new("mine", 1).await;
    rig.lines("run", 0..10, 1);
    rig.until_end().await.unwrap();
    let other = Rig::at("other", 1, rig.url.clone()).await;
    other.lines("run", 0..10, 1);
    let said = other.until_end().await.unwrap_err().to_string();
    assert!(
        said.starts_with(&format!("the tables hold topic {}, and {} was asked for", rig.topic, other.topic)),
        "{said}"
    );
    // In a schema of its own it is fine.
    sqlx::query("CREATE SCHEMA other").execute(&rig.pool).await.unwrap();
    let apart = Rig { url: format!("{}?options[search_path]=other", rig.url), ..other };
    assert_eq!(apart.until_end().await.unwrap(), Tally { lines: 10, rejects: 0 });
    assert_eq!(rig.number("SELECT count(*) FROM other.log_entries").await, 10);
    assert_eq!(rig.counts().await, (10, 10));
}
