//! What workflow code takes from an activity's contract, and how it knows a failure again.

use std::time::Duration;

use mainspring_vocabulary::{ActivityContract, FailedWith, Failure, NoFailures, Timeouts, names};
use temporalio_common::data_converters::{
    DefaultFailureConverter, FailureConverter, PayloadConverter, SerializationContextData,
};
use temporalio_common::error::{ActivityExecutionError, IncomingError, OutgoingActivityError};
use temporalio_common::protos::temporal::api::failure::v1::failure::FailureInfo;
use temporalio_common::protos::temporal::api::failure::v1::{ActivityFailureInfo, Failure as Sent};
use temporalio_common::{ActivityDefinition, ActivityError, RetryPolicy};

#[derive(Debug, Failure)]
enum ChargeError {
    #[failure(terminal, message = "declined")]
    CardDeclined,
    #[failure(retryable, message = "busy", type_name = "Busy")]
    BankBusy,
    #[failure(terminal, message = "stolen")]
    Stolen,
}

struct Charge;

impl ActivityDefinition for Charge {
    type Input = u64;
    type Output = String;

    fn name(&self) -> &'static str {
        "charge"
    }
}

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

impl ActivityContract for Charge {
    type Failures = ChargeError;
    const TIMEOUTS: Timeouts =
        Timeouts::start_to_close(secs(90)).heartbeat(secs(9)).schedule_to_close(secs(900)).schedule_to_start(secs(5));

    fn retry_policy() -> RetryPolicy {
        RetryPolicy::builder().maximum_attempts(4).non_retryable_error_types(["CardDeclined", "Foreign"]).build()
    }
}

struct Echo;

impl ActivityDefinition for Echo {
    type Input = ();
    type Output = ();

    fn name(&self) -> &'static str {
        "echo"
    }
}

impl ActivityContract for Echo {
    type Failures = NoFailures;
    const TIMEOUTS: Timeouts = Timeouts::start_to_close(secs(7));
}

#[test]
fn the_options_of_a_call_are_those_of_the_contract() {
    let options = Charge.options();
    let close = options.close_timeouts;
    assert_eq!((close.start_to_close(), close.schedule_to_close()), (Some(secs(90)), Some(secs(900))));
    assert_eq!((options.heartbeat_timeout, options.schedule_to_start_timeout), (Some(secs(9)), Some(secs(5))));
    let policy = options.retry_policy.unwrap();
    assert_eq!(policy.maximum_attempts(), 4);
    assert_eq!(policy.non_retryable_error_types(), ["CardDeclined", "Foreign", "Stolen"], "each once");

    let local = Charge.local_options();
    assert_eq!((local.start_to_close_timeout, local.schedule_to_close_timeout), (Some(secs(90)), Some(secs(900))));
    assert_eq!((local.schedule_to_start_timeout, local.retry_policy), (Some(secs(5)), policy));
}

#[test]
fn without_more_words_it_is_tried_again_as_temporal_does() {
    let options = Echo.options();
    let close = options.close_timeouts;
    assert_eq!((close.start_to_close(), close.schedule_to_close()), (Some(secs(7)), None));
    assert_eq!((options.heartbeat_timeout, options.schedule_to_start_timeout), (None, None));
    assert_eq!(options.retry_policy, Some(RetryPolicy::default()));
}

/// As workflow code gets it back: the activity's failure around that of its last attempt.
fn received(error: impl Into<ActivityError>) -> ActivityExecutionError {
    let ActivityError::Application(failure) = error.into() else { panic!("not an application failure") };
    let (converter, payloads, context) =
        (DefaultFailureConverter::default(), PayloadConverter::default(), SerializationContextData::None);
    let cause = converter.to_failure(OutgoingActivityError::Application(failure).into(), &payloads, &context);
    let outer = Sent {
        message: "activity error".to_owned(),
        cause: Some(Box::new(cause)),
        failure_info: Some(FailureInfo::ActivityFailureInfo(ActivityFailureInfo::default())),
        ..Sent::default()
    };
    match converter.to_error(outer, &payloads, &context) {
        Ok(IncomingError::Activity(error)) => ActivityExecutionError::Failed(error),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_failed_activity_is_known_by_its_class() {
    let busy = received(ChargeError::BankBusy);
    assert_eq!(busy.type_name(), Some("Busy"));
    assert!(busy.is(ChargeError::BANK_BUSY) && busy.is("Busy"));
    assert!(!busy.is(ChargeError::CARD_DECLINED) && !busy.is("") && !busy.is(names::PANIC));
    let declined =
        [ChargeError::CardDeclined, ChargeError::Stolen].map(|error| received(error).is(ChargeError::STOLEN));
    assert_eq!(declined, [false, true]);
    let ActivityExecutionError::Failed(error) = &busy else { panic!("{busy:?}") };
    assert!(error.cause().is_some_and(|cause| cause.is(ChargeError::BANK_BUSY)), "and so is its cause");
}
