//! While a server is away.
#![cfg(feature = "full")]

use mainspring_log_entries::Tally;
use mainspring_servers::{Kafka, Postgres};

use crate::rig::{Rig, postgres};

#[tokio::test]
async fn a_postgres_that_goes_and_comes_back_costs_no_line_and_doubles_none() {
    let mut server = Postgres::builder().start().await.unwrap();
    let url = server.database("away").await.unwrap();
    let rig = Rig::at("away", 2, url).await;
    let mut consumer = rig.start();
    let mut lines = 0..;
    for _ in 0..3 {
        let from: u32 = lines.next().unwrap() * 1000;
        rig.lines("run", from..from + 500, 2);
        // All of them: a commit that is cut off may have been made, and is not counted then.
        consumer.news(&format!("wrote {}+0", from + 500)).await;
        server.stop().await;
        rig.lines("run", from + 500..from + 1000, 2);
        let away = consumer.news("away").await;
        assert!(away.starts_with("away: Postgres could not "), "{away}");
        server.start_again().await.unwrap();
        consumer.news("reading 2").await;
    }
    consumer.news("wrote 3000+0").await;
    assert_eq!(consumer.stop().await, Tally { lines: 3000, rejects: 0 });
    assert_eq!(rig.counts().await, (3000, 3000));
}

#[tokio::test]
async fn a_consumer_that_is_stopped_while_postgres_is_away_ends_and_the_next_one_writes_what_it_had() {
    let mut server = Postgres::builder().start().await.unwrap();
    let url = server.database("stopped").await.unwrap();
    let rig = Rig::at("stopped", 1, url).await;
    let mut consumer = rig.start();
    consumer.news("reading 1").await;
    server.stop().await;
    rig.lines("run", 0..100, 1);
    consumer.news("away").await;
    assert_eq!(consumer.stop().await, Tally::default());
    server.start_again().await.unwrap();
    assert_eq!(rig.until_end().await.unwrap(), Tally { lines: 100, rejects: 0 });
}

#[tokio::test]
async fn a_kafka_that_is_killed_and_comes_back_is_waited_for_and_read_on() {
    let mut server = Kafka::builder().start().await.unwrap();
    let rig = Rig::on(&server, "killed", postgres().await.database("killed").await.unwrap());
    rig.make_topic(2).await;
    let mut consumer = rig.start();
    for (round, written) in [(0, "wrote 500+0"), (1, "wrote 1000+0")] {
        rig.lines("run", round * 500..(round + 1) * 500, 2);
        consumer.news(written).await;
        server.kill().await;
        let away = consumer.news("away").await;
        assert!(away.starts_with("away: Kafka could not tell"), "{away}");
        server.start_again().await.unwrap();
    }
    rig.lines("run", 1000..1500, 2);
    consumer.news("wrote 1500+0").await;
    assert_eq!(consumer.stop().await, Tally { lines: 1500, rejects: 0 });
    assert_eq!(rig.counts().await, (1500, 1500));

    // One that starts while it is away waits, and can be stopped.
    server.kill().await;
    let mut early = rig.start();
    early.news("away: Kafka could not tell the topic's partitions").await;
    assert_eq!(early.stop().await, Tally::default());
}
