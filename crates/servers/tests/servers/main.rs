//! The real servers, each asked by a client that is not ours where there is one.

#![allow(clippy::unwrap_used, reason = "what a test sets up for itself fails the test")]

mod dev_server;
mod ending;
mod healing;
mod kafka;
mod postgres;
mod s3;
mod silent;
mod time_skipping;
