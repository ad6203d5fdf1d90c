//! A run's lines out of the table, and how far the table is behind Kafka.

use std::collections::BTreeMap;

use futures::TryStreamExt as _;
use jiff::Timestamp;
use mainspring_settings::Secret;
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection as _, PgConnection};

use crate::database::{connect, failed, missing, options};
use crate::{Level, LogEntriesError};

const READ: &str = "read log_entries";

/// In order of time; what came from different processes in the same microsecond, in the order in which Kafka has it. Only what
/// lies between two known states of a partition: no line is read twice, and none is passed over. A look that broke off goes on
/// behind its last line.
const QUERY: &str = r#"
SELECT e.team_id, e.log_source, e.log_source_id, e.instance_id,
       round(extract(epoch FROM e."timestamp") * 1000000)::bigint AS micros, e.level, e.message,
       e.kafka_partition, e.kafka_offset
FROM unnest($1::text[], $2::int[], $3::bigint[], $4::bigint[]) AS w (run, partition, begin_at, end_at)
JOIN log_entries AS e ON e.instance_id = w.run AND e.kafka_partition = w.partition
     AND e.kafka_offset >= w.begin_at AND e.kafka_offset < w.end_at
WHERE ($5::text[] IS NULL OR e.level = ANY ($5))
  AND ($6::bigint IS NULL OR e."timestamp" >= to_timestamp(0) + $6 * interval '1 microsecond')
  AND ($7::bigint IS NULL OR (round(extract(epoch FROM e."timestamp") * 1000000)::bigint, e.kafka_partition, e.kafka_offset)
       > ($7, $8::int, $9::bigint))
ORDER BY e."timestamp", e.kafka_partition, e.kafka_offset"#;

/// A line of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Line {
    /// The team.
    pub team_id: i64,
    /// What kind of thing it is about.
    pub log_source: String,
    /// Which of these things.
    pub log_source_id: String,
    /// The run id of the workflow.
    pub instance_id: String,
    /// When it was written, in the process that did.
    pub timestamp: Timestamp,
    /// As its producer writes it.
    pub level: String,
    /// What it says.
    pub message: String,
}

/// In the order of the query's columns.
type Row = (i64, String, String, String, i64, String, String, i32, i64);

/// Which lines are asked for.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Run ids of workflows.
    pub runs: Vec<String>,
    /// That level and worse ones; all if none is given.
    pub level: Option<Level>,
    /// Not before that time.
    pub since: Option<Timestamp>,
}

/// What has been read of each run: a state that [`Lines::read`] goes on from.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Of each partition, where the looks so far end, the one that is begun among them.
    ends: BTreeMap<String, BTreeMap<i32, i64>>,
    begun: Option<Look>,
}

/// What lies between two states: of a run, in a partition, from there, to there.
#[derive(Clone, Debug, Default)]
struct Look {
    runs: Vec<String>,
    partitions: Vec<i32>,
    begins: Vec<i64>,
    ends: Vec<i64>,
    /// Microseconds, partition and offset of the last line that was given.
    last: Option<(i64, i32, i64)>,
}

/// How far the table is behind Kafka.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reached {
    /// All that Kafka had at this time, by the database's clock, is in the table. None before a consumer has reached the end of every
    /// partition once.
    pub at: Option<Timestamp>,
    /// The database's clock.
    pub now: Timestamp,
}

/// Reads lines. A connection that is lost is opened again at the next call.
#[derive(Debug)]
pub struct Lines {
    options: PgConnectOptions,
    connection: Option<PgConnection>,
}

impl Lines {
    /// Of that database. It is not asked yet.
    ///
    /// # Errors
    /// [`LogEntriesError::BadUrl`].
    pub fn new(database: &Secret) -> Result<Self, LogEntriesError> {
        Ok(Self { options: options(database)?, connection: None })
    }

    /// Gives `each` the lines that are new since `seen`, in order of time, and tells how far the table is. A line that comes late,
    /// for another partition of the topic was slower, comes in a later call, with its own time. After an error the next call goes on
    /// behind the last line that `each` took.
    ///
    /// # Errors
    /// Those of `each`, of Postgres ([`LogEntriesError::may_pass`] tells whether calling again makes sense), and
    /// [`LogEntriesError::NoTable`].
    pub async fn read<E: From<LogEntriesError>>(
        &mut self,
        wanted: &Wanted,
        seen: &mut Seen,
        each: impl FnMut(Line) -> Result<(), E>,
    ) -> Result<Reached, E> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.open().await?,
        };
        let (reached, is_sound) = read(&mut connection, wanted, seen, each).await?;
        self.connection = is_sound.then_some(connection);
        Ok(reached)
    }

    async fn open(&self) -> Result<PgConnection, LogEntriesError> {
        let mut connection = connect(&self.options).await?;
        match missing(&mut connection).await?.first() {
            Some(table) => Err(LogEntriesError::NoTable { table }),
            None => Ok(connection),
        }
    }
}

