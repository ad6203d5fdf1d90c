//! The arguments of `schedules`, verb by verb, named as Temporal's CLI names them.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use temporalio_common::protos::temporal::api::enums::v1::ScheduleOverlapPolicy;

use super::Output;

/// The codes that every verb shares.
pub(crate) const EXIT_CODES: &str = "Exit codes: 0 done, 1 nothing was started, or not all, 64 wrong arguments, 66 no such schedule, 69 Temporal cannot be \
reached, 70 anything else, 78 a setting is wrong, 130 Ctrl-C: what was asked for goes on.";

#[derive(Debug, Subcommand)]
pub(crate) enum SchedulesVerb {
    /// List schedules, with their next run
    #[command(
        after_help = "Examples:\n  mainspring schedules list\n  mainspring schedules list --query 'TemporalSchedulePaused = true'\n\n\
Temporal's index is a second or so behind; `describe` is not. `-o json` prints one object a line."
    )]
    List(ListArguments),
    /// Show a schedule: when it runs next, in its own zone and in UTC, what it started, whether it is paused
    #[command(after_help = "Example:\n  mainspring schedules describe --schedule-id daily-revenue-report -o json")]
    Describe(OneArguments),
    /// Start nothing by the clock until it is unpaused; what runs goes on
    #[command(
        after_help = "Example:\n  mainspring schedules pause --schedule-id daily-revenue-report --reason 'the warehouse moves'"
    )]
    Pause(PauseArguments),
    /// Start again by the clock; times that passed meanwhile are not made up for, `backfill` does that
    #[command(
        after_help = "Example:\n  mainspring schedules unpause --schedule-id daily-revenue-report --reason 'the warehouse has moved'"
    )]
    Unpause(PauseArguments),
    /// Start its workflow now, once
    #[command(
        after_help = "Example:\n  mainspring schedules trigger --schedule-id daily-revenue-report --overlap-policy AllowAll\n\n\
A paused schedule is triggered too. Over a network that fails, it still runs once."
    )]
    Trigger(TriggerArguments),
    /// Start its workflow for each of its times in a range that has passed, or is to come
    #[command(after_help = "Examples:\n  mainspring schedules backfill --schedule-id daily-revenue-report \\\n    \
--start-time 2026-01-01T00:00:00Z --end-time 2026-02-01T00:00:00Z --overlap-policy BufferAll\n  \
mainspring schedules backfill -s daily-revenue-report --start-time 2026-01-01T00:00:00Z --end-time 2026-02-01T00:00:00Z \
--at-most 5\n\nBoth ends belong to the range. With --at-most it stays until all have ended; Ctrl-C starts no more, and says where \
to go on.")]
    Backfill(BackfillArguments),
    /// Delete a schedule; workflows that it started go on
    #[command(after_help = "Example:\n  mainspring schedules delete --schedule-id daily-revenue-report")]
    Delete(OneArguments),
    /// Show what an apply would do: what the products declare, against what was applied last and what is there
    #[command(
        after_help = "Examples:\n  mainspring schedules plan\n  mainspring schedules plan --prune --product analytics -o json\n\n\
Exit codes: 0 nothing to do, 1 some cannot be planned, 2 changes are pending, and as for the other verbs. A pause, a note and a count of remaining actions \
are the operators' until the code's own value changes."
    )]
    Plan(PlanArguments),
    /// Make, change and, with --prune, delete schedules, so that they are as the products declare them
    #[command(
        after_help = "Examples:\n  mainspring schedules apply\n  mainspring schedules apply --prune --dry-run\n\n\
Only what the same products applied before is changed or deleted. Twice is once, also by several at the same time. It starts nothing by itself.\n\n\
Exit codes: 0 done, or nothing to do; 1 some could not be brought about; and as for the other verbs."
    )]
    Apply(ApplyArguments),
    /// Bring the schedules of an application to its rows, a line of JSON each, on stdin or from a file
    #[command(
        after_help = "Example:\n  psql -At -c 'select spec from exports' | mainspring schedules reconcile --owner batch-exports\n\n\
A line is like {\"id\": \"export-17\", \"workflow\": \"export\", \"task_queue\": \"exports\", \"input\": {\"id\": 17}, \"cron\": [\"0 * * * *\"]}, with the fields that a \
plan names. Schedules of the owner that have no line are deleted."
    )]
    Reconcile(ReconcileArguments),
}

