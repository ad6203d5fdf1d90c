//! The arguments of `workflow`, verb by verb.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgGroup, Args, Subcommand, ValueEnum};

use super::Output;

/// The codes that every verb shares.
pub(crate) const EXIT_CODES: &str = "Exit codes: 0 done, 1 the workflow failed, was cancelled, terminated or timed out, or \
a batch left some undone, 64 wrong arguments or input, 66 no such workflow, 69 Temporal cannot be reached or nobody polls \
the task queue, 70 anything else, 78 a setting is wrong, 130 Ctrl-C: what was started goes on.";

#[derive(Debug, Subcommand)]
pub(crate) enum WorkflowVerb {
    /// Start a workflow, wait for it, print its result
    #[command(
        after_help = "Examples:\n  mainspring workflow execute no-op '{\"arg\": \"1\", \"batch_export_id\": \"test\", \"team_id\": 2}'\n  \
jq -c .input run.json | mainspring workflow execute no-op -\n\nThe result goes to stdout, everything else to stderr. Ctrl-C ends the waiting; the workflow goes on."
    )]
    Execute(ExecuteArguments),
    /// Start a workflow, print its id and run id
    #[command(after_help = "Example:\n  mainspring workflow start no-op --workflow-id nightly --input-file input.json")]
    Start(StartArguments),
    /// Wait for a workflow, print its result
    #[command(after_help = "Example:\n  mainspring workflow result --workflow-id nightly")]
    Result(OneArguments),
    /// Send a signal to a workflow, or to all that match a query
    #[command(
        after_help = "Examples:\n  mainspring workflow signal --workflow-id onboarding-7 --name cancel_follow_up\n  \
mainspring workflow signal --query \"WorkflowType = 'onboarding'\" --name cancel_follow_up --dry-run\n\nBy query it reaches running workflows only."
    )]
    Signal(SignalArguments),
    /// Ask a workflow, print its answer
    #[command(after_help = "Example:\n  mainspring workflow query --workflow-id onboarding-7 --name status")]
    Query(QueryArguments),
    /// Change a workflow by an update, wait for it, print its result
    #[command(
        after_help = "Example:\n  mainspring workflow update --workflow-id order-7 --name set_address --input '\"12 High Street\"'\n\nThe same \
--update-id again gives the same update's result; nothing is done twice."
    )]
    Update(UpdateArguments),
    /// Show a workflow: status, times, pending activities, what failed last
    #[command(after_help = "Example:\n  mainspring workflow describe --workflow-id nightly -o json")]
    Describe(OneArguments),
    /// Ask a workflow to cancel itself, or all that match a query
    #[command(after_help = "Examples:\n  mainspring workflow cancel --workflow-id nightly\n  \
mainspring workflow cancel --query \"WorkflowType = 'no-op'\" --reason 'bad release' --rate 10\n\nBy query it reaches running workflows only.")]
    Cancel(EndArguments),
    /// End a workflow at once, without a word to its code, or all that match a query
    #[command(
        after_help = "Examples:\n  mainspring workflow terminate --workflow-id nightly --reason 'stuck since Monday'\n  \
mainspring workflow terminate --query \"StartTime < '2026-01-01T00:00:00Z'\" --dry-run\n\nBy query it reaches running workflows only."
    )]
    Terminate(EndArguments),
    /// List workflows
    #[command(
        after_help = "Example:\n  mainspring workflow list --query \"ExecutionStatus = 'Failed'\" --limit 20\n\n`-o json` prints one object a line."
    )]
    List(ListArguments),
    /// Count workflows
    #[command(after_help = "Examples:\n  mainspring workflow count --query \"WorkflowType = 'no-op'\"\n  \
mainspring workflow count --query 'GROUP BY ExecutionStatus'")]
    Count(CountArguments),
    /// Run a workflow again from a point of its history, or all that match a query
    #[command(
        after_help = "Examples:\n  mainspring workflow reset --workflow-id nightly --type LastWorkflowTask --reason 'fixed in 1.4.2'\n  \
mainspring workflow reset --query \"ExecutionStatus = 'Failed'\" --type FirstWorkflowTask --reason 'fixed in 1.4.2'\n\nThe run that \
was reset is terminated if it still runs; the new run has the same workflow id."
    )]
    Reset(ResetArguments),
}

