//! `workflow signal`: one workflow, or all that match a query.

use serde_json::json;
use temporalio_client::tonic::Code;
use temporalio_common::protos::temporal::api::batch::v1::BatchOperationSignal;
use temporalio_common::protos::temporal::api::common::v1::Payloads;
use temporalio_common::protos::temporal::api::workflowservice::v1::SignalWorkflowExecutionRequest;
use temporalio_common::protos::temporal::api::workflowservice::v1::start_batch_operation_request::Operation;

use super::batch::{self, Job};
use super::server::{Refused, SHORT, Server, execution};
use super::{Notice, describe, input};
use crate::arguments::Output;
use crate::arguments::workflow::SignalArguments;
use crate::exit::Failure;
use crate::{print, say};

pub(crate) async fn run(
    server: &Server,
    arguments: &SignalArguments,
    inputs: &[input::Input],
    notice: &Notice,
) -> Result<(), Failure> {
    let input = input::encode(inputs, &server.payloads).await?;
    let (targets, name) = (&arguments.targets, &arguments.name);
    let Some(id) = &targets.workflow_id else {
        let operation = BatchOperationSignal {
            signal: name.clone(),
            input,
            identity: server.identity.clone(),
            ..Default::default()
        };
        let job = Job {
            verb: "signal",
            targets,
            reason: arguments.reason.as_deref(),
            operation: Operation::SignalOperation(operation),
            output: arguments.output,
        };
        return batch::run(server, &job, notice).await;
    };
    notice.set(format!("Signal {name} may have reached workflow {id}"));
    let sent = send(server, id, targets.run_id.as_deref(), name, input).await;
    sent.map_err(|refused| {
        refused.failure(format_args!("signal {name} could not be sent to workflow {id}{}", refused.doubt()))
    })?;
    say(&format!("signal {name} sent to workflow {id}"));
    match arguments.output {
        Output::Text => Ok(()),
        Output::Json => print(&json!({ "workflow_id": id, "signal": name }).to_string()),
    }
}

/// To the run that answers to the id now. It is named, because Temporal knows a repeated request by the run: an attempt whose
/// answer was lost would else be repeated on the next run of a workflow that has continued as new.
async fn send(
    server: &Server,
    id: &str,
    given: Option<&str>,
    name: &str,
    input: Option<Payloads>,
) -> Result<(), Refused> {
    let mut run_id = current(server, id, given).await?;
    let mut request = SignalWorkflowExecutionRequest {
        namespace: server.namespace.clone(),
        signal_name: name.to_owned(),
        input,
        identity: server.identity.clone(),
        request_id: uuid::Uuid::new_v4().to_string(),
        ..Default::default()
    };
    loop {
        request.workflow_execution = execution(id, Some(&run_id));
        let sent =
            server.call(|service, request| service.signal_workflow_execution(request), request.clone(), SHORT).await;
        let Err(refused) = sent else { return Ok(()) };
        // The run has ended since. If another has taken its place, and no attempt can have landed, that one is meant.
        if given.is_some() || refused.lost || !refused.is(Code::NotFound) {
            return Err(refused);
        }
        match current(server, id, None).await {
            Ok(next) if next != run_id => run_id = next,
            _ => return Err(refused),
        }
    }
}

async fn current(server: &Server, id: &str, given: Option<&str>) -> Result<String, Refused> {
    if let Some(run_id) = given {
        return Ok(run_id.to_owned());
    }
    let execution = describe::fetch(server, id, None).await?.workflow_execution_info.and_then(|info| info.execution);
    Ok(execution.map(|execution| execution.run_id).unwrap_or_default())
}
