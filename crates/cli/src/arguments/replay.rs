//! The arguments of `replay …`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Output;

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
