//! From a connection to its loss: the lock, the positions, and records into transactions.

use std::collections::BTreeMap;
use std::pin::pin;
use std::time::{Duration, Instant};

use futures::future::{Fuse, FusedFuture as _};
use futures::{FutureExt as _, StreamExt as _};
use rdkafka::Message as _;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::BorrowedMessage;
use sqlx::PgConnection;
use tokio::sync::watch;

use super::batch::Batch;
use super::positions::{self, Positions};
use super::{Consumer, Ended, News, Tally, stopped};
use crate::LogEntriesError;
use crate::database::{connect, failed, make_tables};
use crate::kafka::Reading;

/// A record waits this long for others.
const LINGER: Duration = Duration::from_millis(250);
/// How often Kafka is asked where its partitions end, and another consumer's lock is tried.
const LOOK: Duration = Duration::from_secs(1);
/// Every so many looks, whether the topic has more partitions.
const LOOKS_FOR_PARTITIONS: u32 = 10;
/// A Kafka that has just started may tell too low an end, for a moment.
const LOOKS_AT_A_SHORT_TOPIC: u32 = 5;

pub(super) async fn run(
    consumer: &Consumer,
    reading: &Reading,
    stop: &mut watch::Receiver<bool>,
    tally: &mut Tally,
    tell: &mut impl FnMut(News<'_>),
) -> Result<Ended, LogEntriesError> {
    let topic = consumer.topic.name();
    let opening = open(consumer, reading, tell);
    let (mut connection, mut positions) = tokio::select! {
        biased;
        () = stopped(stop) => return Ok(Ended::Stopped),
        opened = opening => opened?,
    };
    reading.assign(positions.iter().map(|(partition, position)| (*partition, position.next)))?;
    tell(News::Reading { partitions: positions.len() });

    let mut batch = Batch::new();
    let mut records = reading.consumer.stream();
    let mut clock = tokio::time::interval(LOOK);
    clock.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut looks = 0;
    // What Kafka is asked meanwhile.
    let mut look = pin!(Fuse::terminated());
    let mut goal: Option<Vec<(i32, i64)>> = None;
    let mut troubled = false;
    loop {
        let linger = batch.since().map(|since| tokio::time::Instant::from_std(since + LINGER));
        let mut due = false;
        tokio::select! {
            biased;
            () = stopped(stop) => {
                *tally += batch.commit(&mut connection, topic, &mut positions).await?;
                tell(News::Wrote { tally: *tally, behind: behind(&positions) });
                return Ok(Ended::Stopped);
            }
            () = tokio::time::sleep_until(linger.unwrap_or_else(tokio::time::Instant::now)), if linger.is_some() => due = true,
            seen = &mut look => {
                let seen: Result<Look, LogEntriesError> = seen;
                match seen {
                    Ok(seen) => {
                        troubled = false;
                        goal.get_or_insert_with(|| seen.ends.iter().map(|(one, end)| (*one, *end)).collect());
                        due = seen.noted(&mut positions)?;
                    }
                    // Records that come show that it is there; one that is away is said once.
                    Err(error) if !troubled => {
                        troubled = true;
                        tell(News::Away { error: &error, wait: LOOK });
                    }
                    Err(_) => {}
                }
            }
            _ = clock.tick() => {
                if look.is_terminated() {
                    look.set(Look::at(reading.clone(), positions.keys().copied().collect(), looks % LOOKS_FOR_PARTITIONS == 0).fuse());
                    looks += 1;
                }
            }
            record = records.next() => take(record, &mut batch, &mut positions)?,
        }
        while !batch.is_full()
            && let Some(record) = records.next().now_or_never()
        {
            take(record, &mut batch, &mut positions)?;
        }
        if due || batch.is_full() {
            *tally += batch.commit(&mut connection, topic, &mut positions).await?;
            tell(News::Wrote { tally: *tally, behind: behind(&positions) });
        }
        let is_there = |(partition, end): &(i32, i64)| positions.get(partition).is_some_and(|one| one.stored >= *end);
        if consumer.until_end && goal.as_ref().is_some_and(|goal| goal.iter().all(is_there)) {
            return Ok(Ended::AtEnd);
        }
    }
}

/// A connection with the lock and the tables, and where to read on.
async fn open(
    consumer: &Consumer,
    reading: &Reading,
    tell: &mut impl FnMut(News<'_>),
) -> Result<(PgConnection, Positions), LogEntriesError> {
    let topic = consumer.topic.name();
    let mut connection = connect(&consumer.database).await?;
    lock(&mut connection, tell).await?;
    make_tables(&mut connection).await?;
    let mut looks = 0;
    loop {
        let bounds = reading.bounds(reading.partitions().await?).await?;
        match positions::load(&mut connection, topic, &bounds).await {
            Ok(mut positions) => {
                let gaps = positions::pass_gaps(&mut connection, topic, &mut positions, &bounds).await?;
                for (partition, from, to) in gaps {
                    tell(News::Lost { partition, from, to });
                }
                return Ok((connection, positions));
            }
            Err(LogEntriesError::Shorter { .. }) if looks < LOOKS_AT_A_SHORT_TOPIC => {
                looks += 1;
                tokio::time::sleep(LOOK).await;
            }
            Err(error) => return Err(error),
        }
    }
}

/// One consumer writes these tables at a time. The connection holds the lock; with it the lock goes.
async fn lock(connection: &mut PgConnection, tell: &mut impl FnMut(News<'_>)) -> Result<(), LogEntriesError> {
    let mut told = false;
    loop {
        let taken: bool = sqlx::query_scalar(
            "SELECT pg_try_advisory_lock(hashtextextended('log_entries of ' || current_schema(), 0))",
        )
        .fetch_one(&mut *connection)
        .await
        .map_err(|error| failed("be asked for the lock", error))?;
        if taken {
            return Ok(());
        }
        if !told {
            tell(News::Standby);
            told = true;
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn take(
    record: Option<Result<BorrowedMessage<'_>, KafkaError>>,
    batch: &mut Batch,
    positions: &mut Positions,
) -> Result<(), LogEntriesError> {
    match record {
        Some(Ok(message)) => {
            if let Some(position) = positions.get_mut(&message.partition()) {
                batch.take(&message, position);
            }
            Ok(())
        }
        Some(Err(error)) => match error.rdkafka_error_code() {
            Some(code @ (RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange)) => {
                Err(LogEntriesError::Changed { reason: format!("an offset that was to be read is not there ({code})") })
            }
            // It connects again by itself; the next look tells whether somebody is there.
            _ => Ok(()),
        },
        None => Ok(()),
    }
}

/// Records that wait, as far as Kafka has told.
fn behind(positions: &Positions) -> u64 {
    positions.values().filter_map(|one| u64::try_from(one.last_end - one.next).ok()).sum()
}

/// What Kafka told of the topic.
struct Look {
    asked: Instant,
    ends: BTreeMap<i32, i64>,
    partitions: Option<Vec<i32>>,
}

impl Look {
    async fn at(reading: Reading, known: Vec<i32>, all: bool) -> Result<Self, LogEntriesError> {
        let partitions = if all { Some(reading.partitions().await?) } else { None };
        let asked = Instant::now();
        Ok(Self { asked, ends: reading.ends(known).await?, partitions })
    }

    /// Whether there is something to write.
    fn noted(self, positions: &mut Positions) -> Result<bool, LogEntriesError> {
        if let Some(all) = self.partitions
            && let Some(new) = all.iter().find(|one| !positions.contains_key(one))
        {
            return Err(LogEntriesError::Changed { reason: format!("it has a partition {new} now") });
        }
        for (partition, end) in self.ends {
            if let Some(position) = positions.get_mut(&partition) {
                position.note(end, self.asked);
            }
        }
        Ok(positions.values().any(|position| position.news().is_some()))
    }
}
