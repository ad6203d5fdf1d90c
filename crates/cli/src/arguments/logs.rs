//! The arguments of `logs …`.

use std::path::PathBuf;
use std::time::SystemTime;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::Offset;
use mainspring_log_entries::Level;
use mainspring_settings::Sources;

use super::Output;

#[derive(Debug, Subcommand)]
pub(crate) enum LogsVerb {
    /// Write the lines that workers produce to Kafka into a table of Postgres, each once
    #[command(
        after_help = "Example:\n  MAINSPRING_LOG_DATABASE_URL=postgres://logs:…@db/logs mainspring logs consume --brokers kafka:9092\n\n\
The tables (`mainspring logs schema`) are made if they are not there. A second consumer waits until the first has ended. While Kafka or \
Postgres is away it waits, and says so. A record that is no line goes to log_entries_rejects, with the reason. SIGTERM and \
Ctrl-C end it with exit code 0 when what is in hand is written, a second one at once.\n\nRename the three tables before the topic is \
deleted and made again. That it was is noticed only while it is shorter than what was read of it: one that grew past that while no \
consumer ran is read on from there, and its first lines are passed over.\n\nExit codes: 66 no such topic (--until-end), \
69 Postgres or Kafka refuses, 70 the topic was made anew, 78 a setting is missing or wrong."
    )]
    Consume(ConsumeArguments),
    /// Print the lines of a workflow, and follow them
    #[command(after_help = "Examples:\n  mainspring logs tail --workflow-id nightly-export --follow\n  \
mainspring logs tail --workflow-id nightly-export --level warn --since 2h -o json\n\nThe lines come from the table that `mainspring logs \
consume` writes, the run ids from Temporal: all runs of the workflow's chain, unless --run-id names one. With --follow it ends when \
the workflow has ended and the lines are all there: when the table has all that Kafka had --settle after \
the workflow's end. A worker that could not reach Kafka for longer delivers its last lines later.\n\nExit codes: 66 no such workflow, \
69 Temporal or Postgres cannot be reached, 78 a setting is missing or wrong, 130 Ctrl-C.")]
    Tail(TailArguments),
    /// Print the tables, as SQL
    #[command(
        after_help = "Examples:\n  mainspring logs schema | psql \"$MAINSPRING_LOG_DATABASE_URL\"\n  mainspring logs schema --clickhouse"
    )]
    Schema {
        /// For a ClickHouse that reads the topic by itself
        #[arg(long)]
        clickhouse: bool,
    },
}

#[derive(Args, Debug)]
pub(crate) struct DatabaseArguments {
    /// File that holds the database's URL, which is a secret; `-` reads it from stdin [setting: MAINSPRING_LOG_DATABASE_URL, or _URL_FILE]
    #[arg(long, value_name = "FILE")]
    database_url_file: Option<PathBuf>,
}

impl DatabaseArguments {
    /// The flag beats the environment, by which name ever the environment has it.
    pub(crate) fn over(&self, sources: &Sources) -> Sources {
        match &self.database_url_file {
            None => sources.clone(),
            Some(file) => {
                let sources = sources.clone().without(|name| name == "MAINSPRING_LOG_DATABASE_URL");
                let file = file.to_string_lossy().into_owned();
                sources.with_flag("MAINSPRING_LOG_DATABASE_URL_FILE", "--database-url-file", file)
            }
        }
    }
}

#[derive(Args, Debug)]
pub(crate) struct ConsumeArguments {
    /// Kafka's brokers, HOST:PORT,HOST:PORT [setting: MAINSPRING_LOG_KAFKA_BROKERS]
    #[arg(long)]
    pub(crate) brokers: Option<String>,
    /// The topic [setting: MAINSPRING_LOG_KAFKA_TOPIC]
    #[arg(long)]
    pub(crate) topic: Option<String>,
    #[command(flatten)]
    pub(crate) database: DatabaseArguments,
    /// End when all is written that the topic has now
    #[arg(long)]
    pub(crate) until_end: bool,
    /// How to print what was done, at the end
    #[arg(short, long, value_enum, default_value_t)]
    pub(crate) output: Output,
}

#[derive(Args, Debug)]
pub(crate) struct TailArguments {
    /// Id of the workflow
    #[arg(short, long)]
    pub(crate) workflow_id: String,
    /// Only this run of it
    #[arg(short, long)]
    pub(crate) run_id: Option<String>,
    #[command(flatten)]
    pub(crate) database: DatabaseArguments,
    /// Go on with new lines until the workflow has ended and its lines are all there
    #[arg(short, long)]
    pub(crate) follow: bool,
    /// With --follow: go on after its end, for a next run under the id
    #[arg(long, requires = "follow")]
    pub(crate) stay: bool,
    /// With --follow: how long after the workflow's end its workers may still deliver lines
    #[arg(long, value_name = "DURATION", value_parser = super::workflow::duration, default_value = "5s")]
    pub(crate) settle: std::time::Duration,
    /// This level and worse ones: trace, debug, info, warn, error
    #[arg(short, long)]
    pub(crate) level: Option<Level>,
    /// Lines since then: 10m, 2h, or a time as 2026-11-21T08:00:00Z
    #[arg(long, value_name = "WHEN", value_parser = since)]
    pub(crate) since: Option<Timestamp>,
    /// How to print; JSON is one object a line
    #[arg(short, long, value_enum, default_value_t)]
    pub(crate) output: Output,
}

/// So long ago, or a moment; without a zone it is UTC, as the lines are shown.
fn since(text: &str) -> Result<Timestamp, String> {
    let ago = humantime::parse_duration(text).ok().and_then(|ago| SystemTime::now().checked_sub(ago));
    let ago = ago.and_then(|time| Timestamp::try_from(time).ok());
    let civil = || text.parse::<DateTime>().or_else(|_| text.parse::<Date>().map(DateTime::from)).ok();
    let civil = || civil().and_then(|time| Offset::UTC.to_timestamp(time).ok());
    ago.or_else(|| text.parse().ok())
        .or_else(civil)
        .ok_or_else(|| "write how long ago, as 10m or 2h, or a time as 2026-11-21T08:00:00Z".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn since_is_an_age_or_a_moment_in_utc() {
        for text in ["2026-11-21T08:00:00Z", "2026-11-21 08:00", "2026-11-21T09:00:00+01:00"] {
            assert_eq!(since(text).unwrap().to_string(), "2026-11-21T08:00:00Z", "{text}");
        }
        assert_eq!(since("2026-11-21").unwrap().to_string(), "2026-11-21T00:00:00Z");
        let age = since("2h").unwrap().duration_until(Timestamp::now()).as_secs();
        assert!((7200..7260).contains(&age), "{age}");
        assert_eq!(
            since("yesterday").unwrap_err(),
            "write how long ago, as 10m or 2h, or a time as 2026-11-21T08:00:00Z"
        );
    }
}
