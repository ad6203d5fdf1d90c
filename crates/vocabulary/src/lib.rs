//! The words that errors travel in: retryable or terminal is in the type, and so is the name on the wire.
//!
//! ```
//! use mainspring_vocabulary::{Classified, Failure};
//!
//! #[derive(Debug, Failure)]
//! enum ChargeError {
//!     #[failure(terminal, message = "card {last4} was declined")]
//!     CardDeclined { last4: String },
//!     #[failure(retryable, message = "the bank is busy: {0}", next_delay = "30s")]
//!     BankBusy(String),
//! }
//!
//! let declined = ChargeError::CardDeclined { last4: "4242".into() };
//! assert_eq!(declined.to_string(), "card 4242 was declined");
//! assert_eq!(declined.type_name(), "CardDeclined");
//! assert_eq!(ChargeError::TERMINAL, ["CardDeclined"]); // for a retry policy's non-retryable types
//! ```
//!
//! Such a type does not implement `std::error::Error`, on purpose: the SDK converts every std error with one blanket
//! `From` that forgets its type. An activity that returns one of those fails with the type name [`names::UNCLASSIFIED`].

mod failure;
pub mod names;

pub use failure::{Classified, application_failure, classify, panic_failure};
pub use mainspring_macros::Failure;

/// What the derive's output names. Not for use by hand.
#[doc(hidden)]
pub mod __private {
    pub use temporalio_common::ActivityError;
    pub use temporalio_workflow::WorkflowTermination;
}
