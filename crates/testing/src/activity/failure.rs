//! How an activity that ran alone did not succeed: in the same shape as on the wire.

use std::time::Duration;

use temporalio_common::data_converters::{
    GenericPayloadConverter, PayloadConverter, SerializationContext, SerializationContextData, TemporalDeserializable,
};
use temporalio_common::protos::temporal::api::enums::v1::ApplicationErrorCategory;
use temporalio_common::protos::temporal::api::failure::v1::Failure;
use temporalio_common::protos::temporal::api::failure::v1::failure::FailureInfo;

/// A failure of an activity, as Temporal is told of it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ActivityFailure {
    /// The type name on the wire; `Unclassified` for an error without a class, `Panic` for a panic.
    pub type_name: String,
    /// What went wrong, without its causes.
    pub message: String,
    /// Whether Temporal may try again.
    pub retryable: bool,
    /// When the next attempt should come, in place of the retry policy's interval.
    pub next_delay: Option<Duration>,
    /// Whether it is an expected outcome.
    pub benign: bool,
    /// The messages of what led to it.
    pub causes: Vec<String>,
    /// The message on the wire.
    pub proto: Failure,
}

impl ActivityFailure {
    pub(super) fn of(proto: Failure) -> Self {
        let causes = std::iter::successors(proto.cause.as_deref(), |cause| cause.cause.as_deref());
        let causes = causes.map(|cause| cause.message.clone()).collect();
        let mut failure = Self {
            type_name: String::new(),
            message: proto.message.clone(),
            retryable: true,
            next_delay: None,
            benign: false,
            causes,
            proto,
        };
        if let Some(FailureInfo::ApplicationFailureInfo(info)) = &failure.proto.failure_info {
            failure.type_name.clone_from(&info.r#type);
            failure.retryable = !info.non_retryable;
            failure.next_delay = info.next_retry_delay.and_then(|delay| delay.try_into().ok());
            failure.benign = info.category() == ApplicationErrorCategory::Benign;
        }
        failure
    }

    /// Its details, if it has some and they are a `T`.
    pub fn details<T: TemporalDeserializable + 'static>(&self) -> Option<T> {
        let Some(FailureInfo::ApplicationFailureInfo(info)) = &self.proto.failure_info else { return None };
        let details = info.details.clone()?.payloads;
        let converter = PayloadConverter::default();
        converter.from_payloads(&SerializationContext::new(&SerializationContextData::None, &converter), details).ok()
    }
}

/// Why an activity gave no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotDone {
    /// It failed.
    #[error("the activity failed: {}: {}{}", .0.type_name, .0.message, causes(&.0.causes))]
    Failed(Box<ActivityFailure>),
    /// It let itself be cancelled.
    #[error("the activity let itself be cancelled")]
    Cancelled,
    /// It left its end to another process (`complete_later`): in production it would be open still.
    #[error("the activity left its end to another process, and is open still")]
    Later,
    /// It took longer than its start-to-close timeout.
    #[error("the activity timed out: it took longer than its start-to-close timeout")]
    TimedOut,
    /// It did not beat within its heartbeat timeout.
    #[error("the activity timed out: it did not beat within its heartbeat timeout")]
    HeartbeatTimedOut,
    /// It could not be run at all.
    #[error("the activity could not be run: {0}")]
    NotRun(String),
    /// Run once more after it had succeeded, it was not idempotent.
    #[error("the activity is not idempotent: {0}")]
    NotIdempotent(String),
}

fn causes(causes: &[String]) -> String {
    causes.iter().map(|cause| format!(": {cause}")).collect()
}

impl NotDone {
    /// The failure, if it was one.
    pub fn failure(&self) -> Option<&ActivityFailure> {
        match self {
            Self::Failed(failure) => Some(failure),
            _ => None,
        }
    }
}
