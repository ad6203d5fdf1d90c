//! What can be wrong with a history before any code sees it, and with a replay beside its outcome.

use std::path::PathBuf;

/// Why a history cannot be read, saved or replayed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// The file is not there, or not for us.
    #[error("{} cannot be read: {source}", file.display())]
    File {
        /// Which one.
        file: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A file's content is no history.
    #[error("{}: {source}", file.display())]
    In {
        /// Which one.
        file: PathBuf,
        /// What is wrong inside.
        source: Box<Self>,
    },
    /// Not JSON at all, or cut off.
    #[error("line {line}, column {column}: this is not JSON: {reason}")]
    NotJson {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// What was expected there.
        reason: String,
    },
    /// JSON, but nothing that holds events.
    #[error(
        "there are no events in it: a history is {{\"events\": […]}} or a list of events, as `temporal workflow show -o json` \
         prints it"
    )]
    NoEvents,
    /// An event has a field that does not fit.
    #[error("event {event}, field {field}: {reason}")]
    Field {
        /// The event's id, or its place in the list where it has none.
        event: String,
        /// The path to it inside of the event.
        field: String,
        /// What is wrong, and what would be right.
        reason: String,
    },
    /// Events, but none that a worker could be given.
    #[error("this history cannot be replayed: {reason}")]
    Incomplete {
        /// What is missing.
        reason: String,
    },
    /// The history could not be written as proto3 JSON.
    #[error("the history cannot be written as JSON: {reason}")]
    Unwritable {
        /// What the writer said.
        reason: String,
    },
    /// A payload could not be decoded before it is saved.
    #[error("a payload cannot be decoded, so the history would not replay without its key: {reason}")]
    Decode {
        /// What the codec said.
        reason: String,
    },
    /// Temporal did not give what was asked for.
    #[error("{what}: {reason}")]
    Server {
        /// What was asked for.
        what: String,
        /// What it said, or the network.
        reason: String,
    },
    /// It is larger than what was to be downloaded.
    #[error(
        "the history of workflow {workflow_id} run {run_id} has more than {most_bytes} bytes, and was not downloaded to its end"
    )]
    TooLarge {
        /// The workflow.
        workflow_id: String,
        /// The run.
        run_id: String,
        /// What was allowed.
        most_bytes: u64,
    },
    /// An earlier replay on the same code holds a thread for good.
    #[error(
        "this history was not replayed: an earlier one on this code blocks or spins, and holds its thread until the process \
         ends; mend that first"
    )]
    Stuck,
    /// The SDK's replay worker did not start, or did not come to an end.
    #[error("the SDK's replayer failed, so nothing is known of this history: {reason}")]
    Replayer {
        /// What it said.
        reason: String,
    },
}
