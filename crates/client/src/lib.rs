//! Connections to Temporal that retry, rotate their credentials, and say what they tried.
//!
//! A [`Connector`] is made of settings; [`Connector::connect`] gives a [`Link`], which is the SDK's client with a task
//! that keeps its credentials fresh. [`Payloads`] is the one way from values to payloads and back.
//!
//! ```no_run
//! use mainspring_client::{Connector, PATIENCE_COMMAND};
//! use mainspring_settings::{Sources, connection::ConnectionSettings, load};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let settings: ConnectionSettings = load(&Sources::from_process()?)?;
//! let connector = Connector::new(settings)?;
//! let link = connector.connect(PATIENCE_COMMAND).await?;
//! let handle = link.get_workflow_handle::<temporalio_client::UntypedWorkflow>("order-17");
//! # drop(handle);
//! # Ok(())
//! # }
//! ```

mod attempt;
pub mod calls;
mod cause;
mod causes;
mod connector;
mod error;
mod link;
mod payload;
mod rotation;
pub mod search_attributes;
mod target;
mod verdict;

pub use causes::with_causes;
pub use connector::{Connector, PATIENCE_COMMAND, PATIENCE_WORKER, ROTATION_INTERVAL};
pub use error::{ClientError, Tried};
pub use link::Link;
pub use payload::{Payloads, raw_json};
pub use target::Target;
