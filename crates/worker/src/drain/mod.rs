//! Leaving well: one sum of times (invariant 2), and the attempts that are still running.

mod attempts;
mod sum;

pub use attempts::{Attempts, Limits, RunningAttempt};
pub use sum::Sum;
