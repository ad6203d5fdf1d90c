//! The workflow `process-large-dataset`: what it is given, what it gives, and how it fails.

use std::ops::RangeInclusive;

use mainspring_vocabulary::{Contract, Failure};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use temporalio_common::WorkflowDefinition;

use crate::TASK_QUEUE;

/// How many rows a batch has, and so a file of the output; the last one may have fewer.
pub const BATCH_ROWS: u64 = 10_000;

/// What [`ProcessLargeDatasetInput::heartbeat_timeout_seconds`] may be.
pub const HEARTBEAT_TIMEOUT_SECONDS: RangeInclusive<u32> = 1..=600;

/// The workflow `process-large-dataset`: turns the rows of Parquet files into JSON lines, and loses at most a batch of
/// work when its worker dies. It fails with a [`DatasetError`].
#[derive(Clone, Copy, Debug, Default)]
pub struct ProcessLargeDataset;

impl WorkflowDefinition for ProcessLargeDataset {
    type Input = ProcessLargeDatasetInput;
    type Output = ProcessLargeDatasetResult;

    fn name(&self) -> &'static str {
        "process-large-dataset"
    }
}

impl Contract for ProcessLargeDataset {
    const TASK_QUEUE: &'static str = TASK_QUEUE;
}

/// What `process-large-dataset` is given. A location is `s3://bucket/key-or-prefix`, or an absolute path on the worker's
/// machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProcessLargeDatasetInput {
    /// A Parquet file, or a folder: then each `*.parquet` right in it, by name. Each has a column `id` (Int64) and a column
    /// `payload` (text: a JSON object). It must stand still while a run reads it.
    pub source: String,
    /// A folder, of this run alone: each batch of 10,000 rows becomes `part-<offset>.jsonl` in it, a line for each good row,
    /// `{"id":1,"payload":{…}}`. Parts that are not this run's are removed at its end.
    pub output: String,
    /// How soon a dead worker is missed, in seconds; 30 by default.
    #[serde(default = "default_heartbeat_timeout_seconds")]
    #[schemars(range(min = 1, max = 600))]
    pub heartbeat_timeout_seconds: u32,
}

pub(crate) const fn default_heartbeat_timeout_seconds() -> u32 {
    30
}

impl ProcessLargeDatasetInput {
    /// From there to there, with the defaults for the rest.
    pub fn new(source: impl Into<String>, output: impl Into<String>) -> Self {
        Self {
            source: source.into(),
            output: output.into(),
            heartbeat_timeout_seconds: default_heartbeat_timeout_seconds(),
        }
    }
}

/// What became of the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProcessLargeDatasetResult {
    /// Rows that are in the output.
    pub processed: u64,
    /// Rows that are not: without an id, without a payload, or with one that is no JSON object.
    pub errors: u64,
    /// All rows of the source.
    pub total: u64,
}

/// Why a dataset was not processed.
#[derive(Debug, Failure)]
pub enum DatasetError {
    /// The input breaks a rule.
    #[failure(terminal, message = "the input's {field} is {value:?}, and is to be {right}: nothing was done")]
    InvalidInput {
        /// Which field.
        field: &'static str,
        /// What it is.
        value: String,
        /// What would be right.
        right: &'static str,
    },
    /// The source is not there, or has no Parquet file.
    #[failure(terminal, message = "there is nothing to read: {reason}")]
    NothingToRead {
        /// Where nothing was found, and what was looked for.
        reason: String,
    },
    /// A file of the source is no Parquet, or lacks a column.
    #[failure(terminal, message = "{file} cannot be processed: {reason}")]
    UnusableFile {
        /// Its path or address.
        file: String,
        /// What is wrong, and what would be right.
        reason: String,
    },
    /// The worker may not, or cannot, do that there.
    #[failure(terminal, message = "{place} could not be {done}: {reason}")]
    Refused {
        /// A path or address.
        place: String,
        /// What was tried.
        done: &'static str,
        /// Who said no, and what would be right.
        reason: String,
    },
    /// A storage that may work again later.
    #[failure(retryable, message = "{place} could not be {done} now: {reason}")]
    Unavailable {
        /// A path or address.
        place: String,
        /// What was tried.
        done: &'static str,
        /// What happened.
        reason: String,
    },
    /// The source changed while it was read; the next attempt looks at it anew.
    #[failure(
        retryable,
        message = "the source {place} changed while it was read: it had {total} rows, and {read} were found"
    )]
    SourceChanged {
        /// Its location.
        place: String,
        /// Its rows when the attempt began.
        total: u64,
        /// Those that were read.
        read: u64,
    },
}
