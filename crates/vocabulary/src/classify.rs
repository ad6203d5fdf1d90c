//! Errors without a class.

use temporalio_common::ActivityError;
use temporalio_common::data_converters::{
    DefaultFailureConverter, FailureConverter, PayloadConverter, SerializationContextData,
};
use temporalio_common::error::{ApplicationFailure, IncomingError, OutgoingActivityError};
use temporalio_common::protos::temporal::api::failure::v1::failure::FailureInfo;

use crate::names;

/// Gives an error without a type name the name [`names::UNCLASSIFIED`], so that retry policies and searches can match
/// it. All else of it stays: message, causes, details, retryable or not, next delay, category. Every other error passes
/// as it is.
pub fn classify(error: ActivityError) -> ActivityError {
    match error {
        ActivityError::Application(failure) if failure.type_name().is_none_or(str::is_empty) => {
            ActivityError::application(with_name(failure, names::UNCLASSIFIED))
        }
        other => other,
    }
}

/// The SDK's failure can be neither changed nor taken apart, but it can be encoded and decoded, which is what happens
/// to it next anyway. Details are encoded by the SDK's default converter; codecs still come after.
fn with_name(failure: Box<ApplicationFailure>, name: &str) -> ApplicationFailure {
    let (converter, payloads, context) =
        (DefaultFailureConverter::default(), PayloadConverter::default(), SerializationContextData::None);
    let mut encoded = converter.to_failure(OutgoingActivityError::Application(failure).into(), &payloads, &context);
    if let Some(FailureInfo::ApplicationFailureInfo(info)) = &mut encoded.failure_info {
        name.clone_into(&mut info.r#type);
    }
    let message = encoded.message.clone();
    match converter.to_error(encoded, &payloads, &context) {
        Ok(IncomingError::Application(named)) => named,
        // The SDK decodes every application failure as one.
        _ => ApplicationFailure::builder(message).type_name(name.to_owned()).build(),
    }
}
