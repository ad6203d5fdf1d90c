//! While a server is away.

use mainspring_log_entries::Tally;
use mainspring_servers::Postgres;

use crate::rig::Rig;

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
        consumer.news("wrote").await;
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
