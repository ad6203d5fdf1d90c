//! Where a line goes: written, produced, or both. Said by its logger, by a span around it, or by itself.

use crate::fields::Fields;

/// The field that keeps a line, or every line in a span, from being produced: `write_only = true`.
pub(crate) const WRITE_ONLY: &str = "write_only";
/// The field that keeps a line, or every line in a span, from being written: `produce_only = true`.
pub(crate) const PRODUCE_ONLY: &str = "produce_only";

/// Where the lines of a logger go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sinks {
    /// Written, and produced where a line has a team and a source. The default for a product's own crates.
    Both,
    /// Never produced: what operators read and users must not.
    WriteOnly,
    /// Never written: what users read and operators need not.
    ProduceOnly,
}

/// What the fields of a line and of the spans around it say; the innermost wins.
pub(crate) fn sinks_of(fields: &Fields) -> Sinks {
    let says = |name| fields.get(name).is_some_and(|value| value.text == "true");
    match (says(WRITE_ONLY), says(PRODUCE_ONLY)) {
        (true, _) => Sinks::WriteOnly,
        (false, true) => Sinks::ProduceOnly,
        (false, false) => Sinks::Both,
    }
}
