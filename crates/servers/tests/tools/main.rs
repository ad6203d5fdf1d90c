//! Tools: found, downloaded, built; and what is said when none of that works.

#![allow(clippy::unwrap_used, reason = "what a test sets up for itself fails the test")]

mod cargo;
mod download;
mod finding;
mod go;
mod jars;
mod published;
mod python;
