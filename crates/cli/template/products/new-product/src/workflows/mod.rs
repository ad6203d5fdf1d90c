//! The workflow.

mod greet;

pub use greet::Greet;
