//! For callers of workflows, such as a web backend: start, signal, query, update and await them, typed by their
//! contract. No worker code and no SDK core: this crate and the contract's are all that a caller needs.
//!
//! ```no_run
//! # use mainspring_caller::Contract;
//! # use temporalio_common::WorkflowDefinition;
//! # #[derive(Default)]
//! # struct Invoice;
//! # impl WorkflowDefinition for Invoice {
//! #     type Input = u64;
//! #     type Output = String;
//! #     fn name(&self) -> &str { "invoice" }
//! # }
//! # impl Contract for Invoice {
//! #     const TASK_QUEUE: &'static str = "billing";
//! # }
//! use mainspring_caller::settings::{Sources, load};
//! use mainspring_caller::{Caller, CallerError};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let caller = Caller::connect(load(&Sources::from_process()?)?).await?;
//! let run = match caller.start(Invoice, 17).await {
//!     Ok(run) => run,
//!     Err(CallerError::AlreadyRunning { workflow_id, .. }) => caller.workflow(Invoice, workflow_id),
//!     Err(error) => return Err(error.into()),
//! };
//! println!("{}", run.result().await?);
//! # Ok(())
//! # }
//! ```
//!
//! **Ids.** The id follows from the input if the contract says so, so that the same thing never runs twice at once;
//! else it is random. **Retries.** Each call is repeated by itself while Temporal cannot be reached, for 10 s
//! ([`Caller::with_limit`]), and takes effect once however often it was sent. To repeat it across requests and processes, give
//! [`Start::request_id`] what stays the same, such as an `Idempotency-Key` header.

mod call;
mod caller;
mod definition;
mod error;
mod failure;
mod request;
mod run;
mod start;
mod status;
mod with_start;

pub use caller::{CALL_LIMIT, Caller};
pub use error::CallerError;
pub use failure::WorkflowFailure;
pub use mainspring_settings as settings;
pub use mainspring_vocabulary::Contract;
pub use run::Run;
pub use start::Start;
pub use status::Status;
pub use temporalio_client::{WorkflowIdConflictPolicy, WorkflowIdReusePolicy};
pub use with_start::{StartWithSignal, StartWithUpdate};
