//! Words that products and their callers share: contracts, and the classes of errors.
//!
//! Of an error, retryable or terminal is in the type, and so is the name on the wire. Of a workflow, its [`Contract`]
//! says where it runs and which id follows from its input; of an activity, its [`ActivityContract`] says how long it may
//! take and how it fails.
//!
//! ```
//! use mainspring_vocabulary::{Classified, Failure};
//!
//! #[derive(Debug, Failure)]
//! enum ChargeError {
//!     #[failure(terminal, message = "card {last4} was declined")]
//!     CardDeclined { last4: String },
//!     #[failure(retryable, message = "the bank is busy: {0}", next_delay = "30s")]
//!     BankBusy(#[source] std::io::Error),
//! }
//!
//! let declined = ChargeError::CardDeclined { last4: "4242".into() };
//! assert_eq!(declined.to_string(), "card 4242 was declined");
//! assert_eq!(declined.type_name(), "CardDeclined");
//! assert_eq!(ChargeError::NON_RETRYABLE, ["CardDeclined"]); // for a retry policy
//! assert_eq!(ChargeError::BANK_BUSY.name(), "BankBusy"); // for workflow code: error.is(ChargeError::BANK_BUSY)
//! ```
//!
//! Such a type does not implement `std::error::Error`, on purpose: the SDK converts every std error with one blanket
//! `From` that forgets its type, and the compiler refuses a type that would have both conversions. An activity that
//! returns a std error fails with the type name [`names::UNCLASSIFIED`].

// The derive names this crate by its own name, here too.
extern crate self as mainspring_vocabulary;

mod activity_contract;
mod classify;
mod contract;
mod failure;
mod failure_type;
mod messages;
pub mod names;
pub mod outside;
mod panic;
pub mod progress;
mod ranges;
mod timeouts;
mod wire;

pub use activity_contract::ActivityContract;
pub use classify::classify;
pub use contract::Contract;
pub use failure::{Classified, NoFailures, application_failure};
pub use failure_type::{FailedWith, FailureType};
pub use messages::{Message, MessageKind, Messages};
pub use panic::panic_failure;
pub use progress::{Progress, ProgressError};
pub use ranges::Ranges;
pub use timeouts::Timeouts;
pub use wire::WireType;

/// Makes an enum, or a struct, the failures of an activity or workflow.
///
/// It derives [`Classified`], `Display`, and `From` into the SDK's `ActivityError`, `ApplicationFailure` and
/// `WorkflowTermination`, so that `?` keeps the class. Of each variant, or of the struct, `#[failure(…)]` says:
///
/// | word | |
/// |---|---|
/// | `terminal` or `retryable` | required: whether another attempt may succeed |
/// | `message = "…"` | required: what an operator reads; names fields as `{field}`, or `{0}` of a tuple |
/// | `type_name = "…"` | the name on the wire; default: the variant's or struct's. Never change one that has shipped |
/// | `next_delay = "30s"` | when the next attempt should come, in place of the retry policy's interval |
/// | `next_delay = after` | the same from the field `after`, a `Duration` or an `Option` of one: what the other side asked for |
/// | `benign` | an expected outcome: the server keeps it out of error counts |
///
/// Each variant has a constant, a [`FailureType`], for retry policies and matches in workflow code: `CardDeclined` has
/// `CARD_DECLINED`. That of a struct is `TYPE`.
///
/// A field marked `#[source]` is the cause, and stays in the failure's chain: a std error, a boxed one, or `anyhow`'s.
pub use mainspring_macros::Failure;

/// What the derive's output names. Not for use by hand.
#[doc(hidden)]
pub mod __private {
    pub use temporalio_common::ActivityError;
    pub use temporalio_common::error::ApplicationFailure;
    pub use temporalio_workflow::WorkflowTermination;

    pub use crate::failure::AsCause;
}
