//! Lines that workers produced: from Kafka's topic into a table of Postgres, each once, and a run's lines out of it.
//!
//! [`Consumer`] writes the topic into `log_entries`; [`Lines`] reads a run's lines there. The tables are
//! [`POSTGRES_SCHEMA`]; [`CLICKHOUSE_SCHEMA`] is the same table for those who have ClickHouse read the topic.

mod consume;
mod copy;
mod database;
mod error;
mod kafka;
mod level;
mod lines;
mod record;
mod settings;

pub use consume::{Consumer, News, Tally};
pub use error::LogEntriesError;
pub use kafka::Topic;
pub use level::Level;
pub use lines::{Line, Lines, Reached, Seen, Wanted};
pub use settings::LogReaderSettings;

/// The tables `log_entries`, `log_entries_rejects` and `log_entries_offsets` of Postgres, which [`Consumer`] makes when they
/// are not there.
pub const POSTGRES_SCHEMA: &str = include_str!("schema/postgres.sql");

/// The table `log_entries` of ClickHouse, which reads the topic by itself.
pub const CLICKHOUSE_SCHEMA: &str = include_str!("schema/clickhouse.sql");
