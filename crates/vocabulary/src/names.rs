//! Type names on the wire that are not a product's own.

/// An activity returned an error without a class. Retryable.
pub const UNCLASSIFIED: &str = "Unclassified";
/// User code panicked. Retryable.
pub const PANIC: &str = "Panic";
/// The SDK's own name for an activity that was cancelled because its worker is leaving. Retryable.
pub const WORKER_SHUTDOWN: &str = "WorkerShutdown";
