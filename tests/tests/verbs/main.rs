//! `mainspring workflow …` as it is typed, against the real server, over the lab's product: what is on stdout, what is on
//! stderr, and the exit code.

mod asking;
mod batches;
mod desk;
mod ending;
mod lost_answers;
mod refusals;
mod starting;
mod temporals_cli;
mod waiting;
