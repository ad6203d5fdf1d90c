//! `workflow query`: a question that a worker answers from the workflow's state.

use serde_json::{Value, json};
use temporalio_common::protos::temporal::api::enums::v1::QueryRejectCondition;
use temporalio_common::protos::temporal::api::query::v1::WorkflowQuery;
use temporalio_common::protos::temporal::api::workflowservice::v1::QueryWorkflowRequest;

use super::failure::values;
use super::pollers::unpolled;
use super::server::{Refused, SHORT, Server, execution};
use super::{describe, input};
use crate::arguments::Output;
use crate::arguments::workflow::{QueryArguments, RejectCondition};
use crate::exit::Failure;
use crate::print;

pub(crate) async fn run(server: &Server, arguments: &QueryArguments, inputs: &[input::Input]) -> Result<(), Failure> {
    let (id, run_id, name) =
        (&arguments.target.workflow_id, arguments.target.run_id.as_deref(), arguments.name.as_str());
    let query_args = input::encode(inputs, &server.payloads).await?;
    let request = QueryWorkflowRequest {
        namespace: server.namespace.clone(),
        execution: execution(id, run_id),
        query: Some(WorkflowQuery { query_type: name.to_owned(), query_args, ..Default::default() }),
        query_reject_condition: match arguments.reject_condition {
            None => QueryRejectCondition::None,
            Some(RejectCondition::NotOpen) => QueryRejectCondition::NotOpen,
            Some(RejectCondition::NotCompletedCleanly) => QueryRejectCondition::NotCompletedCleanly,
        }
        .into(),
    };
    let answer = match server.call(|service, request| service.query_workflow(request), request, SHORT).await {
        Ok(answer) => answer,
        Err(refused) => return Err(unanswered(server, id, run_id, name, &refused).await),
    };
    if let Some(rejected) = answer.query_rejected {
        let status = describe::status_name(rejected.status());
        return Err(Failure::Usage(format!(
            "workflow {id} is {status}, and --reject-condition refuses to ask it then; without it, it is asked all the same"
        )));
    }
    let mut values = values(&server.payloads, answer.query_result.as_ref()).await;
    let value = if values.len() > 1 { Value::Array(values) } else { values.pop().unwrap_or_default() };
    match arguments.output {
        Output::Text => print(&serde_json::to_string_pretty(&value).unwrap_or_default()),
        Output::Json => print(&json!({ "workflow_id": id, "query": name, "result": value }).to_string()),
    }
}

/// A query without an answer most often means that no worker is there.
async fn unanswered(server: &Server, id: &str, run_id: Option<&str>, name: &str, refused: &Refused) -> Failure {
    let described = describe::fetch(server, id, run_id).await;
    let queue = described.ok().and_then(|described| described.workflow_execution_info).map(|info| info.task_queue);
    if let Some(queue) = &queue
        && let Some(nobody) = unpolled(server, queue, None).await
    {
        return Failure::Unavailable(format!(
            "query {name} of workflow {id} got no answer: {nobody}. Start a worker that has it, and ask again"
        ));
    }
    refused.failure(format_args!("query {name} of workflow {id} got no answer"))
}
