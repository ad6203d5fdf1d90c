//! A workspace with workflow code that breaks every rule, and some that breaks none.
#![allow(unused)]

pub mod elsewhere;
pub mod workflows;
