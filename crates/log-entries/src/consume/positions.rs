//! Where each partition is read on: the rows of `log_entries_offsets`.

use std::collections::BTreeMap;
use std::time::Instant;

use sqlx::PgConnection;

use crate::LogEntriesError;
use crate::database::failed;
use crate::kafka::Bounds;

const READ: &str = "read log_entries_offsets";
const WRITE: &str = "write log_entries_offsets";

/// Of one partition.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Position {
    /// What the table says.
    pub(crate) stored: i64,
    /// Behind what is in hand.
    pub(crate) next: i64,
    /// Where Kafka said that the partition ends, and when it was asked. It stays until the table says that it is reached.
    pub(crate) end: Option<(i64, Instant)>,
    /// The same, as it was said last.
    pub(crate) last_end: i64,
    /// The question whose end was written.
    pub(crate) reached: Option<Instant>,
}

impl Position {
    /// What Kafka said just now.
    pub(crate) fn note(&mut self, end: i64, asked: Instant) {
        self.last_end = end;
        if self.end.is_none_or(|(_, asked)| self.reached == Some(asked)) {
            self.end = Some((end, asked));
        }
    }

    /// All that Kafka had at that time is in hand, and the table does not say so yet.
    pub(crate) fn news(&self) -> Option<Instant> {
        let (end, asked) = self.end?;
        (self.next >= end && self.reached != Some(asked)).then_some(asked)
    }
}

pub(crate) type Positions = BTreeMap<i32, Position>;

/// Partitions of which records were gone before they were read: the first that is gone, and the first that is there.
pub(crate) type Gaps = Vec<(i32, i64, i64)>;

/// The stored positions, with a row for each partition that had none: it begins where Kafka's does.
pub(crate) async fn load(
    connection: &mut PgConnection,
    topic: &str,
    bounds: &BTreeMap<i32, Bounds>,
) -> Result<Positions, LogEntriesError> {
    let held: Option<String> = sqlx::query_scalar("SELECT topic FROM log_entries_offsets WHERE topic <> $1 LIMIT 1")
        .bind(topic)
        .fetch_optional(&mut *connection)
        .await
        .map_err(|error| failed(READ, error))?;
    if let Some(held) = held {
        return Err(LogEntriesError::OtherTopic { held, asked: topic.to_owned() });
    }
    let (partitions, begins): (Vec<i32>, Vec<i64>) = bounds.iter().map(|(one, bounds)| (*one, bounds.begin)).unzip();
    sqlx::query(
        "INSERT INTO log_entries_offsets (topic, kafka_partition, next_offset) \
         SELECT $1, p, b FROM unnest($2::int[], $3::bigint[]) AS new (p, b) ON CONFLICT DO NOTHING",
    )
    .bind(topic)
    .bind(&partitions)
    .bind(&begins)
    .execute(&mut *connection)
    .await
    .map_err(|error| failed(WRITE, error))?;
    let rows: Vec<(i32, i64)> =
        sqlx::query_as("SELECT kafka_partition, next_offset FROM log_entries_offsets WHERE topic = $1")
            .bind(topic)
            .fetch_all(&mut *connection)
            .await
            .map_err(|error| failed(READ, error))?;
    let mut positions = Positions::new();
    for (partition, stored) in rows {
        let Some(bounds) = bounds.get(&partition) else {
            // Partitions of a topic do not become fewer.
            return Err(LogEntriesError::Shorter { topic: topic.to_owned(), partition, end: 0, stored });
        };
        if stored > bounds.end {
            return Err(LogEntriesError::Shorter { topic: topic.to_owned(), partition, end: bounds.end, stored });
        }
        positions.insert(partition, Position { stored, next: stored, end: None, last_end: bounds.end, reached: None });
    }
    Ok(positions)
}

/// Passes over what is gone from Kafka, and keeps a row that says so.
pub(crate) async fn pass_gaps(
    connection: &mut PgConnection,
    topic: &str,
    positions: &mut Positions,
    bounds: &BTreeMap<i32, Bounds>,
) -> Result<Gaps, LogEntriesError> {
    let mut gaps = Gaps::new();
    for (partition, position) in positions.iter_mut() {
        let begin = bounds.get(partition).map_or(0, |bounds| bounds.begin);
        if position.stored >= begin {
            continue;
        }
        let (from, to) = (position.stored, begin);
        let reason = format!(
            "records {from} to {} were gone from Kafka before they were read: it keeps them for less time than no consumer ran",
            to - 1
        );
        let written = sqlx::query(
            "WITH moved AS (UPDATE log_entries_offsets SET next_offset = $4 \
             WHERE topic = $1 AND kafka_partition = $2 AND next_offset = $3 RETURNING 1) \
             INSERT INTO log_entries_rejects (kafka_partition, kafka_offset, reason) SELECT $2, $3, $5 FROM moved",
        )
        .bind(topic)
        .bind(partition)
        .bind(from)
        .bind(to)
        .bind(reason)
        .execute(&mut *connection)
        .await
        .map_err(|error| failed(WRITE, error))?;
        if written.rows_affected() != 1 {
            return Err(LogEntriesError::Overtaken { partition: *partition });
        }
        (position.stored, position.next) = (to, to);
        gaps.push((*partition, from, to));
    }
    Ok(gaps)
}

/// Moves those that changed from where we know them to be. Nobody else can meanwhile: the rows are locked.
pub(crate) async fn advance(
    connection: &mut PgConnection,
    topic: &str,
    positions: &Positions,
) -> Result<(), LogEntriesError> {
    let changed = positions.iter().filter(|(_, one)| one.next != one.stored || one.news().is_some());
    let (mut numbers, mut expected, mut next, mut ages) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (partition, position) in changed {
        numbers.push(*partition);
        expected.push(position.stored);
        next.push(position.next);
        let age = position.news().map(|asked| i64::try_from(asked.elapsed().as_micros()).unwrap_or(i64::MAX));
        ages.push(age);
    }
    let written = sqlx::query(
        "UPDATE log_entries_offsets AS o SET next_offset = n.next, \
         reached_at = COALESCE(clock_timestamp() - n.age * interval '1 microsecond', o.reached_at) \
         FROM unnest($2::int[], $3::bigint[], $4::bigint[], $5::bigint[]) AS n (p, expected, next, age) \
         WHERE o.topic = $1 AND o.kafka_partition = n.p AND o.next_offset = n.expected",
    )
    .bind(topic)
    .bind(&numbers)
    .bind(&expected)
    .bind(&next)
    .bind(&ages)
    .execute(&mut *connection)
    .await
    .map_err(|error| failed(WRITE, error))?;
    if written.rows_affected() == numbers.len() as u64 {
        Ok(())
    } else {
        Err(LogEntriesError::Overtaken { partition: numbers.first().copied().unwrap_or_default() })
    }
}
