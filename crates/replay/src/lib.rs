//! Histories of workflows: read, saved, replayed.
//!
//! A [`History`] is read from what the SDK, Temporal's CLI and UI or another SDK exported. [`Code`] is the workflows to
//! replay it on; [`Code::replay`] says whether they still do what history says, and if not, where they part.
//! [`on_every_core`] does that for a corpus.
//!
//! It leaves to others what the workflows are (a registry, in `mainspring-worker`) and where histories lie (the command).

mod code;
mod corpus;
mod error;
mod history;
mod naming;
mod parting;
mod recorder;
mod scrub;
pub mod server;

pub use code::{Code, Replayed, Verdict};
pub use corpus::on_every_core;
pub use error::ReplayError;
pub use history::{History, Owner, Part, Place, Placed};
pub use naming::patch_of;
pub use parting::Parting;
pub use scrub::{Fields, Scrub, Scrubbing};
pub use server::Run;
