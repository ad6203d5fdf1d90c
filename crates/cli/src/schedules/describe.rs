//! `schedules describe`: when does it run next, by its own clock and in UTC, and what became of the last runs?

use serde_json::{Value, json};
use temporalio_common::protos::temporal::api::enums::v1::ScheduleOverlapPolicy;
use temporalio_common::protos::temporal::api::schedule::v1::schedule_action::Action;
use temporalio_common::protos::temporal::api::schedule::v1::{ScheduleActionResult, ScheduleState};
use temporalio_common::protos::temporal::api::workflowservice::v1::DescribeScheduleResponse;

use super::next::{Clock, moment};
use super::{Desk, spec, text};
use crate::arguments::Output;
use crate::arguments::schedules::OneArguments;
use crate::exit::Failure;
use crate::print;
use crate::workflow::describe::{decoded, plain, status_name};
use crate::workflow::failure::values;
use crate::workflow::server::Server;
use crate::workflow::times::camel;

pub(super) async fn run(desk: &Desk, arguments: &OneArguments) -> Result<(), Failure> {
    let described = match desk.calls.describe(&arguments.schedule_id).await {
        Ok(described) => described,
        Err(error) => return Err(desk.failure(error).await),
    };
    match arguments.output {
        Output::Json => print(&shown(&desk.server, &arguments.schedule_id, &described).await.to_string()),
        Output::Text => {
            let clock = clock(&described);
            let shown = shown(&desk.server, &arguments.schedule_id, &described).await;
            print(text::of(&shown, &clock, &times(&described)).trim_end())
        }
    }
}

fn clock(described: &DescribeScheduleResponse) -> Clock {
    Clock::of(described.schedule.as_ref().and_then(|schedule| schedule.spec.as_ref()))
}

/// Its next times; the server tells ten.
fn times(described: &DescribeScheduleResponse) -> Vec<std::time::SystemTime> {
    let times = described.info.iter().flat_map(|info| &info.future_action_times);
    times.filter_map(|time| moment(Some(*time))).collect()
}

pub(super) fn overlap_name(policy: ScheduleOverlapPolicy) -> String {
    camel(policy.as_str_name(), "SCHEDULE_OVERLAP_POLICY_")
}

async fn shown(server: &Server, id: &str, described: &DescribeScheduleResponse) -> Value {
    let clock = clock(described);
    let schedule = described.schedule.clone().unwrap_or_default();
    let (info, state) = (described.info.clone().unwrap_or_default(), schedule.state.unwrap_or_default());
    let (spec, policies) = (schedule.spec.unwrap_or_default(), schedule.policies.unwrap_or_default());
    let workflow = match schedule.action.and_then(|action| action.action) {
        Some(Action::StartWorkflow(workflow)) => workflow,
        None => Default::default(),
    };
    let time = |time: Option<_>| moment(time).map(|time| clock.shown(time));
    let running = info.running_workflows.iter();
    json!({
        "schedule_id": id,
        "paused": state.paused,
        "note": state.notes,
        "remaining_actions": remaining(&state),
        "workflow_type": workflow.workflow_type.map(|kind| kind.name),
        "workflow_id": workflow.workflow_id,
        "task_queue": workflow.task_queue.map(|queue| queue.name),
        "input": values(&server.payloads, workflow.input.as_ref()).await,
        "spec": spec::lines(&spec),
        "time_zone": clock.name(),
        "overlap_policy": overlap_name(policies.overlap_policy()),
        "catchup_window_s": policies.catchup_window.map(|window| window.seconds),
        "pause_on_failure": policies.pause_on_failure,
        "next_runs": times(described).into_iter().map(|time| clock.shown(time)).collect::<Vec<_>>(),
        "recent_runs": info.recent_actions.iter().rev().map(|run| recent(run, &clock)).collect::<Vec<_>>(),
        "running": running
            .map(|run| json!({ "workflow_id": run.workflow_id, "run_id": run.run_id }))
            .collect::<Vec<_>>(),
        "started": info.action_count,
        "skipped": info.overlap_skipped,
        "missed": info.missed_catchup_window,
        "waiting": info.buffer_size,
        "dropped": info.buffer_dropped,
        "create_time": time(info.create_time),
        "update_time": time(info.update_time),
        "memo": decoded(server, described.memo.iter().flat_map(|memo| &memo.fields)).await,
        "search_attributes": plain(described.search_attributes.iter().flat_map(|indexed| &indexed.indexed_fields)),
    })
}

/// None if there is no limit.
fn remaining(state: &ScheduleState) -> Option<i64> {
    state.limited_actions.then_some(state.remaining_actions)
}

fn recent(run: &ScheduleActionResult, clock: &Clock) -> Value {
    let execution = run.start_workflow_result.as_ref();
    json!({
        "schedule_time": moment(run.schedule_time).map(|time| clock.shown(time)),
        "start_time": moment(run.actual_time).map(|time| clock.shown(time)),
        "workflow_id": execution.map(|execution| &execution.workflow_id),
        "run_id": execution.map(|execution| &execution.run_id),
        // As the schedule knows it: it looks seldom.
        "status": status_name(run.start_workflow_status()),
    })
}
