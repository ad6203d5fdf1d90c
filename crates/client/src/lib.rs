//! Connections to Temporal that retry, rotate their credentials and say what they tried; and the one way in which
//! payloads are encoded.
//!
//! A [`Connector`] makes as many [`Link`]s as are wanted: every worker has one of its own. A [`Link`] is the SDK's client
//! with a task beside it that reads the API key's file again.

mod certificates;
mod connector;
mod error;
mod key;
mod link;
mod payloads;

pub use connector::{Connector, PATIENCE_COMMAND, PATIENCE_WORKER};
pub use error::ClientError;
pub use link::Link;
pub use payloads::{PayloadError, Payloads};
