//! `schedules trigger`: a run now, once.

use mainspring_schedules::calls::Triggered;
use serde_json::json;

use super::Desk;
use crate::arguments::Output;
use crate::arguments::schedules::TriggerArguments;
use crate::exit::Failure;
use crate::workflow::Notice;
use crate::{print, say};

pub(super) async fn run(desk: &Desk, arguments: &TriggerArguments, notice: &Notice) -> Result<(), Failure> {
    let id = &arguments.one.schedule_id;
    Desk::doubt(notice, id, "triggered");
    let triggered = match desk.calls.trigger(id, arguments.overlap_policy.map(Into::into)).await {
        Ok(triggered) => triggered,
        Err(error) => return Err(desk.failure(error).await),
    };
    let outcome = match &triggered {
        Triggered::Started { .. } => "started",
        Triggered::Waits => "waits",
        Triggered::Skipped => "skipped",
        _ => "unseen",
    };
    let run = match &triggered {
        Triggered::Started { workflow_id, run_id } => Some((workflow_id, run_id)),
        _ => None,
    };
    match (arguments.one.output, run) {
        (Output::Json, _) => print(
            &json!({
                "schedule_id": id,
                "outcome": outcome,
                "workflow_id": run.map(|(workflow_id, _)| workflow_id),
                "run_id": run.map(|(_, run_id)| run_id),
            })
            .to_string(),
        )?,
        (Output::Text, Some((workflow_id, run_id))) => print(&format!("{workflow_id} {run_id}"))?,
        (Output::Text, None) => {}
    }
    match triggered {
        Triggered::Started { .. } => Ok(()),
        Triggered::Waits => {
            say(&format!("schedule {id} was triggered: the run waits for an earlier one to end"));
            Ok(())
        }
        Triggered::Skipped => Err(Failure::Broken(format!(
            "nothing was started, for an earlier run of schedule {id} goes on: --overlap-policy BufferOne waits for it, \
             AllowAll starts one beside it"
        ))),
        _ => Err(Failure::Other(format!(
            "Temporal took the trigger of schedule {id}, and no run of it is seen: it is late, or was lost to another request at \
             the same moment. Look with `mainspring schedules describe --schedule-id {id}` before triggering it again"
        ))),
    }
}
