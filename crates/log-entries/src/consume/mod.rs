//! The topic into the tables, each record once. Where to read on stands in Postgres and changes in the transaction that
//! writes the lines. One consumer writes at a time: others wait for its lock. And should a lock be lost, a transaction that
//! finds another's offsets writes nothing.

mod batch;
mod positions;
mod session;

use std::ops::AddAssign;
use std::time::Duration;

use mainspring_settings::Secret;
use sqlx::postgres::PgConnectOptions;
use tokio::sync::watch;

use crate::kafka::Reading;
use crate::{LogEntriesError, Topic, database};

/// Between two attempts to find a server again: the first wait, and the longest.
const WAITS: [Duration; 2] = [Duration::from_millis(250), Duration::from_secs(10)];

/// Writes a topic into the tables.
#[derive(Debug)]
pub struct Consumer {
    topic: Topic,
    database: PgConnectOptions,
    until_end: bool,
}

/// What was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Lines written.
    pub lines: u64,
    /// Records that are no lines, set aside in `log_entries_rejects`.
    pub rejects: u64,
}

/// What happens meanwhile, for whoever watches.
#[derive(Debug)]
#[non_exhaustive]
pub enum News<'a> {
    /// Another consumer has the lock; this one waits.
    Standby,
    /// It reads.
    Reading {
        /// So many partitions.
        partitions: usize,
    },
    /// Committed.
    Wrote {
        /// Since the start.
        tally: Tally,
        /// Records that wait in Kafka, as far as is known.
        behind: u64,
    },
    /// Records were gone from Kafka before they were read.
    Lost {
        /// Of the partition.
        partition: i32,
        /// The first that is gone.
        from: i64,
        /// The first that is there.
        to: i64,
    },
    /// A server is away; it is tried again after that.
    Away {
        /// Why.
        error: &'a LogEntriesError,
        /// How long.
        wait: Duration,
    },
}

/// How a session ended without a fault.
enum Ended {
    Stopped,
    AtEnd,
}

impl Consumer {
    /// Of that topic, into that database.
    ///
    /// # Errors
    /// [`LogEntriesError::BadUrl`].
    pub fn new(topic: Topic, database: &Secret) -> Result<Self, LogEntriesError> {
        Ok(Self { topic, database: database::options(database)?, until_end: false })
    }

    /// Ends when all is written that the topic had at the start. A topic that is not there is an error then.
    #[must_use]
    pub const fn until_end(mut self) -> Self {
        self.until_end = true;
        self
    }

    /// Runs until `stop` is true, or is dropped, and writes what it has in hand before it ends. While Kafka or Postgres is away it waits.
    ///
    /// # Errors
    /// What does not pass by waiting: wrong settings, no right to write, another topic in the tables, a topic made anew.
    pub async fn run(
        &self,
        mut stop: watch::Receiver<bool>,
        mut tell: impl FnMut(News<'_>),
    ) -> Result<Tally, LogEntriesError> {
        let reading = Reading::new(&self.topic)?;
        let mut tally = Tally::default();
        let mut wait = WAITS[0];
        loop {
            let before = tally;
            let session = session::run(self, &reading, &mut stop, &mut tally, &mut tell);
            let error = match Box::pin(session).await {
                Ok(Ended::Stopped | Ended::AtEnd) => return Ok(tally),
                Err(error @ LogEntriesError::NoTopic { .. }) if self.until_end => return Err(error),
                Err(error) if error.may_pass() => error,
                Err(error) => return Err(error),
            };
            // Work that was done since is a sign that the next attempt may be at once.
            wait = if tally == before { wait } else { WAITS[0] };
            tell(News::Away { error: &error, wait });
            tokio::select! {
                biased;
                () = stopped(&mut stop) => return Ok(tally),
                () = tokio::time::sleep(wait) => {}
            }
            wait = (wait * 2).min(WAITS[1]);
        }
    }
}

/// Returns when it is to stop.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    // An error: nobody is left to say so.
    let _ = stop.wait_for(|stop| *stop).await;
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.lines += other.lines;
        self.rejects += other.rejects;
    }
}
