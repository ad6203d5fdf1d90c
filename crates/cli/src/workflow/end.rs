//! `workflow cancel` and `workflow terminate`: one workflow, or all that match a query.

use serde_json::json;
use temporalio_client::tonic::Code;
use temporalio_common::protos::temporal::api::batch::v1::{BatchOperationCancellation, BatchOperationTermination};
use temporalio_common::protos::temporal::api::workflowservice::v1::start_batch_operation_request::Operation;
use temporalio_common::protos::temporal::api::workflowservice::v1::{
    RequestCancelWorkflowExecutionRequest, TerminateWorkflowExecutionRequest,
};

use super::batch::{self, Job};
use super::server::{Refused, SHORT, Server, execution};
use super::{Notice, describe};
use crate::arguments::Output;
use crate::arguments::workflow::{EndArguments, Targets};
use crate::exit::Failure;
use crate::{print, say};

/// How a workflow is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    Cancel,
    Terminate,
}

impl How {
    const fn verb(self) -> &'static str {
        match self {
            Self::Cancel => "cancel",
            Self::Terminate => "terminate",
        }
    }

    /// What a workflow is that was ended so.
    const fn status(self) -> &'static str {
        match self {
            Self::Cancel => "Canceled",
            Self::Terminate => "Terminated",
        }
    }

    const fn done(self) -> &'static str {
        match self {
            Self::Cancel => "was asked to cancel itself",
            Self::Terminate => "was terminated",
        }
    }

    fn batch(self, identity: String) -> Operation {
        match self {
            Self::Cancel => Operation::CancellationOperation(BatchOperationCancellation { identity }),
            Self::Terminate => {
                Operation::TerminationOperation(BatchOperationTermination { identity, ..Default::default() })
            }
        }
    }

    async fn send(self, server: &Server, id: &str, targets: &Targets, reason: String) -> Result<(), Refused> {
        let workflow_execution = execution(id, targets.run_id.as_deref());
        let first_execution_run_id = first_run(server, id, targets.run_id.as_deref()).await?;
        let (namespace, identity) = (server.namespace.clone(), server.identity.clone());
        match self {
            Self::Cancel => {
                let request = RequestCancelWorkflowExecutionRequest {
                    namespace,
                    workflow_execution,
                    identity,
                    request_id: uuid::Uuid::new_v4().to_string(),
                    reason,
                    first_execution_run_id,
                    ..Default::default()
                };
                let call =
                    server.call(|service, request| service.request_cancel_workflow_execution(request), request, SHORT);
                call.await.map(|_| ())
            }
            Self::Terminate => {
                let request = TerminateWorkflowExecutionRequest {
                    namespace,
                    workflow_execution,
                    reason,
                    identity,
                    first_execution_run_id,
                    ..Default::default()
                };
                let call =
                    server.call(|service, request| service.terminate_workflow_execution(request), request, SHORT);
                call.await.map(|_| ())
            }
        }
    }
}

/// The first run of the chain that answers to the id now. An attempt whose answer was lost is repeated: it must not reach
/// a workflow that somebody has started since under the same id.
async fn first_run(server: &Server, id: &str, run_id: Option<&str>) -> Result<String, Refused> {
    let info = describe::fetch(server, id, run_id).await?.workflow_execution_info;
    Ok(info.map(|info| info.first_run_id).unwrap_or_default())
}

pub(crate) async fn run(server: &Server, how: How, arguments: &EndArguments, notice: &Notice) -> Result<(), Failure> {
    let (targets, reason) = (&arguments.targets, arguments.reason.as_deref());
    let Some(id) = &targets.workflow_id else {
        let operation = how.batch(server.identity.clone());
        let job = Job { verb: how.verb(), targets, reason, operation, output: arguments.output };
        return batch::run(server, &job, notice).await;
    };
    notice.set(format!("Workflow {id} may have got it: look with `mainspring workflow describe --workflow-id {id}`"));
    let reason = reason.map_or_else(|| batch::reason_of(how.verb()), str::to_owned);
    if let Err(refused) = how.send(server, id, targets, reason).await {
        // An attempt whose answer was lost may have ended it: then the next one finds it so.
        let was_lost = refused.lost && refused.is(Code::NotFound);
        let status = if was_lost { describe::status(server, id, targets.run_id.as_deref()).await } else { None };
        if status.as_deref() != Some(how.status()) {
            return Err(refused.failure(format_args!("could not {} workflow {id}{}", how.verb(), refused.doubt())));
        }
    }
    say(&format!("workflow {id} {}", how.done()));
    match arguments.output {
        Output::Text => Ok(()),
        Output::Json => print(&json!({ "workflow_id": id }).to_string()),
    }
}
