//! The arguments of `contracts`.

use clap::{Args, Subcommand};

use super::Output;

#[derive(Debug, Subcommand)]
pub(crate) enum ContractsVerb {
    /// Fail on what a run in flight or an older caller cannot read; exit code 1 if there is such a thing
    #[command(after_help = "Example:\n  mainspring contracts check --product onboarding -o json")]
    Check(ContractsArguments),
    /// Write the schemas, to be committed
    #[command(after_help = "Example:\n  mainspring contracts update && git add products/*/contract/schemas")]
    Update {
        /// Also what breaks runs in flight or older callers: when there are none
        #[arg(long)]
        breaking: bool,
        #[command(flatten)]
        arguments: ContractsArguments,
    },
}

#[derive(Args, Debug)]
pub(crate) struct ContractsArguments {
    /// Only these products, separated by commas
    #[arg(short, long, value_delimiter = ',')]
    pub(crate) product: Vec<String>,
    /// Where the schemas are; without {product}, in a folder of each product's name there
    #[arg(long, value_name = "DIR", default_value = "products/{product}/contract/schemas")]
    pub(crate) schemas: String,
    /// Saved histories whose payloads must still decode (see `replay capture`); without {product}, in a folder of each product's name
    #[arg(long, value_name = "DIR", default_value = "products/{product}/histories")]
    pub(crate) histories: String,
    /// How to print
    #[arg(short, long, value_enum, default_value_t)]
    pub(crate) output: Output,
}
