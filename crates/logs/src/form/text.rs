//! A line for people: time, level, message, then the rest dimmed.

use std::fmt::Write;

use tracing::Level;

use super::json::push_escaped;
use super::{Line, MARK, is_no_field};
use crate::fields::{Kind, Known, Value};

const DIM: &str = "\x1b[2m";
const RESET: &str = "\x1b[0m";
/// Ids that a person hardly reads and that would fill the screen. JSON has them.
const LEFT_OUT: [&str; 3] = ["workflow_namespace", "task_queue", "workflow_run_id"];

pub(super) fn push(line: &Line<'_>, colour: bool, limit: usize, out: &mut String) -> bool {
    let start = out.len();
    let paint = |code: &'static str| if colour { code } else { "" };
    out.push_str(paint(DIM));
    line.time.push_millis(out);
    out.push('Z');
    out.push_str(paint(RESET));
    out.push(' ');
    let (level, code) = match *line.metadata.level() {
        Level::ERROR => ("ERROR", "\x1b[31m"),
        Level::WARN => (" WARN", "\x1b[33m"),
        Level::INFO => (" INFO", "\x1b[32m"),
        Level::DEBUG => ("DEBUG", "\x1b[34m"),
        Level::TRACE => ("TRACE", "\x1b[35m"),
    };
    out.push_str(paint(code));
    out.push_str(level);
    out.push_str(paint(RESET));
    out.push(' ');
    let mut cut = false;
    if let Some(message) = line.fields.get(Known::Message) {
        push_message(out, message.text);
        cut |= message.cut;
        if message.cut {
            out.push_str(MARK);
        }
    }
    out.push_str(paint(DIM));
    for value in line.fields.iter() {
        if is_no_field(&value) || (line.in_scope && LEFT_OUT.contains(&value.name)) {
            continue;
        }
        push_field(out, &value);
        cut |= value.cut;
    }
    out.push_str(" logger=");
    push_value(out, line.metadata.target());
    out.push_str(paint(RESET));
    out.push('\n');
    if out.len() - start > limit {
        let tail = MARK.len() + RESET.len() + 1;
        out.truncate(out.floor_char_boundary(start + limit - tail));
        out.push_str(MARK);
        out.push_str(paint(RESET));
        out.push('\n');
        cut = true;
    }
    cut
}

fn push_field(out: &mut String, value: &Value<'_>) {
    if value.kind == Kind::Cause {
        out.push_str(" caused by ");
    } else {
        out.push(' ');
        out.push_str(value.name);
        out.push('=');
    }
    match value.kind {
        Kind::Literal => out.push_str(value.text),
        _ => push_value(out, value.text),
    }
    if value.cut {
        out.push_str(MARK);
    }
}

/// A message may have several lines; the later ones are set in. Nothing in it moves the cursor or changes colours.
fn push_message(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\n    "),
            '\t' => out.push('\t'),
            c if c.is_control() => {
                let _ = write!(out, "{}", c.escape_unicode());
            }
            c => out.push(c),
        }
    }
}

/// Bare where that is clear, in quotes otherwise.
fn push_value(out: &mut String, text: &str) {
    let bare =
        !text.is_empty() && !text.chars().any(|c| c.is_whitespace() || c.is_control() || matches!(c, '"' | '\\' | '='));
    if bare {
        out.push_str(text);
    } else {
        out.push('"');
        push_escaped(out, text);
        out.push('"');
    }
}
