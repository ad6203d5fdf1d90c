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
    /// Complete an activity that waits for another process, with its result
    #[command(
        after_help = "Examples:\n  mainspring activity complete --token CiQx… --result '{\"approved\":true}'\n  \
mainspring activity complete --workflow-id order-7 --activity-id 3 --result '\"shipped\"'\n\n\
The activity has returned by `complete_later`, which hands its token over. A token is for one attempt; ids are for whichever attempt is open."
    )]
    Complete(CompleteArguments),
    /// Fail an activity that waits for another process
    #[command(
        after_help = "Example:\n  mainspring activity fail --token CiQx… --message 'nobody approved it' --type NotApproved --non-retryable\n\n\
Temporal tries it again by its retry policy, unless it is not retryable: then the workflow gets the failure."
    )]
    Fail(FailArguments),
    /// Keep an activity alive that waits for another process and has a heartbeat timeout
    #[command(
        after_help = "Example:\n  mainspring activity heartbeat --workflow-id order-7 --activity-id 3 --details '{\"page\":4}'\n\n\
It says whether the workflow asks the activity to stop. The next attempt, if there is one, finds the details."
    )]
    Heartbeat(BeatArguments),
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

/// Which activity is meant: by the token of an attempt, or by its ids.
#[derive(Args, Debug)]
pub(crate) struct OpenArguments {
    /// What the activity handed over, in base64
    #[arg(long, conflicts_with_all = ["workflow_id", "run_id", "activity_id"], required_unless_present = "workflow_id")]
    pub(crate) token: Option<String>,
    /// The workflow that scheduled it
    #[arg(short, long, requires = "activity_id")]
    pub(crate) workflow_id: Option<String>,
    /// The activity
    #[arg(short, long, requires = "workflow_id")]
    pub(crate) activity_id: Option<String>,
    /// A run of the workflow; the newest, unless said
    #[arg(short, long, requires = "workflow_id")]
    pub(crate) run_id: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct CompleteArguments {
    #[command(flatten)]
    pub(crate) open: OpenArguments,
    /// Its result, as JSON; none, unless said
    #[arg(long)]
    pub(crate) result: Option<String>,
    /// How to print
    #[arg(short, long, value_enum, default_value_t)]
    pub(crate) output: Output,
}

#[derive(Args, Debug)]
pub(crate) struct FailArguments {
    #[command(flatten)]
    pub(crate) open: OpenArguments,
    /// What went wrong
    #[arg(short, long, visible_alias = "reason")]
    pub(crate) message: String,
    /// The type name of the failure, which retry policies and workflows match
    #[arg(long = "type")]
    pub(crate) failure_type: Option<String>,
    /// Temporal is not to try it again
    #[arg(long)]
    pub(crate) non_retryable: bool,
    /// What else there is to say of it, as JSON
    #[arg(long, visible_alias = "detail")]
    pub(crate) details: Option<String>,
    /// How to print
    #[arg(short, long, value_enum, default_value_t)]
    pub(crate) output: Output,
}

#[derive(Args, Debug)]
pub(crate) struct BeatArguments {
    #[command(flatten)]
    pub(crate) open: OpenArguments,
    /// How far it is, as JSON
    #[arg(long)]
    pub(crate) details: Option<String>,
    /// How to print
    #[arg(short, long, value_enum, default_value_t)]
    pub(crate) output: Output,
}
