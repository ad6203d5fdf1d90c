//! The workflows.

mod no_op;
mod process_large_dataset;

pub use no_op::NoOp;
pub use process_large_dataset::ProcessLargeDataset;
