//! What can go wrong between Kafka, Postgres and a terminal.

use std::error::Error;
use std::path::PathBuf;

type BoxError = Box<dyn Error + Send + Sync>;

/// Why lines were not written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogEntriesError {
    /// Nobody said where the table is.
    #[error(
        "no database is given: set MAINSPRING_LOG_DATABASE_URL, or name a file that holds the URL by --database-url-file or MAINSPRING_LOG_DATABASE_URL_FILE; `-` reads it from stdin"
    )]
    NoDatabase,
    /// The file of the URL.
    #[error("the database's URL could not be read from {}: {source}", path.display())]
    UrlFile {
        /// As given.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The URL is not shown: it may have a password in it.
    #[error("the database's URL is not one of Postgres: write postgres://USER:PASSWORD@HOST:5432/DATABASE")]
    BadUrl,
    /// Postgres refused, or cannot be reached.
    #[error("Postgres could not {what}: {source}")]
    Postgres {
        /// What was tried.
        what: &'static str,
        /// What sqlx said.
        source: BoxError,
        /// Whether it may go by itself.
        passing: bool,
    },
    /// It took longer than it may.
    #[error("Postgres did not {what} within {seconds} s")]
    PostgresSlow {
        /// What was tried.
        what: &'static str,
        /// How long it had.
        seconds: u64,
    },
    /// The tables are not there.
    #[error(
        "there is no table {table} in the database: `mainspring logs consume` makes it, and `mainspring logs schema` prints it"
    )]
    NoTable {
        /// The first that is not there.
        table: &'static str,
    },
    /// A setting of Kafka's client that it does not take.
    #[error("Kafka's client does not take its settings: {reason}")]
    BadKafka {
        /// What librdkafka said.
        reason: String,
    },
    /// Kafka cannot be reached, or refuses.
    #[error("Kafka could not {what}: {reason}")]
    Kafka {
        /// What was tried.
        what: &'static str,
        /// What librdkafka said.
        reason: String,
    },
    /// There is no such topic, yet.
    #[error("Kafka has no topic {topic}: the first line that a worker produces makes it, or your administrator does")]
    NoTopic {
        /// As asked for.
        topic: String,
    },
    /// The tables hold another topic.
    #[error(
        "the tables hold topic {held}, and {asked} was asked for: partitions and offsets of two topics would mix. Give {asked} a schema of its own: CREATE SCHEMA it, and append ?options[search_path]=SCHEMA to the database's URL"
    )]
    OtherTopic {
        /// Whose offsets are there.
        held: String,
        /// As asked for.
        asked: String,
    },
    /// The topic is shorter than what was read of it.
    #[error(
        "partition {partition} of topic {topic} ends at offset {end}, and {stored} of it were read: the topic was deleted and made again, or Kafka lost its end. If it was made again, rename the tables (ALTER TABLE log_entries RENAME TO …, log_entries_rejects and log_entries_offsets too) and start again"
    )]
    Shorter {
        /// Of the topic.
        topic: String,
        /// Its number.
        partition: i32,
        /// Where it ends.
        end: i64,
        /// What the tables say.
        stored: i64,
    },
    /// Another process wrote the same partition: what this one had in hand was not written.
    #[error(
        "another consumer has written partition {partition}; what was in hand here is dropped, and read again from where that one is"
    )]
    Overtaken {
        /// Its number, or the first of those.
        partition: i32,
    },
    /// What is known of the topic is no longer true.
    #[error("the topic has changed: {reason}")]
    Changed {
        /// What has.
        reason: String,
    },
}

impl LogEntriesError {
    /// Whether waiting may help.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Postgres { passing, .. } => *passing,
            Self::PostgresSlow { .. }
            | Self::Kafka { .. }
            | Self::NoTopic { .. }
            | Self::Overtaken { .. }
            | Self::Changed { .. } => true,
            _ => false,
        }
    }
}
