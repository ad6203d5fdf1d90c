//! `mainspring workflow …`, `activity …` and `schedules …` as they are typed, against the real server, over the lab's product: what is on stdout, what is on
//! stderr, and the exit code.

mod activities;
mod applying;
mod asking;
mod batches;
mod desk;
mod ending;
mod later;
mod lost_answers;
mod many_schedules;
mod refusals;
mod schedules;
mod starting;
mod temporals_cli;
mod waiting;