#[derive(Args, Debug)]
pub(crate) struct PlanArguments {
    /// Delete schedules that these products applied before and no longer declare
    #[arg(long)]
    pub(crate) prune: bool,
    /// Take over schedules of these ids that somebody else made
    #[arg(long)]
    pub(crate) adopt: bool,
    /// A product that was removed from the code: its schedules are no longer declared; may be given several times
    #[arg(long, value_name = "PRODUCT")]
    pub(crate) former: Vec<String>,
    /// Only the schedules of this product; may be given several times
    #[arg(long)]
    pub(crate) product: Vec<String>,
    /// How to print
    #[arg(short, long, value_enum, default_value_t)]
    pub(crate) output: Output,
}

#[derive(Args, Debug)]
pub(crate) struct ApplyArguments {
    #[command(flatten)]
    pub(crate) plan: PlanArguments,
    /// Show the plan, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Args, Debug)]
pub(crate) struct ReconcileArguments {
    /// Whose schedules these are: a name that no product has
    #[arg(long)]
    pub(crate) owner: String,
    /// Read the lines from this file; from stdin by default
    #[arg(long, value_name = "PATH")]
    pub(crate) file: Option<PathBuf>,
    /// No line at all deletes every schedule of the owner; without this it is refused
    #[arg(long)]
    pub(crate) allow_empty: bool,
    /// Show the plan, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// How to print
    #[arg(short, long, value_enum, default_value_t)]
    pub(crate) output: Output,
}

#[derive(Args, Debug)]
pub(crate) struct ListArguments {
    /// Only schedules that match this list filter
    #[arg(short, long)]
    pub(crate) query: Option<String>,
    /// At most so many; 0 for all
    #[arg(long, default_value_t = 100)]
    pub(crate) limit: usize,
    /// How to print
    #[arg(short, long, value_enum, default_value_t)]
    pub(crate) output: Output,
}

#[derive(Args, Debug)]
pub(crate) struct OneArguments {
    /// Id of the schedule
    #[arg(short, long)]
    pub(crate) schedule_id: String,
    /// How to print
    #[arg(short, long, value_enum, default_value_t)]
    pub(crate) output: Output,
}

#[derive(Args, Debug)]
pub(crate) struct PauseArguments {
    #[command(flatten)]
    pub(crate) one: OneArguments,
    /// Why; it becomes the schedule's note. By default who did it
    #[arg(long)]
    pub(crate) reason: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct TriggerArguments {
    #[command(flatten)]
    pub(crate) one: OneArguments,
    /// When an earlier run of it is not done; by default as the schedule says
    #[arg(long, value_enum, ignore_case = true)]
    pub(crate) overlap_policy: Option<OverlapPolicy>,
}

#[derive(Args, Debug)]
pub(crate) struct BackfillArguments {
    #[command(flatten)]
    pub(crate) one: OneArguments,
    /// From here, as 2026-01-31T00:00:00Z
    #[arg(long, value_parser = moment)]
    pub(crate) start_time: Timestamp,
    /// To there, as 2026-01-31T23:59:59Z
    #[arg(long, value_parser = moment)]
    pub(crate) end_time: Timestamp,
    /// When an earlier run of it is not done; by default as the schedule says, with --at-most AllowAll
    #[arg(long, value_enum, ignore_case = true)]
    pub(crate) overlap_policy: Option<OverlapPolicy>,
    /// Let at most so many of them run at once, and wait for the last
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=500))]
    pub(crate) at_most: Option<u16>,
}

/// Temporal's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OverlapPolicy {
    /// Start none
    #[value(name = "Skip")]
    Skip,
    /// Start it then; one may wait
    #[value(name = "BufferOne")]
    BufferOne,
    /// Start it then; all wait, and run one after another
    #[value(name = "BufferAll")]
    BufferAll,
    /// Cancel that, and start when it has ended
    #[value(name = "CancelOther")]
    CancelOther,
    /// Terminate that, and start
    #[value(name = "TerminateOther")]
    TerminateOther,
    /// Start beside it
    #[value(name = "AllowAll")]
    AllowAll,
}

impl From<OverlapPolicy> for ScheduleOverlapPolicy {
    fn from(policy: OverlapPolicy) -> Self {
        match policy {
            OverlapPolicy::Skip => Self::Skip,
            OverlapPolicy::BufferOne => Self::BufferOne,
            OverlapPolicy::BufferAll => Self::BufferAll,
            OverlapPolicy::CancelOther => Self::CancelOther,
            OverlapPolicy::TerminateOther => Self::TerminateOther,
            OverlapPolicy::AllowAll => Self::AllowAll,
        }
    }
}

fn moment(text: &str) -> Result<Timestamp, String> {
    text.parse()
        .map_err(|_| "write it with its offset, as 2026-01-31T09:00:00Z or 2026-01-31T09:00:00-05:00".to_owned())
}
