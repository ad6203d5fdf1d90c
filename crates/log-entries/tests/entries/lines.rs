//! A run's lines out of the table.

use mainspring_log_entries::{Level, Line, Lines, LogEntriesError, Reached, Seen, Wanted};
use sqlx::Connection as _;

use crate::rig::{Rig, line};

/// What is new, as "run level message".
async fn read(lines: &mut Lines, wanted: &Wanted, seen: &mut Seen) -> (Vec<String>, Reached) {
    let mut new = Vec::new();
    let reached = lines
        .read(wanted, seen, |line: Line| {
            new.push(format!("{} {} {}", line.instance_id, line.level, line.message));
            Ok::<_, LogEntriesError>(())
        })
        .await;
    (new, reached.unwrap())
}

#[tokio::test]
async fn a_runs_lines_come_in_order_of_time_and_each_once() {
    let rig = Rig::new("read", 2).await;
    for (partition, run, level, time, message) in [
        (0, "a", "info", "2026-11-21 01:00:02", "third"),
        (1, "a", "warning", "2026-11-21 01:00:01.000002", "second"),
        (0, "a", "debug", "2026-11-21 01:00:01.000001", "first"),
        (1, "b", "info", "2026-11-21 01:00:00", "of another run"),
    ] {
        rig.send(partition, Some(line(run, level, time, message).as_bytes()));
    }
    rig.sent();
    rig.until_end().await.unwrap();
    let mut lines = Lines::new(&rig.secret()).unwrap();
    let (mut wanted, mut seen) = (Wanted { runs: vec!["a".to_owned()], ..Wanted::default() }, Seen::default());
    let (new, _) = read(&mut lines, &wanted, &mut seen).await;
    assert_eq!(new, ["a debug first", "a warning second", "a info third"]);
    assert_eq!(read(&mut lines, &wanted, &mut seen).await.0, Vec::<String>::new());

    // A line that comes late, and a run that is known late.
    rig.send(1, Some(line("a", "error", "2026-11-21 00:00:00", "late").as_bytes()));
    rig.sent();
    rig.until_end().await.unwrap();
    wanted.runs.push("b".to_owned());
    assert_eq!(read(&mut lines, &wanted, &mut seen).await.0, ["a error late", "b info of another run"]);

    let bad = Wanted { level: Some(Level::Warn), ..wanted.clone() };
    let (new, _) = read(&mut lines, &bad, &mut Seen::default()).await;
    assert_eq!(new, ["a error late", "a warning second"]);
    let since = Some("2026-11-21T01:00:01.000002Z".parse().unwrap());
    let (new, _) = read(&mut lines, &Wanted { since, ..wanted }, &mut Seen::default()).await;
    assert_eq!(new, ["a warning second", "a info third"]);
}

/// Waits until no consumer or reader is connected: of a connection that was dropped, Postgres learns later.
async fn nobody_is_connected(rig: &Rig) {
    const LEFT: &str = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                        AND application_name = 'mainspring logs'";
    let mut ticks = tokio::time::interval(std::time::Duration::from_millis(20));
    let gone = async {
        while rig.number(LEFT).await > 0 {
            ticks.tick().await;
        }
    };
    tokio::time::timeout(crate::rig::PATIENCE, gone).await.expect("a connection is left");
}

/// Ends the reader's connection from outside, while it reads.
fn cut(url: &str) {
    const CUT: &str = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() \
                       AND application_name = 'mainspring logs'";
    let cutting = async {
        let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
        sqlx::query_scalar::<_, i64>(CUT).fetch_one(&mut connection).await.unwrap()
    };
    let run = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(cutting);
    assert_eq!(std::thread::scope(|scope| scope.spawn(run).join()).unwrap(), 1);
}

#[tokio::test]
async fn a_connection_that_is_lost_in_the_middle_of_a_look_or_at_its_end_doubles_no_line() {
    const LINES: usize = 2000;
    let rig = Rig::new("lost", 2).await;
    // More than a network holds, so that most is still to come when the first are read. All of one microsecond.
    let pad = "x".repeat(8192);
    for number in 0..LINES {
        let text = line("run", "info", "2026-11-21 01:02:03.000004", &format!("{number} {pad}"));
        rig.send(i32::try_from(number % 2).unwrap(), Some(text.as_bytes()));
    }
    rig.sent();
    rig.until_end().await.unwrap();
    let mut lines = Lines::new(&rig.secret()).unwrap();
    let (wanted, mut seen) = (Wanted { runs: vec!["run".to_owned()], ..Wanted::default() }, Seen::default());
    let mut got = Vec::new();
    let mut ends = Vec::new();
    for _ in 0..3 {
        nobody_is_connected(&rig).await;
        let read = lines.read(&wanted, &mut seen, |line| {
            got.push(line.message.split_once(' ').unwrap().0.parse::<usize>().unwrap());
            if got.len() == 10 || got.len() == LINES {
                cut(&rig.url);
            }
            Ok::<_, LogEntriesError>(())
        });
        ends.push(read.await.map_or_else(|error| error.may_pass(), |reached| reached.at.is_none()));
    }
    // Lost, which may pass; lost when all was read, which nobody has to know; nothing new.
    assert_eq!((got.len(), ends), (LINES, vec![true, false, false]));
    got.sort_unstable();
    assert_eq!(got, (0..LINES).collect::<Vec<_>>());
}

#[tokio::test]
async fn how_far_the_table_is_moves_on_while_a_consumer_runs_and_stands_when_none_does() {
    let rig = Rig::new("reached", 2).await;
    let mut consumer = rig.start();
    consumer.news("reading 2").await;
    let mut lines = Lines::new(&rig.secret()).unwrap();
    let (wanted, mut seen) = (Wanted { runs: vec!["run".to_owned()], ..Wanted::default() }, Seen::default());
    rig.lines("run", 0..10, 2);
    let (_, now) = read(&mut lines, &wanted, &mut Seen::default()).await;
    // From then on all ten are in the table.
    let mut ticks = tokio::time::interval(std::time::Duration::from_millis(50));
    let reached = async {
        let mut count = 0;
        loop {
            ticks.tick().await;
            let (new, reached) = read(&mut lines, &wanted, &mut seen).await;
            count += new.len();
            if reached.at.is_some_and(|at| at >= now.now) {
                return (count, reached);
            }
        }
    };
    let (count, last) = tokio::time::timeout(crate::rig::PATIENCE, reached).await.unwrap();
    assert_eq!(count, 10);
    assert!(last.at.unwrap() <= last.now);
    consumer.stop().await;
    let (_, stopped) = read(&mut lines, &wanted, &mut seen).await;
    let (_, later) = read(&mut lines, &wanted, &mut seen).await;
    assert_eq!(stopped.at, later.at);
}

#[tokio::test]
async fn without_tables_it_is_said_who_makes_them() {
    let rig = Rig::new("none", 1).await;
    let mut lines = Lines::new(&rig.secret()).unwrap();
    let (wanted, mut seen) = (Wanted::default(), Seen::default());
    let read = lines.read(&wanted, &mut seen, |_| Ok::<_, LogEntriesError>(()));
    assert_eq!(
        read.await.unwrap_err().to_string(),
        "there is no table log_entries in the database: `mainspring logs consume` makes it, and `mainspring logs schema` prints it"
    );
}
