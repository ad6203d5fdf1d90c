//! Real servers on this machine: found, installed, started, stopped; and a wire proxy

pub mod proxy;
