//! Where a line goes: written, produced, or both. Said by its logger, by a span around it, or by itself.

use crate::fields::{Fields, Known};

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
    let says = |field| fields.get(field).is_some_and(|value| value.text == "true");
    match (says(Known::WriteOnly), says(Known::ProduceOnly)) {
        (true, _) => Sinks::WriteOnly,
        (false, true) => Sinks::ProduceOnly,
        (false, false) => Sinks::Both,
    }
}
