//! What is in hand: rows for the tables, written in one transaction with the positions behind them.

use std::time::{Duration, Instant};

use rdkafka::Message;
use rdkafka::message::BorrowedMessage;
use sqlx::{Connection as _, PgConnection};

use super::Tally;
use super::positions::{Position, Positions, advance};
use crate::LogEntriesError;
use crate::copy::{COPY_LINES, COPY_REJECTS, Rows};
use crate::database::{failed, within};
use crate::record::Record;

/// A transaction has so much at most, of rows and of bytes.
const ROWS: u64 = 20_000;
const BYTES: usize = 8 * 1024 * 1024;
/// A transaction takes this long at most: then Postgres counts as away.
const COMMIT_LIMIT: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(crate) struct Batch {
    lines: Rows,
    rejects: Rows,
    /// When its first record came.
    since: Option<Instant>,
}

impl Batch {
    pub(crate) fn new() -> Self {
        Self { lines: Rows::new(), rejects: Rows::new(), since: None }
    }

    pub(crate) const fn since(&self) -> Option<Instant> {
        self.since
    }

    pub(crate) const fn is_full(&self) -> bool {
        self.lines.count() + self.rejects.count() >= ROWS || self.lines.len() + self.rejects.len() >= BYTES
    }

    /// Takes a record, unless it is one that its position has passed already.
    pub(crate) fn take(&mut self, message: &BorrowedMessage<'_>, position: &mut Position) {
        let (partition, offset) = (message.partition(), message.offset());
        if offset < position.next {
            return;
        }
        self.since.get_or_insert_with(Instant::now);
        match Record::of(message.payload()) {
            Ok(record) => self.lines.line(&record, partition, offset),
            Err(reason) => self.rejects.reject(partition, offset, &reason, message.payload()),
        }
        position.next = offset + 1;
    }

    /// Writes it. After an error what it held is read from Kafka again.
    pub(crate) async fn commit(
        &mut self,
        connection: &mut PgConnection,
        topic: &str,
        positions: &mut Positions,
    ) -> Result<Tally, LogEntriesError> {
        const WHAT: &str = "write lines";
        let tally = Tally { lines: self.lines.count(), rejects: self.rejects.count() };
        let writing = async {
            let mut transaction = connection.begin().await.map_err(|error| failed(WHAT, error))?;
            // First, for it locks the rows.
            advance(&mut transaction, topic, positions).await?;
            for (rows, statement) in [(&mut self.lines, COPY_LINES), (&mut self.rejects, COPY_REJECTS)] {
                if rows.count() > 0 {
                    let mut copy = transaction.copy_in_raw(statement).await.map_err(|error| failed(WHAT, error))?;
                    copy.send(rows.finished()).await.map_err(|error| failed(WHAT, error))?;
                    copy.finish().await.map_err(|error| failed(WHAT, error))?;
                }
            }
            transaction.commit().await.map_err(|error| failed(WHAT, error))
        };
        within(COMMIT_LIMIT, WHAT, writing).await?;
        self.lines.clear();
        self.rejects.clear();
        self.since = None;
        for position in positions.values_mut() {
            position.reached = position.news().or(position.reached);
            position.stored = position.next;
        }
        Ok(tally)
    }
}
