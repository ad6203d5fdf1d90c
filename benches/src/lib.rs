//! Benchmarks: every budget is one of them
