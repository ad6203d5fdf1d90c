//! The arguments of `activity …`.

use clap::{Args, Subcommand};

use super::Output;

#[derive(Debug, Subcommand)]
pub(crate) enum ActivityVerb {
    /// Run an attempt of a failed activity here, with its real input and last heartbeat, and without effects
    #[command(after_help = "Example:\n  mainspring activity replay --workflow-id onboarding-ada --activity-id 1\n\n\
It reads the input and the last heartbeat's details from Temporal, and tells Temporal nothing: heartbeats go to stderr, the result to \
stdout. The activity runs in a process without a network (Linux), so it reaches no host, not even this machine; files and \
the sockets of files are within its reach. With --allow-effects it runs as a worker would run it. `workflow describe` shows ids of \
activities. An activity that failed for good has left no details in the history, and starts afresh; one that timed out, or \
still waits for its next attempt, goes on from its last heartbeat. Exit code 1: the activity failed.")]
    Replay(ReplayArguments),
    /// The fenced half of `replay`: one task on stdin
    #[command(hide = true)]
    Fenced {
        /// How to print
        #[arg(short, long, value_enum, default_value_t)]
        output: Output,
    },
}

#[derive(Args, Debug)]
pub(crate) struct ReplayArguments {
    /// The workflow that scheduled it
    #[arg(short, long)]
    pub(crate) workflow_id: String,
    /// The activity
    #[arg(short, long)]
    pub(crate) activity_id: String,
    /// A run of the workflow; the newest, unless said
    #[arg(short, long)]
    pub(crate) run_id: Option<String>,
    /// Let it reach the network: what it does there is done
    #[arg(long)]
    pub(crate) allow_effects: bool,
    /// How to print
    #[arg(short, long, value_enum, default_value_t)]
    pub(crate) output: Output,
}
