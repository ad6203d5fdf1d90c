//! The kit for tests of products, on a real server.

mod alone;
mod classes;
mod connected;
mod lab;
mod logging;
mod mocking;
mod ordering;
mod ordering_timers;
mod twice;
mod workers;
