//! `schedules delete`.

use serde_json::json;

use super::Desk;
use crate::arguments::Output;
use crate::arguments::schedules::OneArguments;
use crate::exit::Failure;
use crate::workflow::Notice;
use crate::{print, say};

pub(super) async fn run(desk: &Desk, arguments: &OneArguments, notice: &Notice) -> Result<(), Failure> {
    let id = &arguments.schedule_id;
    Desk::doubt(notice, id, "deleted");
    if let Err(error) = desk.calls.delete(id).await {
        return Err(desk.failure(error).await);
    }
    say(&format!("schedule {id} was deleted"));
    match arguments.output {
        Output::Text => Ok(()),
        Output::Json => print(&json!({ "schedule_id": id, "deleted": true }).to_string()),
    }
}
