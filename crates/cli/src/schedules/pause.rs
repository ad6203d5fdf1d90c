//! `schedules pause` and `schedules unpause`.

use serde_json::json;

use super::Desk;
use crate::arguments::Output;
use crate::arguments::schedules::PauseArguments;
use crate::exit::Failure;
use crate::workflow::Notice;
use crate::{print, say};

pub(super) async fn run(desk: &Desk, arguments: &PauseArguments, paused: bool, notice: &Notice) -> Result<(), Failure> {
    let id = &arguments.one.schedule_id;
    let done = if paused { "paused" } else { "unpaused" };
    let by = || format!("{done} by {}", desk.server.started_by);
    let note = arguments.reason.clone().filter(|reason| !reason.is_empty()).unwrap_or_else(by);
    Desk::doubt(notice, id, done);
    let asked =
        if paused { desk.calls.pause(id, Some(&note)).await } else { desk.calls.unpause(id, Some(&note)).await };
    if let Err(error) = asked {
        return Err(desk.failure(error).await);
    }
    say(&format!("schedule {id} is {done}: {note}"));
    match arguments.one.output {
        Output::Text => Ok(()),
        Output::Json => print(&json!({ "schedule_id": id, "paused": paused, "note": note }).to_string()),
    }
}
