//! The time-skipping server as the kit uses it: what its clock does, and what the server does not.

mod clock;
mod limits;
mod worker;