/// Input as JSON. Several arguments: the flag again.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct InputArguments {
    /// Input as JSON; `-` reads it from stdin
    #[arg(short, long, value_name = "JSON", allow_negative_numbers = true)]
    pub(crate) input: Vec<OsString>,
    /// Input as JSON, from a file; `-` reads it from stdin
    #[arg(long, value_name = "FILE", conflicts_with = "input")]
    pub(crate) input_file: Vec<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct StartArguments {
    /// Type of the workflow, as `mainspring products` lists it
    #[arg(value_name = "NAME", required_unless_present = "type")]
    pub(crate) workflow: Option<String>,
    /// Input as JSON; `-` reads it from stdin
    #[arg(value_name = "JSON", allow_negative_numbers = true, conflicts_with_all = ["input", "input_file"])]
    pub(crate) json: Option<OsString>,
    /// Type of the workflow, in place of NAME
    #[arg(long, visible_alias = "name", conflicts_with = "workflow")]
    pub(crate) r#type: Option<String>,
    #[command(flatten)]
    pub(crate) input: InputArguments,
    /// Send the input as it is, though it does not fit what the workflow takes
    #[arg(long)]
    pub(crate) no_check: bool,
    /// Id of the workflow; by default what its contract derives from the input, else its type and a random id
    #[arg(short, long)]
    pub(crate) workflow_id: Option<String>,
    /// Task queue, in place of the registry's [setting: TEMPORAL_TASK_QUEUE]
    #[arg(short, long, env = "TEMPORAL_TASK_QUEUE", hide_env = true)]
    pub(crate) task_queue: Option<String>,
    /// What happens if a workflow with that id has ended before
    #[arg(long, value_enum, default_value_t, ignore_case = true)]
    pub(crate) id_reuse_policy: ReusePolicy,
    /// What happens if a workflow with that id is running
    #[arg(long, value_enum, default_value_t, ignore_case = true)]
    pub(crate) id_conflict_policy: ConflictPolicy,
    /// Begin after this time, as 90s, 15m or 2h
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) start_delay: Option<Duration>,
    /// Time out when it has run for so long, retries and continuations included
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) execution_timeout: Option<Duration>,
    /// A note on the workflow, as KEY=JSON; again for more
    #[arg(long, value_name = "KEY=JSON", value_parser = pair)]
    pub(crate) memo: Vec<(String, String)>,
    /// A search attribute, as KEY=JSON; again for more
    #[arg(long, value_name = "KEY=JSON", value_parser = pair)]
    pub(crate) search_attribute: Vec<(String, String)>,
    /// How to print
    #[arg(short, long, value_enum, default_value_t)]
    pub(crate) output: Output,
}

#[derive(Args, Debug)]
pub(crate) struct ExecuteArguments {
    #[command(flatten)]
    pub(crate) start: StartArguments,
    #[command(flatten)]
    pub(crate) polled: PolledArguments,
}

#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct PolledArguments {
    /// Give up waiting when no worker has polled the task queue for so long
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "10s")]
    pub(crate) poller_wait: Duration,
}

/// One workflow.
#[derive(Args, Debug)]
pub(crate) struct OneArguments {
    #[command(flatten)]
    pub(crate) target: Target,
    /// How to print
    #[arg(short, long, value_enum, default_value_t)]
    pub(crate) output: Output,
}

#[derive(Args, Debug)]
pub(crate) struct Target {
    /// Id of the workflow
    #[arg(short, long)]
    pub(crate) workflow_id: String,
    /// Run of it; by default the last
    #[arg(short, long)]
    pub(crate) run_id: Option<String>,
}

/// One workflow, or those that match a query.
#[derive(Args, Debug)]
#[group(skip)]
#[command(group = ArgGroup::new("which").required(true).args(["workflow_id", "query"]))]
pub(crate) struct Targets {
    /// Id of the workflow
    #[arg(short, long)]
    pub(crate) workflow_id: Option<String>,
    /// Run of it; by default the last
    #[arg(short, long, conflicts_with = "query")]
    pub(crate) run_id: Option<String>,
    /// Every workflow that matches this list filter
    #[arg(short, long, help_heading = BATCH)]
    pub(crate) query: Option<String>,
    /// Count what matches, and change nothing
    #[arg(long, conflicts_with_all = ["workflow_id", "job_id"], help_heading = BATCH)]
    pub(crate) dry_run: bool,
    /// Do not ask
    #[arg(short, long, conflicts_with = "workflow_id", help_heading = BATCH)]
    pub(crate) yes: bool,
    /// Ask Temporal for at most so many workflows a second; servers of 1.29 keep to their own limit all the same
    /// (worker.batcherRPS, 50; temporalio/temporal pull request 12087)
    #[arg(long, visible_alias = "rps", value_name = "PER_SECOND", value_parser = rate, conflicts_with = "workflow_id", help_heading = BATCH)]
    pub(crate) rate: Option<f32>,
    /// Name of the batch job, random by default; of one that is there already: follow it, and start nothing
    #[arg(long, conflicts_with = "workflow_id", help_heading = BATCH)]
    pub(crate) job_id: Option<String>,
}

const BATCH: &str = "By query (a batch job, which Temporal goes on with if this command is interrupted)";

#[derive(Args, Debug)]
pub(crate) struct SignalArguments {
    #[command(flatten)]
    pub(crate) targets: Targets,
    /// Name of the signal
    #[arg(long, visible_alias = "type")]
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) input: InputArguments,
    /// Why, for the batch job's record
    #[arg(long, conflicts_with = "workflow_id")]
    pub(crate) reason: Option<String>,
    /// How to print
    #[arg(short, long, value_enum, default_value_t)]
    pub(crate) output: Output,
}

