//! The record of the topic: one JSON object with the seven keys that the table `log_entries` is made from.

use std::fmt::Write;

use tracing::Level;

use crate::form::{level_name, push_json_text};

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
    pub(super) at_micros: u64,
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
    let _ = write!(out, "{}", record.team);
    out.push_str(",\"timestamp\":\"");
    push_time(out, record.at_micros);
    out.push_str("\",\"message\":");
    push_json_text(out, record.message, record.cut, limit.saturating_sub(1));
    out.push('}');
}

/// `2026-11-21 01:02:03.000004`, as ClickHouse reads a `DateTime64(6)`.
fn push_time(out: &mut String, micros: u64) {
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_micros(micros);
    let start = out.len();
    // Writing to a String cannot fail.
    let _ = write!(out, "{}", humantime::format_rfc3339_micros(time));
    out.pop();
    out.replace_range(start + 10..=start + 10, " ");
}
