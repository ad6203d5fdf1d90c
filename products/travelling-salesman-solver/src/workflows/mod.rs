//! The workflow.

mod travelling_salesman;

pub use travelling_salesman::TravellingSalesman;