#[derive(Args, Debug)]
pub(crate) struct QueryArguments {
    #[command(flatten)]
    pub(crate) target: Target,
    /// Name of the query
    #[arg(long, visible_alias = "type")]
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) input: InputArguments,
    /// Refuse to ask a workflow in such a state
    #[arg(long, value_enum, ignore_case = true)]
    pub(crate) reject_condition: Option<RejectCondition>,
    /// How to print
    #[arg(short, long, value_enum, default_value_t)]
    pub(crate) output: Output,
}

#[derive(Args, Debug)]
pub(crate) struct UpdateArguments {
    #[command(flatten)]
    pub(crate) target: Target,
    /// Name of the update
    #[arg(long, visible_alias = "type")]
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) input: InputArguments,
    /// Id of the update; random by default
    #[arg(long)]
    pub(crate) update_id: Option<String>,
    #[command(flatten)]
    pub(crate) polled: PolledArguments,
    /// How to print
    #[arg(short, long, value_enum, default_value_t)]
    pub(crate) output: Output,
}

#[derive(Args, Debug)]
pub(crate) struct EndArguments {
    #[command(flatten)]
    pub(crate) targets: Targets,
    /// Why; it stays in the workflow's history
    #[arg(long)]
    pub(crate) reason: Option<String>,
    /// How to print
    #[arg(short, long, value_enum, default_value_t)]
    pub(crate) output: Output,
}

#[derive(Args, Debug)]
pub(crate) struct ListArguments {
    /// Only workflows that match this list filter
    #[arg(short, long)]
    pub(crate) query: Option<String>,
    /// At most so many, the newest first; 0 for all
    #[arg(long, default_value_t = 100)]
    pub(crate) limit: usize,
    /// How to print
    #[arg(short, long, value_enum, default_value_t)]
    pub(crate) output: Output,
}

#[derive(Args, Debug)]
pub(crate) struct CountArguments {
    /// Only workflows that match this list filter; it may end in GROUP BY ExecutionStatus
    #[arg(short, long)]
    pub(crate) query: Option<String>,
    /// How to print
    #[arg(short, long, value_enum, default_value_t)]
    pub(crate) output: Output,
}

#[derive(Args, Debug)]
#[group(skip)]
#[command(group = ArgGroup::new("point").required(true).args(["event_id", "type"]))]
pub(crate) struct ResetArguments {
    #[command(flatten)]
    pub(crate) targets: Targets,
    /// Go back to this event, the end of a workflow task
    #[arg(short, long, conflicts_with = "query")]
    pub(crate) event_id: Option<i64>,
    /// Go back to the end of this workflow task
    #[arg(short, long, value_enum, ignore_case = true)]
    pub(crate) r#type: Option<ResetType>,
    /// Why; it stays in the workflow's history
    #[arg(long)]
    pub(crate) reason: String,
    /// Do not give these to the new run again; by default signals and updates are
    #[arg(long, value_enum, ignore_case = true, value_delimiter = ',')]
    pub(crate) reapply_exclude: Vec<ReapplyExclude>,
    /// How to print
    #[arg(short, long, value_enum, default_value_t)]
    pub(crate) output: Output,
}

/// Temporal's names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReusePolicy {
    /// Start
    #[value(name = "AllowDuplicate")]
    Allow,
    /// Start if it failed, was cancelled, terminated or timed out
    #[default]
    #[value(name = "AllowDuplicateFailedOnly")]
    AllowFailedOnly,
    /// Refuse
    #[value(name = "RejectDuplicate")]
    Reject,
}

/// Temporal's names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ConflictPolicy {
    /// Refuse, and say which run it is
    #[default]
    #[value(name = "Fail")]
    Fail,
    /// Use that run
    #[value(name = "UseExisting")]
    UseExisting,
    /// Terminate that run and start
    #[value(name = "TerminateExisting")]
    TerminateExisting,
}

/// Temporal's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RejectCondition {
    /// It has ended
    #[value(name = "not_open")]
    NotOpen,
    /// It has failed, been cancelled, terminated, or timed out
    #[value(name = "not_completed_cleanly")]
    NotCompletedCleanly,
}

/// Temporal's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ResetType {
    /// Begin again
    #[value(name = "FirstWorkflowTask")]
    First,
    /// Repeat what came after the last workflow task
    #[value(name = "LastWorkflowTask")]
    Last,
}

/// Temporal's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReapplyExclude {
    /// Neither signals nor updates
    #[value(name = "All")]
    All,
    /// Signals
    #[value(name = "Signal")]
    Signal,
    /// Updates
    #[value(name = "Update")]
    Update,
}

pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|error| format!("{error}: write it as 90s, 15m, 2h or 7d"))
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').filter(|(key, _)| !key.is_empty()).ok_or("write it as KEY=JSON")?;
    serde_json::from_str::<serde::de::IgnoredAny>(value)
        .map_err(|error| format!("the value is not JSON ({error}): a text is written as {key}='\"text\"'"))?;
    Ok((key.to_owned(), value.to_owned()))
}

fn rate(text: &str) -> Result<f32, String> {
    let rate = text.parse::<f32>().ok().filter(|rate| rate.is_finite() && *rate > 0.0);
    rate.ok_or_else(|| "write a number over 0, such as 50 or 0.5".to_owned())
}
