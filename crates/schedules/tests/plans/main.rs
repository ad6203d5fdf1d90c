//! Plans and their application on Temporal's dev server.

#![allow(clippy::unwrap_used, reason = "what a test's own parts cannot do fails the test")]

mod applying;
mod cron;
mod desk;
mod fields;
mod foreign;
mod together;