/// How far the table is, and whether the connection is of more use.
async fn read<E: From<LogEntriesError>>(
    connection: &mut PgConnection,
    wanted: &Wanted,
    seen: &mut Seen,
    mut each: impl FnMut(Line) -> Result<(), E>,
) -> Result<(Reached, bool), E> {
    let said = |error| E::from(failed(READ, error));
    let mut transaction = connection.begin().await.map_err(said)?;
    // Positions and lines of one moment.
    let one_moment = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY";
    sqlx::query(one_moment).execute(&mut *transaction).await.map_err(said)?;
    let positions: Vec<(i32, i64, Option<i64>, i64)> = sqlx::query_as(
        "SELECT kafka_partition, next_offset, round(extract(epoch FROM reached_at) * 1000000)::bigint, \
         round(extract(epoch FROM clock_timestamp()) * 1000000)::bigint FROM log_entries_offsets",
    )
    .fetch_all(&mut *transaction)
    .await
    .map_err(said)?;
    finish(&mut transaction, wanted, &mut seen.begun, &mut each).await?;
    let ends: Vec<(i32, i64)> = positions.iter().map(|(partition, end, ..)| (*partition, *end)).collect();
    seen.begin(&wanted.runs, &ends);
    finish(&mut transaction, wanted, &mut seen.begun, &mut each).await?;
    // Nothing was written, so nothing is lost with it.
    let is_sound = transaction.commit().await.is_ok();
    let at = positions.iter().map(|(.., reached, _)| *reached).min().flatten();
    let now = positions.first().map_or_else(Timestamp::now, |(.., now)| time(*now));
    Ok((Reached { at: at.map(time), now }, is_sound))
}

/// Gives the lines of the look that is begun, if one is. It stays begun until all are given.
async fn finish<E: From<LogEntriesError>>(
    connection: &mut PgConnection,
    wanted: &Wanted,
    begun: &mut Option<Look>,
    each: &mut impl FnMut(Line) -> Result<(), E>,
) -> Result<(), E> {
    let Some(Look { runs, partitions, begins, ends, last }) = begun else { return Ok(()) };
    let (micros, partition, offset) = last.map_or((None, None, None), |(a, b, c)| (Some(a), Some(b), Some(c)));
    let mut rows = sqlx::query_as::<_, Row>(QUERY)
        .bind(&*runs)
        .bind(&*partitions)
        .bind(&*begins)
        .bind(&*ends)
        .bind(wanted.level.map(Level::and_worse))
        .bind(wanted.since.map(|since| since.as_microsecond()))
        .bind(micros)
        .bind(partition)
        .bind(offset)
        .fetch(connection);
    while let Some(row) = rows.try_next().await.map_err(|error| E::from(failed(READ, error)))? {
        let (.., micros, _, _, partition, offset) = row;
        each(row.into())?;
        *last = Some((micros, partition, offset));
    }
    drop(rows);
    *begun = None;
    Ok(())
}

impl Seen {
    /// Begins a look at what is new, if anything can be.
    fn begin(&mut self, wanted: &[String], positions: &[(i32, i64)]) {
        let mut look = Look::default();
        for run in wanted {
            let of_run = self.ends.entry(run.clone()).or_default();
            for &(partition, end) in positions {
                let begin = of_run.insert(partition, end).unwrap_or(0);
                if begin < end {
                    look.runs.push(run.clone());
                    look.partitions.push(partition);
                    look.begins.push(begin);
                    look.ends.push(end);
                }
            }
        }
        self.begun = (!look.runs.is_empty()).then_some(look);
    }
}

impl From<Row> for Line {
    fn from(row: Row) -> Self {
        let (team_id, log_source, log_source_id, instance_id, micros, level, message, ..) = row;
        Self { team_id, log_source, log_source_id, instance_id, timestamp: time(micros), level, message }
    }
}

/// Postgres has years that jiff has not: they stand at its ends.
fn time(micros: i64) -> Timestamp {
    let end = if micros < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_microsecond(micros).unwrap_or(end)
}
