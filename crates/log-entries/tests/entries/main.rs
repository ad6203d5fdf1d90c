//! The topic into the tables and out of them, on a real Kafka and a real PostgreSQL.

#![allow(clippy::unwrap_used, reason = "what a test sets up for itself fails the test")]

mod away;
mod lines;
mod once;
mod rig;
mod topics;
