//! `workflow list` and `workflow count`, by Temporal's list filters.

use serde_json::{Value, json};
use temporalio_common::protos::temporal::api::workflow::v1::WorkflowExecutionInfo;
use temporalio_common::protos::temporal::api::workflowservice::v1::{
    CountWorkflowExecutionsRequest, CountWorkflowExecutionsResponse, ListWorkflowExecutionsRequest,
};

use super::describe::{plain, status_name, time};
use super::server::{SHORT, Server};
use super::times::Moment;
use crate::arguments::Output;
use crate::arguments::workflow::{CountArguments, ListArguments};
use crate::exit::Failure;
use crate::{print, say};

/// Workflows a call; Temporal's own default limit is 1,000.
const PAGE: usize = 500;

/// Pages are printed as they come, so that `head` need not wait for a million.
pub(crate) async fn list(server: &Server, arguments: &ListArguments) -> Result<(), Failure> {
    let limit = if arguments.limit == 0 { usize::MAX } else { arguments.limit };
    let (mut token, mut left, mut count) = (Vec::new(), limit, 0);
    loop {
        let request = ListWorkflowExecutionsRequest {
            namespace: server.namespace.clone(),
            page_size: i32::try_from(left.min(PAGE)).unwrap_or(i32::MAX),
            next_page_token: token,
            query: arguments.query.clone().unwrap_or_default(),
        };
        let page = server.call(|service, request| service.list_workflow_executions(request), request, SHORT).await;
        let page = page.map_err(|refused| refused.failure("workflows could not be listed"))?;
        let shown: Vec<Value> = page.executions.iter().take(left).map(shown).collect();
        left -= shown.len();
        match arguments.output {
            Output::Json => shown.iter().try_for_each(|workflow| print(&workflow.to_string()))?,
            Output::Text => table(&shown, count == 0)?,
        }
        count += shown.len();
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
        if left == 0 {
            say(&format!("the first {count}; --limit shows more, `mainspring workflow count` counts them"));
            break;
        }
    }
    if count == 0 {
        say("no workflow matches");
    }
    Ok(())
}

pub(crate) async fn count(server: &Server, arguments: &CountArguments) -> Result<(), Failure> {
    let answer = counted(server, arguments.query.as_deref().unwrap_or_default()).await?;
    let groups: Vec<(Vec<Value>, i64)> = answer.groups.iter().map(|group| (names(group), group.count)).collect();
    match arguments.output {
        Output::Json => {
            let groups: Vec<Value> =
                groups.iter().map(|(values, count)| json!({ "values": values, "count": count })).collect();
            print(&json!({ "count": answer.count, "groups": groups }).to_string())
        }
        Output::Text => {
            print(&answer.count.to_string())?;
            groups.iter().try_for_each(|(values, count)| {
                let values: Vec<String> = values.iter().map(word).collect();
                print(&format!("{count:>8} {}", values.join(", ")))
            })
        }
    }
}

/// How many workflows match, as far as Temporal has indexed them: that is a second or so behind.
pub(crate) async fn counted(server: &Server, query: &str) -> Result<CountWorkflowExecutionsResponse, Failure> {
    let request = CountWorkflowExecutionsRequest { namespace: server.namespace.clone(), query: query.to_owned() };
    let answer = server.call(|service, request| service.count_workflow_executions(request), request, SHORT).await;
    answer.map_err(|refused| refused.failure("workflows could not be counted"))
}

fn names(
    group: &temporalio_common::protos::temporal::api::workflowservice::v1::count_workflow_executions_response::AggregationGroup,
) -> Vec<Value> {
    group.group_values.iter().map(|payload| serde_json::from_slice(&payload.data).unwrap_or_default()).collect()
}

fn word(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn shown(info: &WorkflowExecutionInfo) -> Value {
    let execution = info.execution.as_ref();
    json!({
        "workflow_id": execution.map(|execution| &execution.workflow_id),
        "run_id": execution.map(|execution| &execution.run_id),
        "type": info.r#type.as_ref().map(|kind| &kind.name),
        "status": status_name(info.status()),
        "task_queue": info.task_queue,
        "start_time": time!(info.start_time),
        "close_time": time!(info.close_time),
        "history_length": info.history_length,
        "search_attributes": plain(info.search_attributes.iter().flat_map(|indexed| &indexed.indexed_fields)),
    })
}

/// The columns are as wide as the page needs.
fn table(page: &[Value], with_head: bool) -> Result<(), Failure> {
    const COLUMNS: [(&str, &str); 4] =
        [("STATUS", "status"), ("WORKFLOW ID", "workflow_id"), ("TYPE", "type"), ("STARTED", "start_time")];
    let width = |(head, field): (&str, &str)| {
        let longest = page.iter().map(|workflow| word(&workflow[field]).chars().count()).max();
        longest.unwrap_or_default().max(head.len())
    };
    let widths = COLUMNS.map(width);
    let row = |cells: [String; 4]| {
        let cells: Vec<String> = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        print(cells.join("  ").trim_end())
    };
    if with_head && !page.is_empty() {
        row(COLUMNS.map(|(head, _)| head.to_owned()))?;
    }
    page.iter().try_for_each(|workflow| row(COLUMNS.map(|(_, field)| word(&workflow[field]))))
}
