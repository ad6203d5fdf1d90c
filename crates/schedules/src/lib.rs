//! Schedules as data: what a product declares, what a server has, and the plan from one to the other.

pub mod calls;
