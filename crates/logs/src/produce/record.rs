//! The record of the topic: one JSON object with the seven keys that the table `log_entries` is made from.

use tracing::Level;

use crate::form::{level_name, push_json_text};
use crate::moment::Moment;

/// What a record says.
#[derive(Debug)]
pub(super) struct Record<'a> {
    pub(super) run: &'a str,
    pub(super) level: Level,
    pub(super) source: &'a str,
    pub(super) id: &'a str,
    pub(super) message: &'a str,
    /// The message is only a beginning.
    pub(super) cut: bool,
    pub(super) team: u64,
    pub(super) time: &'a Moment,
}

/// Appends it. A message that would make it longer than `limit` bytes is cut and marked.
pub(super) fn push(record: &Record<'_>, limit: usize, out: &mut String) {
    out.push_str("{\"instance_id\":");
    let room = limit / 8;
    let text = |out: &mut String, text: &str| {
        let end = out.len() + room;
        push_json_text(out, text, false, end);
    };
    text(out, record.run);
    out.push_str(",\"level\":\"");
    out.push_str(level_name(record.level));
    out.push_str("\",\"log_source\":");
    text(out, record.source);
    out.push_str(",\"log_source_id\":");
    text(out, record.id);
    out.push_str(",\"team_id\":");
    out.push_str(itoa::Buffer::new().format(record.team));
    out.push_str(",\"timestamp\":\"");
    // As ClickHouse reads a `DateTime64(6)`.
    record.time.push_micros(' ', out);
    out.push_str("\",\"message\":");
    push_json_text(out, record.message, record.cut, limit.saturating_sub(1));
    out.push('}');
}
