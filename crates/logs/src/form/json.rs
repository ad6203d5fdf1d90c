//! A line as one JSON object, valid whatever the values hold, written straight into a buffer.

use std::fmt::Write;

use super::{Line, MARK, is_no_field, level_name};
use crate::fields::{Kind, Known, Value};

const END_CUT: &str = ",\"cut\":true}\n";
/// The most of a logger's or file's name; those of a record of the `log` crate can be any text.
const MAX_PLACE: usize = 256;
/// `,"lineno":` and a number.
const LINENO: usize = 20;

pub(super) fn push(line: &Line<'_>, limit: usize, out: &mut String) -> bool {
    // What every value must stay under, so that the end always fits.
    let end = limit - END_CUT.len();
    let metadata = line.metadata;
    let mut cut = false;
    out.push_str("{\"timestamp\":\"");
    line.time.push_micros('T', out);
    out.push_str("Z\",\"level\":\"");
    out.push_str(level_name(*metadata.level()));
    out.push_str("\",\"msg\":");
    let room = out.len() + limit / 2;
    match line.fields.get(Known::Message) {
        Some(message) => cut |= push_text(out, message.text, message.cut, room) != Fit::Whole,
        None => out.push_str("\"\""),
    }
    out.push_str(",\"logger\":");
    let room = end.min(out.len() + MAX_PLACE);
    cut |= push_text(out, metadata.target(), false, room) != Fit::Whole;
    if let Some(file) = metadata.file() {
        let before = out.len();
        out.push_str(",\"filename\":");
        let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
        let room = (end - LINENO).min(out.len() + MAX_PLACE);
        if push_text(out, name, false, room) == Fit::None {
            out.truncate(before);
        }
    }
    if let Some(lineno) = metadata.line() {
        out.push_str(",\"lineno\":");
        out.push_str(itoa::Buffer::new().format(lineno));
    }
    if let Some(function) = line.function {
        let before = out.len();
        out.push_str(",\"func_name\":");
        let room = end.min(out.len() + MAX_PLACE);
        if push_text(out, function, false, room) == Fit::None {
            out.truncate(before);
        }
    }
    let mut values = line.fields.iter().filter(|value| !is_no_field(value)).peekable();
    while let Some(value) = values.next() {
        if push_plain(out, &value, end) {
            continue;
        }
        let before = out.len();
        out.push(',');
        let mut fit = push_text(out, value.name, false, end);
        if fit == Fit::Whole {
            out.push(':');
            fit = match value.kind {
                Kind::Text => push_text(out, value.text, value.cut, end),
                Kind::Literal => push_literal(out, value.text, end),
                Kind::Chain | Kind::Cause => {
                    let causes = std::iter::from_fn(|| values.next_if(|next| next.kind == Kind::Cause));
                    push_chain(out, std::iter::once(value).chain(causes), end)
                }
            };
        } else {
            fit = Fit::None;
        }
        if fit == Fit::None {
            out.truncate(before);
        }
        // The causes of a chain that did not fit go with it.
        while values.next_if(|next| next.kind == Kind::Cause).is_some() {}
        cut |= fit != Fit::Whole;
    }
    out.push_str(if cut { END_CUT } else { "}\n" });
    cut
}

/// Appends the field if it can stand there as it is, as nearly all can. False, and nothing is done, where it cannot.
fn push_plain(out: &mut String, value: &Value<'_>, end: usize) -> bool {
    let quote = match value.kind {
        Kind::Text => "\"",
        Kind::Literal => "",
        Kind::Chain | Kind::Cause => return false,
    };
    let length = value.name.len() + value.text.len() + ",\"\":\"\"".len();
    if !value.plain || value.cut || out.len() + length > end {
        return false;
    }
    for part in [",\"", value.name, "\":", quote, value.text, quote] {
        out.push_str(part);
    }
    true
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fit {
    Whole,
    /// Cut and marked.
    Part,
    /// Nothing was written that makes sense.
    None,
}

fn push_literal(out: &mut String, literal: &str, end: usize) -> Fit {
    if out.len() + literal.len() > end {
        return Fit::None;
    }
    out.push_str(literal);
    Fit::Whole
}

/// Appends a JSON string, so that `out` is not longer than `end`.
pub(crate) fn push_text(out: &mut String, text: &str, cut: bool, end: usize) -> Fit {
    let start = out.len();
    out.push('"');
    push_escaped(out, text);
    if cut {
        out.push_str(MARK);
    }
    out.push('"');
    if out.len() <= end {
        return if cut { Fit::Part } else { Fit::Whole };
    }
    out.truncate(start);
    let tail = MARK.len() + 1;
    if start + 1 + tail > end {
        return Fit::None;
    }
    out.push('"');
    for (at, c) in text.char_indices() {
        let before = out.len();
        push_escaped(out, &text[at..at + c.len_utf8()]);
        if out.len() + tail > end {
            out.truncate(before);
            break;
        }
    }
    out.push_str(MARK);
    out.push('"');
    Fit::Part
}

/// `[{"message":"…"},…]`, the error and then its causes.
fn push_chain<'a>(out: &mut String, errors: impl Iterator<Item = Value<'a>>, end: usize) -> Fit {
    let mut fit = Fit::Whole;
    let mut written = 0;
    for error in errors {
        let before = out.len();
        out.push_str(if written == 0 { "[{\"message\":" } else { ",{\"message\":" });
        // The brackets that close it want room too.
        match push_text(out, error.text, error.cut, end.saturating_sub(2)) {
            Fit::Whole => {}
            Fit::Part => fit = Fit::Part,
            Fit::None => {
                out.truncate(before);
                fit = Fit::Part;
                break;
            }
        }
        out.push('}');
        written += 1;
    }
    if written == 0 {
        return Fit::None;
    }
    out.push(']');
    fit
}

/// Whether a byte ends a stretch of plain text. 0xc2 begins the control characters of Unicode's second block, among others.
const fn is_escaped(byte: u8) -> bool {
    // Not `||`: without jumps many bytes are looked at in one instruction.
    (byte < 0x20) | (byte == b'"') | (byte == b'\\') | (byte == 0x7f) | (byte == 0xc2)
}

/// Where plain text ends, if it does.
fn end_of_plain(text: &[u8]) -> Option<usize> {
    let mut blocks = text.chunks_exact(16);
    let plain =
        blocks.by_ref().take_while(|block| !block.iter().fold(false, |any, byte| any | is_escaped(*byte))).count();
    let from = plain * 16;
    text[from..].iter().position(|byte| is_escaped(*byte)).map(|at| from + at)
}

/// Whether a text stands in a JSON string as it is.
pub(crate) fn is_plain(text: &str) -> bool {
    end_of_plain(text.as_bytes()).is_none()
}

/// The inside of a JSON string. Control characters of Unicode's second block are escaped as well: terminals obey some.
pub(super) fn push_escaped(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = end_of_plain(rest.as_bytes()) {
        let (plain, from) = rest.split_at(at);
        out.push_str(plain);
        let mut chars = from.chars();
        match chars.next() {
            Some('"') => out.push_str("\\\""),
            Some('\\') => out.push_str("\\\\"),
            Some('\n') => out.push_str("\\n"),
            Some('\r') => out.push_str("\\r"),
            Some('\t') => out.push_str("\\t"),
            Some(c) if c.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            Some(c) => out.push(c),
            None => {}
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
}
