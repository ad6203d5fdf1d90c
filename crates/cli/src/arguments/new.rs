//! The arguments of `new`.

use clap::{Args, Subcommand};

use super::Output;

#[derive(Debug, Subcommand)]
pub(crate) enum NewVerb {
    /// Write a product: contract, workflow, activity, tests, schemas, a history, worker, chart values
    #[command(
        after_help = "Example:\n  mainspring new product billing\n  mainspring new product refunds --queue billing --dry-run\n\n\
It writes products/NAME and a worker, called after the task queue, and adds them to the workspace, to the list of products that this command knows, to the \
process manager's file and, where they are, to Dockerfile and compose.yaml. What is there is never overwritten, and where something is \
in the way nothing is written. A product on the queue of another one joins the worker of that queue."
    )]
    Product(NewProductArguments),
}

#[derive(Args, Debug)]
pub(crate) struct NewProductArguments {
    /// Its name, in kebab-case: its crates are NAME and NAME-contract
    pub(crate) name: String,
    /// The task queue that it runs on; a new one has a worker QUEUE-worker [default: NAME]
    #[arg(short, long, visible_alias = "task-queue", value_name = "QUEUE")]
    pub(crate) queue: Option<String>,
    /// Only say what would be written
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// How to print
    #[arg(short, long, value_enum, default_value_t)]
    pub(crate) output: Output,
}
