//! `logs …`: the lines that workers produced, into a table and out of it.

mod consume;
mod lines;
mod runs;
mod tail;

use mainspring_log_entries::{CLICKHOUSE_SCHEMA, LogEntriesError, LogReaderSettings, POSTGRES_SCHEMA};
use mainspring_settings::{Secret, Sources};

use crate::arguments::logs::{DatabaseArguments, LogsVerb};
use crate::exit::Failure;
use crate::{block_on, print};

pub(crate) fn run(verb: &LogsVerb, sources: &Sources) -> Result<(), Failure> {
    match verb {
        LogsVerb::Consume(arguments) => block_on(consume::run(arguments, sources)),
        LogsVerb::Tail(arguments) => block_on(tail::run(arguments, sources)),
        LogsVerb::Schema { clickhouse } => {
            print(if *clickhouse { CLICKHOUSE_SCHEMA } else { POSTGRES_SCHEMA }.trim_end())
        }
    }
}

/// Where the table is. It may read stdin.
fn database(arguments: &DatabaseArguments, sources: &Sources) -> Result<Secret, Failure> {
    let settings: LogReaderSettings = mainspring_settings::load(&arguments.over(sources))?;
    Ok(settings.database()?)
}

impl From<LogEntriesError> for Failure {
    fn from(error: LogEntriesError) -> Self {
        let text = error.to_string();
        match error {
            LogEntriesError::NoDatabase
            | LogEntriesError::UrlFile { .. }
            | LogEntriesError::BadUrl
            | LogEntriesError::BadKafka { .. }
            | LogEntriesError::OtherTopic { .. }
            | LogEntriesError::NoTable { .. } => Self::Config(text),
            LogEntriesError::NoTopic { .. } => Self::NotFound(text),
            LogEntriesError::Postgres { .. } | LogEntriesError::PostgresSlow { .. } | LogEntriesError::Kafka { .. } => {
                Self::Unavailable(text)
            }
            _ => Self::Other(text),
        }
    }
}
