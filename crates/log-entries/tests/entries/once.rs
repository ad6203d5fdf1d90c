//! Each record once: over restarts, over two consumers, over connections that break.

use std::time::Duration;

use mainspring_log_entries::Tally;

use crate::rig::Rig;

#[tokio::test]
async fn lines_of_one_microsecond_are_all_there_once_with_their_place_and_a_second_run_adds_none() {
    let rig = Rig::new("once", 3).await;
    rig.lines("run", 0..1000, 3);
    assert_eq!(rig.until_end().await.unwrap(), Tally { lines: 1000, rejects: 0 });
    assert_eq!(rig.until_end().await.unwrap(), Tally::default());
    rig.lines("run", 1000..1010, 3);
    assert_eq!(rig.until_end().await.unwrap(), Tally { lines: 10, rejects: 0 });
    assert_eq!(rig.counts().await, (1010, 1010));
    let row: (i64, String, String, String, String, String, String, i32, i64) = sqlx::query_as(
        "SELECT team_id, log_source, log_source_id, instance_id, (\"timestamp\" AT TIME ZONE 'UTC')::text, level, message, \
         kafka_partition, kafka_offset FROM log_entries WHERE message = 'line 4'",
    )
    .fetch_one(&rig.pool)
    .await
    .unwrap();
    let text = str::to_owned;
    let expected = (2, text("batch_exports"), text("7"), text("run"), text("2026-11-21 01:02:03.000004"), text("info"));
    assert_eq!((row.0, row.1, row.2, row.3, row.4, row.5), expected);
    assert_eq!((row.6, row.7, row.8), (text("line 4"), 1, 1));
    let stored = rig.number("SELECT sum(next_offset)::bigint FROM log_entries_offsets").await;
    assert_eq!(stored, 1010);
}

#[tokio::test]
async fn what_is_no_line_is_set_aside_with_its_reason_and_stops_nothing() {
    let rig = Rig::new("rejects", 1).await;
    rig.lines("run", 0..1, 1);
    let without = crate::rig::line("run", "info", "2026-11-21 01:02:03", "x").replace("\"batch_exports\"", "null");
    for value in [Some("hello".as_bytes()), Some(b"{}"), Some(b"{\"team_id\":\xff}"), None, Some(without.as_bytes())] {
        rig.send(0, value);
    }
    let nul = crate::rig::line("run", "info", "2026-11-21 01:02:03", "a\0b\u{1F980}");
    rig.send(0, Some(nul.as_bytes()));
    rig.sent();
    assert_eq!(rig.until_end().await.unwrap(), Tally { lines: 2, rejects: 5 });
    let rejects: Vec<(i64, String, Option<Vec<u8>>)> =
        sqlx::query_as("SELECT kafka_offset, reason, value FROM log_entries_rejects ORDER BY kafka_offset")
            .fetch_all(&rig.pool)
            .await
            .unwrap();
    let reasons: Vec<&str> = rejects.iter().map(|(_, reason, _)| reason.as_str()).collect();
    assert_eq!(reasons[..2], ["expected value at line 1 column 1", "missing field `team_id` at line 1 column 2"]);
    assert_eq!((reasons[3], &rejects[3].2), ("the record has no value", &None));
    assert!(reasons[4].starts_with("invalid type: null, expected a string"), "{reasons:?}");
    assert_eq!(rejects[2].2.as_deref(), Some(&b"{\"team_id\":\xff}"[..]));
    assert_eq!(rejects.iter().map(|(offset, ..)| *offset).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    let message: String = sqlx::query_scalar("SELECT message FROM log_entries WHERE kafka_offset = 6")
        .fetch_one(&rig.pool)
        .await
        .unwrap();
    assert_eq!(message, "a\u{2400}b\u{1F980}");
}

#[tokio::test]
async fn a_key_or_a_time_that_postgres_does_not_take_is_set_aside_and_the_consumer_goes_on() {
    let rig = Rig::new("refused", 1).await;
    // Postgres packs what repeats.
    let long: String = (1..=1024_u32).map(|number| format!("{:08x}", number.wrapping_mul(2_654_435_761))).collect();
    assert_eq!(long.len(), 8192);
    rig.send(0, Some(crate::rig::line(&long, "info", "2026-11-21 01:02:03", "x").as_bytes()));
    rig.send(0, Some(crate::rig::line("run", "info", "-009999-12-31 00:00:00", "x").as_bytes()));
    // The longest key and the first time.
    let widest = crate::rig::line(&long[..512], "info", "-004713-11-24 00:00:00", "x");
    let widest = widest.replace("batch_exports", &long[512..1024]);
    let widest = widest.replace("\"log_source_id\":\"7\"", &format!("\"log_source_id\":\"{}\"", &long[1024..1536]));
    rig.send(0, Some(widest.as_bytes()));
    rig.lines("run", 0..10, 1);
    assert_eq!(rig.until_end().await.unwrap(), Tally { lines: 11, rejects: 2 });
    let reasons: Vec<String> = sqlx::query_scalar("SELECT reason FROM log_entries_rejects ORDER BY kafka_offset")
        .fetch_all(&rig.pool)
        .await
        .unwrap();
    assert_eq!(
        reasons,
        [
            "instance_id has 8192 bytes, and the table's keys take 512",
            "the timestamp \"-009999-12-31 00:00:00\" is before all that Postgres has",
        ]
    );
}

#[tokio::test]
async fn a_second_consumer_waits_and_takes_over_where_the_first_ended() {
    let rig = Rig::new("two", 2).await;
    rig.lines("run", 0..100, 2);
    let mut first = rig.start();
    first.news("wrote 100+0").await;
    let mut second = rig.start();
    second.news("standby").await;
    rig.lines("run", 100..200, 2);
    first.news("wrote 200+0").await;
    assert_eq!(first.stop().await, Tally { lines: 200, rejects: 0 });
    second.news("reading 2").await;
    rig.lines("run", 200..300, 2);
    second.news("wrote 100+0").await;
    second.stop().await;
    assert_eq!(rig.counts().await, (300, 300));
}

#[tokio::test]
async fn two_consumers_whose_connections_are_cut_again_and_again_write_each_line_once() {
    const LINES: u32 = 60_000;
    let rig = Rig::new("cut", 3).await;
    // The tables are there, so that both begin at once.
    rig.until_end().await.unwrap();
    let (one, other) = (rig.start(), rig.start());
    // In the middle of a transaction, where there is one.
    let cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() \
               AND application_name = 'mainspring logs' AND state <> 'idle' AND query ~ '^(BEGIN|UPDATE|COPY|COMMIT)'";
    let mut cuts = 0;
    let mut ticks = tokio::time::interval(Duration::from_millis(3));
    for part in 0..30 {
        rig.lines("run", part * LINES / 30..(part + 1) * LINES / 30, 3);
        for _look in 0..100 {
            ticks.tick().await;
            let cut = rig.number(cut).await;
            cuts += cut;
            if cut > 0 {
                break;
            }
        }
    }
    tokio::time::timeout(crate::rig::PATIENCE, async {
        while rig.number("SELECT sum(next_offset)::bigint FROM log_entries_offsets").await < i64::from(LINES) {
            ticks.tick().await;
        }
    })
    .await
    .expect("not all lines were read");
    eprintln!("{cuts} transactions cut");
    assert!(cuts > 2, "nothing was hit: {cuts}");
    one.stop().await;
    other.stop().await;
    assert_eq!(rig.counts().await, (i64::from(LINES), i64::from(LINES)));
}
