//! Structured logs to stdout: JSON in production, readable on a terminal
