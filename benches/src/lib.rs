//! What the benchmarks share: figures with their intervals, and programs built as in production.

pub mod figures;
pub mod programs;
pub mod python;
