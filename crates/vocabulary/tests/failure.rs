//! What reaches the wire of a classified error, of one without a class, and of a panic.

use std::error::Error;
use std::io;
use std::time::Duration;

use mainspring_vocabulary::{Classified, Failure, classify, names, panic_failure};
use temporalio_common::ActivityError;
use temporalio_common::data_converters::{
    DefaultFailureConverter, FailureConverter, PayloadConverter, SerializationContextData,
};
use temporalio_common::error::{
    ApplicationErrorCategory, ApplicationFailure, OutgoingActivityError, OutgoingError, OutgoingWorkflowError,
};
use temporalio_common::protos::temporal::api::failure::v1::failure::FailureInfo;
use temporalio_common::protos::temporal::api::failure::v1::{ApplicationFailureInfo, Failure as Encoded};
use temporalio_workflow::WorkflowTermination;

#[derive(Debug, Failure)]
enum ChargeError {
    #[failure(terminal, message = "card {last4} was declined")]
    CardDeclined { last4: String },
    #[failure(retryable, message = "{1:?} is busy: {0}", next_delay = "30s")]
    BankBusy(#[source] io::Error, &'static str),
    #[failure(terminal, message = "charged before", type_name = "AlreadyCharged", benign)]
    Duplicate,
    #[failure(retryable, message = "the ledger is away: {0}")]
    Ledger(#[source] anyhow::Error),
}

#[derive(Debug, Failure)]
#[failure(terminal, message = "{id} is not there")]
struct NoSuchOrder {
    id: u64,
}

/// What the SDK would send.
fn sent(error: impl Into<ActivityError>) -> Encoded {
    let ActivityError::Application(failure) = error.into() else { panic!("not an application failure") };
    encode(OutgoingActivityError::Application(failure).into())
}

fn encode(error: OutgoingError) -> Encoded {
    DefaultFailureConverter::default().to_failure(error, &PayloadConverter::default(), &SerializationContextData::None)
}

fn info(failure: &Encoded) -> &ApplicationFailureInfo {
    match &failure.failure_info {
        Some(FailureInfo::ApplicationFailureInfo(info)) => info,
        other => panic!("{other:?}"),
    }
}

/// The messages from the failure down to its first cause.
fn chain(failure: &Encoded) -> Vec<&str> {
    std::iter::successors(Some(failure), |failure| failure.cause.as_deref()).map(|f| f.message.as_str()).collect()
}

fn busy() -> ChargeError {
    ChargeError::BankBusy(io::Error::other(anyhow::anyhow!("no slot")), "Bank of X")
}

#[test]
fn a_terminal_failure_is_not_retried_and_bears_its_variants_name() {
    let sent = sent(ChargeError::CardDeclined { last4: "4242".into() });
    assert_eq!(chain(&sent), ["card 4242 was declined"]);
    assert_eq!(info(&sent).r#type, "CardDeclined");
    assert!(info(&sent).non_retryable);
    assert_eq!(info(&sent).next_retry_delay, None);
}

#[test]
fn a_retryable_failure_says_when_to_try_again_and_keeps_its_causes() {
    let sent = sent(busy());
    assert_eq!(chain(&sent), ["\"Bank of X\" is busy: no slot", "no slot"]);
    assert_eq!(info(&sent).r#type, "BankBusy");
    assert!(!info(&sent).non_retryable);
    assert_eq!(info(&sent).next_retry_delay.map(|delay| delay.seconds), Some(30));
}

#[test]
fn an_anyhow_error_is_a_cause_with_its_own_causes() {
    let error = anyhow::Error::new(io::Error::other("disk full")).context("commit");
    assert_eq!(chain(&sent(ChargeError::Ledger(error))), ["the ledger is away: commit", "commit", "disk full"]);
}

#[test]
fn a_name_of_choice_and_a_benign_category_reach_the_wire() {
    let sent = sent(ChargeError::Duplicate);
    assert_eq!(info(&sent).r#type, "AlreadyCharged");
    assert_eq!(info(&sent).category(), ApplicationErrorCategory::Benign.into());
}

#[test]
fn a_struct_is_a_failure_of_one_kind() {
    let sent = sent(NoSuchOrder { id: 7 });
    assert_eq!((chain(&sent), info(&sent).r#type.as_str()), (vec!["7 is not there"], "NoSuchOrder"));
    assert_eq!(NoSuchOrder::TYPE_NAMES, NoSuchOrder::NON_RETRYABLE);
}

#[test]
fn a_retry_policy_can_be_made_of_the_enum() {
    assert_eq!(ChargeError::TYPE_NAMES, ["CardDeclined", "BankBusy", "AlreadyCharged", "Ledger"]);
    assert_eq!(ChargeError::NON_RETRYABLE, ["CardDeclined", "AlreadyCharged"]);
}

#[test]
fn the_class_can_be_asked_before_it_is_sent() {
    let error = busy();
    assert!(error.retryable() && !error.benign());
    assert_eq!((error.type_name(), error.next_delay()), ("BankBusy", Some(Duration::from_secs(30))));
    assert_eq!(error.cause().map(ToString::to_string).as_deref(), Some("no slot"));
    assert!(ChargeError::Duplicate.cause().is_none());
}

#[test]
fn a_workflow_fails_with_the_same_class() {
    let WorkflowTermination::Failed(OutgoingWorkflowError::Application(failure)) = busy().into() else {
        panic!("another termination")
    };
    assert_eq!(failure.type_name(), Some("BankBusy"));
    assert_eq!(encode(OutgoingWorkflowError::Application(failure).into()), sent(busy()));
    assert_eq!(ApplicationFailure::from(ChargeError::Duplicate).type_name(), Some("AlreadyCharged"));
}

#[test]
fn an_error_without_a_class_is_named_and_otherwise_the_same() {
    let plain = || {
        let cause = ApplicationFailure::builder("inner").type_name("Inner".to_owned()).details(vec![1]).build();
        let error: ActivityError = ApplicationFailure::builder(anyhow::Error::new(Caused(cause)))
            .non_retryable(true)
            .next_retry_delay(Duration::from_millis(1500))
            .category(ApplicationErrorCategory::Benign)
            .details("a detail".to_owned())
            .build()
            .into();
        error
    };
    let mut expected = sent(plain());
    let Some(FailureInfo::ApplicationFailureInfo(expected_info)) = &mut expected.failure_info else {
        panic!("not an application failure")
    };
    assert!(expected_info.details.is_some() && expected.cause.is_some());
    assert_eq!(expected_info.r#type, "");
    expected_info.r#type = names::UNCLASSIFIED.to_owned();
    assert_eq!(sent(classify(plain())), expected);
}

/// An error whose cause is a failure of the SDK, with a name and details of its own.
#[derive(Debug)]
struct Caused(ApplicationFailure);

impl std::fmt::Display for Caused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("outer")
    }
}

impl Error for Caused {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

#[test]
fn a_std_error_by_question_mark_is_unclassified_and_retryable() {
    fn activity() -> Result<(), ActivityError> {
        Err(io::Error::other("disk full"))?
    }
    let sent = sent(classify(activity().unwrap_err()));
    assert_eq!((sent.message.as_str(), info(&sent).r#type.as_str()), ("disk full", "Unclassified"));
    assert!(!info(&sent).non_retryable);
}

#[test]
fn a_classified_error_passes_untouched() {
    let ActivityError::Application(failure) = classify(busy().into()) else { panic!("not an application failure") };
    assert_eq!(failure.type_name(), Some("BankBusy"));
    assert!(failure.failure().is_none(), "it was not taken through the wire's form");
}

#[test]
fn a_cancelled_or_pending_activity_passes() {
    let cancelled = classify(ActivityError::cancelled_with_details("where it was".to_owned()));
    assert!(matches!(cancelled, ActivityError::Cancelled { details: Some(_) }));
    assert!(matches!(classify(ActivityError::WillCompleteAsync), ActivityError::WillCompleteAsync));
}

#[test]
fn a_panic_says_what_and_where_and_may_be_retried() {
    let of = |panic: Box<dyn std::any::Any + Send>, place: Option<&str>| {
        sent(ActivityError::application(panic_failure(panic, place.map(str::to_owned))))
    };
    let text = of(Box::new("out of range"), Some("src/charge.rs:7:5"));
    assert_eq!(chain(&text), ["panicked at src/charge.rs:7:5: out of range"]);
    assert_eq!((info(&text).r#type.as_str(), info(&text).non_retryable), (names::PANIC, false));
    assert_eq!(of(Box::new("formatted".to_owned()), None).message, "panicked: formatted");
    assert_eq!(of(Box::new(7), None).message, "panicked: what it threw is not a text");
}
