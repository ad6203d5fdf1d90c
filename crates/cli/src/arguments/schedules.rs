//! The arguments of `schedules`, verb by verb, named as Temporal's CLI names them.

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
