//! `schedules list`, by Temporal's list filters.

use serde_json::{Value, json};
use temporalio_common::protos::temporal::api::schedule::v1::ScheduleListEntry;

use super::next::{Clock, moment, utc};
use super::{Desk, failure};
use crate::arguments::Output;
use crate::arguments::schedules::ListArguments;
use crate::exit::Failure;
use crate::workflow::describe::plain;
use crate::{print, say};

/// Schedules a call.
const PAGE: usize = 500;

/// Pages are printed as they come.
pub(super) async fn run(desk: &Desk, arguments: &ListArguments) -> Result<(), Failure> {
    let query = arguments.query.as_deref().unwrap_or_default();
    let mut left = if arguments.limit == 0 { usize::MAX } else { arguments.limit };
    let (mut token, mut count) = (Vec::new(), 0);
    loop {
        let most = i32::try_from(left.min(PAGE)).unwrap_or(i32::MAX);
        let page = desk.calls.list_page(query, most, token).await.map_err(|error| failure(&error))?;
        let entries: Vec<&ScheduleListEntry> = page.schedules.iter().take(left).collect();
        match arguments.output {
            Output::Json => entries.iter().try_for_each(|entry| print(&shown(entry).to_string()))?,
            Output::Text => table(entries.iter().map(|entry| row(entry)).collect(), count == 0)?,
        }
        left -= entries.len();
        count += entries.len();
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
        if left == 0 {
            say(&format!("the first {count}; --limit shows more"));
            break;
        }
    }
    if count == 0 {
        say("no schedule matches");
    }
    Ok(())
}

fn shown(entry: &ScheduleListEntry) -> Value {
    let info = entry.info.clone().unwrap_or_default();
    let clock = Clock::of(info.spec.as_ref());
    let next = info.future_action_times.iter().filter_map(|time| moment(Some(*time)));
    let last = info.recent_actions.last();
    json!({
        "schedule_id": entry.schedule_id,
        "paused": info.paused,
        "note": info.notes,
        "workflow_type": info.workflow_type.map(|kind| kind.name),
        "time_zone": clock.name(),
        "next_runs": next.map(|time| clock.shown(time)).collect::<Vec<_>>(),
        "last_run": last.and_then(|last| moment(last.actual_time)).map(|time| clock.shown(time)),
        "last_workflow_id": last.and_then(|last| Some(&last.start_workflow_result.as_ref()?.workflow_id)),
        "search_attributes": plain(entry.search_attributes.iter().flat_map(|indexed| &indexed.indexed_fields)),
    })
}

const HEAD: [&str; 6] = ["SCHEDULE ID", "STATE", "WORKFLOW", "NEXT RUN", "IN UTC", "NOTE"];

fn row(entry: &ScheduleListEntry) -> [String; 6] {
    let info = entry.info.clone().unwrap_or_default();
    let clock = Clock::of(info.spec.as_ref());
    let next = info.future_action_times.first().and_then(|time| moment(Some(*time)));
    let state = match next {
        _ if info.paused => "Paused",
        Some(_) => "Active",
        None => "Ended",
    };
    // A schedule that is paused has times, and starts nothing at them.
    let next = next.filter(|_| !info.paused);
    let dash = || "-".to_owned();
    [
        entry.schedule_id.clone(),
        state.to_owned(),
        info.workflow_type.map_or_else(dash, |kind| kind.name),
        next.and_then(|time| clock.local(time)).unwrap_or_else(dash),
        next.map_or_else(dash, utc),
        info.notes,
    ]
}

/// The columns are as wide as the page needs.
fn table(mut rows: Vec<[String; 6]>, with_head: bool) -> Result<(), Failure> {
    if with_head && !rows.is_empty() {
        rows.insert(0, HEAD.map(str::to_owned));
    }
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths: [usize; 6] = std::array::from_fn(width);
    rows.iter().try_for_each(|row| {
        let cells: Vec<String> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        print(cells.join("  ").trim_end())
    })
}
