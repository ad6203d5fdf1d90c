//! One start, and what Temporal's answer means for the row.

use mainspring_caller::{Caller, CallerError, Contract};
use mainspring_client::raw_json;
use temporalio_client::tonic::{Code, Status};
use temporalio_common::WorkflowDefinition;
use temporalio_common::data_converters::RawValue;
use temporalio_common::protos::temporal::api::common::v1::WorkflowType;

use crate::Intent;

/// What became of a start.
#[derive(Debug)]
pub(super) enum Answer {
    /// It runs.
    Started { run_id: String },
    /// A workflow of its id runs, or has ended well: it is there.
    There { reason: String },
    /// Nobody answered: Temporal is away, or this row is more than it can take.
    None(String),
    /// Temporal lets nobody in, or has no such namespace: no row's fault.
    Closed(String),
    /// Temporal refused it, and may not the next time.
    Failed(String),
    /// Temporal will never take it.
    Invalid(String),
}

impl Answer {
    /// Why no row can be started.
    pub(super) fn closed(&self) -> Option<String> {
        match self {
            Self::Closed(reason) => Some(reason.clone()),
            _ => None,
        }
    }
}

/// Any workflow: the row says which.
#[derive(Default)]
struct Intended;

impl WorkflowDefinition for Intended {
    type Input = RawValue;
    type Output = RawValue;

    fn name(&self) -> &'static str {
        "intended"
    }
}

impl Contract for Intended {
    // Each row names its own.
    const TASK_QUEUE: &'static str = "";
}

pub(super) async fn start(caller: &Caller, intent: &Intent) -> Answer {
    let input = match raw_json(&intent.input) {
        Ok(input) => input,
        Err(error) => return Answer::Invalid(error.to_string()),
    };
    let name = intent.workflow_type.clone();
    let start = caller.start(Intended, input).with_id(&intent.workflow_id).task_queue(&intent.task_queue);
    let start = start.request_id(&intent.id).customize(move |request| {
        request.workflow_type = Some(WorkflowType { name });
    });
    match start.await {
        Ok(run) => Answer::Started { run_id: run.run_id().unwrap_or_default().to_owned() },
        Err(error) => meaning(&error),
    }
}

fn meaning(error: &CallerError) -> Answer {
    let reason = error.to_string();
    match error {
        CallerError::AlreadyRunning { .. } | CallerError::AlreadyClosed { .. } => Answer::There { reason },
        // Of a start it is the namespace that is not found.
        CallerError::NotFound { .. } => Answer::Closed(reason),
        CallerError::Refused { source, .. } => match source.downcast_ref::<Status>().map(Status::code) {
            Some(Code::InvalidArgument) => Answer::Invalid(reason),
            Some(Code::PermissionDenied | Code::Unauthenticated) => Answer::Closed(reason),
            _ => Answer::Failed(reason),
        },
        error if error.is_transient() => Answer::None(reason),
        _ => Answer::Failed(reason),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_the_rows_fault_only_where_temporal_says_so() {
        let refused = |status: Status| CallerError::Refused {
            what: "start workflow x".to_owned(),
            cause: status.message().to_owned(),
            source: Box::new(status),
        };
        assert!(matches!(meaning(&refused(Status::invalid_argument("no"))), Answer::Invalid(_)));
        assert!(matches!(meaning(&refused(Status::permission_denied("no"))), Answer::Closed(_)));
        assert!(matches!(meaning(&refused(Status::unauthenticated("no"))), Answer::Closed(_)));
        assert!(matches!(meaning(&refused(Status::failed_precondition("no"))), Answer::Failed(_)));
    }
}
