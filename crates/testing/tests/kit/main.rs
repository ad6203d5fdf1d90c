//! The kit for tests of products, on a real server.

mod lab;
mod mocking;
mod ordering;
mod speed;
mod twice;
mod workers;
