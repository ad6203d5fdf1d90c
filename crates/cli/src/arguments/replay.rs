//! The arguments of `replay …`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::Output;
use super::workflow::PolledArguments;

#[derive(Debug, Subcommand)]
pub(crate) enum ReplayVerb {
    /// Replay saved histories on the code as it is now; exit code 1 where they part
    #[command(
        after_help = "Example:\n  mainspring replay check --product billing\n  mainspring replay check export-of-the-ui.json\n\n\
Without PATH it takes every *.json in the products' folders of histories, and a product without any, or a workflow \
without one, is a failure. Read are proto3 JSON, as Temporal's UI, its CLI (`temporal workflow show -o json`) and other SDKs \
write it, and the Rust SDK's own. It asks no server."
    )]
    Check(CheckArguments),
    /// Save recent histories from the server, scrubbed, for `replay check`
    #[command(
        after_help = "Example:\n  mainspring replay capture --product billing --newest 2 --query \"StartTime > '2026-11-01T00:00:00Z'\"\n\n\
Saved are, of each workflow type, the newest that are closed and the newest that still run. Names of workers and machines and \
stack traces always go. With `--scrub values` every string becomes another one of its shape; numbers, booleans, dates and names of \
fields stay. Each is replayed as it will be saved, before it is written: if another branch is taken without the \
true values, it is not saved, unless --or-less lets it be scrubbed less, or --keep keeps the field that decides."
    )]
    Capture(CaptureArguments),
    /// Have a worker replay recent histories on its own build; exit code 1 where they part
    #[command(
        after_help = "Example:\n  mainspring replay gate --queue billing-next --build-id 4f2a91c --newest 20 -o json\n\n\
It starts the workflow mainspring-replay-gate on that queue, which every worker binary has unless MAINSPRING_REPLAY_GATE is off, \
and waits for it. In a deploy: start the new build on a queue of its own (MAINSPRING_QUEUES=billing=billing-next), hold it \
against the histories of the old one, and only then give it the traffic. Histories of a product are those of its own queue and of the \
one that it was moved to. With --build-id another build's answer is a failure; with --deployment, worker versioning takes \
the gate to that build. A workflow type without any history is a failure, unless --allow-empty."
    )]
    Gate(GateArguments),
}

#[derive(Args, Debug)]
pub(crate) struct CheckArguments {
    /// Files, or folders with *.json, in place of the products' own
    pub(crate) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) corpus: CorpusArguments,
    /// How many replay at once; as many as there are cores, unless said
    #[arg(long)]
    pub(crate) threads: Option<NonZeroUsize>,
    /// How to print
    #[arg(short, long, value_enum, default_value_t)]
    pub(crate) output: Output,
}

/// Whose histories, and where they lie.
#[derive(Args, Debug)]
pub(crate) struct CorpusArguments {
    /// Only these products, separated by commas
    #[arg(short, long, value_delimiter = ',')]
    pub(crate) product: Vec<String>,
    /// The folder of a product's histories; {product} is its name
    #[arg(long, default_value = "products/{product}/histories")]
    histories: String,
}

impl CorpusArguments {
    pub(crate) fn folder(&self, product: &str) -> PathBuf {
        PathBuf::from(self.histories.replace("{product}", product))
    }
}

#[derive(Args, Debug)]
pub(crate) struct CaptureArguments {
    #[command(flatten)]
    pub(crate) corpus: CorpusArguments,
    /// Only workflows that match Temporal's list filter
    #[arg(short, long)]
    pub(crate) query: Option<String>,
    /// How many of each workflow type: so many that are closed, and so many that run
    #[arg(long, default_value = "3", value_name = "N")]
    pub(crate) newest: NonZeroUsize,
    /// What is replaced in payloads
    #[arg(long, value_enum, default_value_t)]
    pub(crate) scrub: ScrubLevel,
    /// Scrub less where a history does not replay otherwise
    #[arg(long)]
    pub(crate) or_less: bool,
    /// Strings in these fields stay: a name, or the end of a path (customer.status); separated by commas
    #[arg(long, value_delimiter = ',', value_name = "FIELDS")]
    pub(crate) keep: Vec<String>,
    /// Strings and numbers in these fields are replaced, whatever --scrub says
    #[arg(long, value_delimiter = ',', value_name = "FIELDS")]
    pub(crate) mask: Vec<String>,
    /// Write also those that are there already
    #[arg(long)]
    pub(crate) again: bool,
    /// How to print
    #[arg(short, long, value_enum, default_value_t)]
    pub(crate) output: Output,
}

/// What is replaced in payloads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ScrubLevel {
    /// Every string
    #[default]
    Values,
    /// Strings with an @, blanks, four digits or more, or more than 32 characters; and secrets
    Personal,
    /// Strings in fields that are called password, token, api_key and the like
    Secrets,
}

#[derive(Args, Debug)]
pub(crate) struct GateArguments {
    /// The task queue that the build polls
    #[arg(short, long, visible_alias = "task-queue")]
    pub(crate) queue: String,
    /// The build that is to answer; it is a failure if another one does
    #[arg(long, value_name = "ID")]
    pub(crate) build_id: Option<String>,
    /// The worker deployment that the build is a version of: the gate is pinned to that version
    #[arg(long, requires = "build_id", value_name = "NAME")]
    pub(crate) deployment: Option<String>,
    /// Pass also if a workflow type has no history to replay
    #[arg(long)]
    pub(crate) allow_empty: bool,
    /// How many of each workflow type, 100 at most: so many that are closed, and so many that run
    #[arg(long, default_value = "10", value_name = "N")]
    pub(crate) newest: NonZeroUsize,
    /// Only runs that match Temporal's list filter
    #[arg(long)]
    pub(crate) query: Option<String>,
    /// Bytes of histories of each workflow type that are downloaded, the newest first
    #[arg(long, default_value_t = mainspring_worker::GATE_BYTES, value_name = "N")]
    pub(crate) most_bytes: u64,
    #[command(flatten)]
    pub(crate) polled: PolledArguments,
    /// How to print
    #[arg(short, long, value_enum, default_value_t)]
    pub(crate) output: Output,
}
