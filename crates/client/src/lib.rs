//! Connections to Temporal that retry, rotate and say what they tried
