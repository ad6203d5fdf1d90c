//! Why a workflow or an update failed, decoded: its type name, message and causes.

use std::error::Error;
use std::fmt;

use serde_json::Value;
use temporalio_common::error::IncomingError;
use temporalio_common::protos::temporal::api::failure::v1::failure::FailureInfo;

/// One link of the chain of causes that a workflow failed with. An activity's failure is the cause of another link, which
/// says which activity it was; [`WorkflowFailure::type_name`] looks through those.
#[derive(Clone, Debug)]
pub struct WorkflowFailure {
    message: String,
    own_type: Option<String>,
    details: Vec<Value>,
    cause: Option<Box<Self>>,
}

impl WorkflowFailure {
    pub(crate) fn of(error: &IncomingError) -> Self {
        let failure = error.failure();
        let (message, own_type, details) = match &failure.failure_info {
            Some(FailureInfo::ApplicationFailureInfo(info)) => {
                let payloads = info.details.iter().flat_map(|details| &details.payloads);
                let details = payloads.filter_map(|payload| serde_json::from_slice(&payload.data).ok()).collect();
                (failure.message.clone(), Some(info.r#type.clone()), details)
            }
            Some(FailureInfo::ActivityFailureInfo(info)) => {
                let name = info.activity_type.as_ref().map_or("", |activity| activity.name.as_str());
                (format!("activity {name} failed"), None, Vec::new())
            }
            Some(FailureInfo::ChildWorkflowExecutionFailureInfo(info)) => {
                let name = info.workflow_type.as_ref().map_or("", |workflow| workflow.name.as_str());
                (format!("child workflow {name} failed"), None, Vec::new())
            }
            _ => (failure.message.clone(), None, Vec::new()),
        };
        let own_type = own_type.filter(|name| !name.is_empty());
        Self { message, own_type, details, cause: error.cause().map(|cause| Box::new(Self::of(cause))) }
    }

    /// What went wrong, without its causes.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The type name of the outermost error that has one: what `#[derive(Failure)]` says of it, such as `CardDeclined`.
    pub fn type_name(&self) -> Option<&str> {
        self.links().find_map(|link| link.own_type.as_deref())
    }

    /// Whether an error of this class is anywhere in the chain: `failure.is(ChargeError::CARD_DECLINED)`. A name may be given
    /// too, for one of another language.
    pub fn is(&self, failure_type: impl AsRef<str>) -> bool {
        self.links().any(|link| link.own_type.as_deref() == Some(failure_type.as_ref()))
    }

    /// What that outermost error carries beside its message, as far as it is JSON.
    pub fn details(&self) -> &[Value] {
        self.links().find(|link| link.own_type.is_some()).map_or(&[], |link| &link.details)
    }

    /// The next link of the chain.
    pub fn caused_by(&self) -> Option<&Self> {
        self.cause.as_deref()
    }

    fn links(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |link| link.caused_by())
    }
}

impl fmt::Display for WorkflowFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for WorkflowFailure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.caused_by().map(|cause| cause as &(dyn Error + 'static))
    }
}
