//! The workflows.

mod no_op;

pub use no_op::NoOp;
