//! `cargo xtask changed` on made histories: which workers a deployment would replace, and why.
#![allow(clippy::unwrap_used, reason = "a test")]

mod bases;
mod dependencies;
mod made;
mod sources;
mod surroundings;
