//! A line as one JSON object: `timestamp` (UTC, microseconds), `level`, `msg`, `logger`, `filename`, `lineno`, then the
//! fields. `tracing` does not know the name of a function, so there is no `func_name`.

use std::fmt::Write;

use crate::field::Value;
use crate::layer::Line;

/// What stands at the end of a text that was cut.
const CUT: &str = "… (cut)";
const OWN: [&str; 6] = ["timestamp", "level", "msg", "logger", "filename", "lineno"];

pub(crate) fn line(line: &Line<'_>, max_bytes: usize) -> String {
    let mut out = String::with_capacity(512);
    let at = humantime::format_rfc3339_micros(line.at);
    let _ = write!(out, "{{\"timestamp\":\"{at}\",\"level\":\"{}\",\"msg\":", line.level.as_str().to_ascii_lowercase());
    // Half of a line at most for its message, so that its ids stand.
    quoted(&mut out, line.message, max_bytes / 2);
    out.push_str(",\"logger\":");
    quoted(&mut out, line.target, 256);
    if let (Some(file), Some(number)) = (line.file, line.line) {
        out.push_str(",\"filename\":");
        quoted(&mut out, file.rsplit(['/', '\\']).next().unwrap_or(file), 256);
        let _ = write!(out, ",\"lineno\":{number}");
    }
    for (name, value) in line.fields.iter().filter(|(name, _)| !OWN.contains(name)) {
        let left = max_bytes.saturating_sub(out.len() + name.len() + 32);
        if left < 64 {
            out.push_str(",\"cut\":true");
            break;
        }
        out.push(',');
        quoted(&mut out, name, 256);
        out.push(':');
        match value {
            Value::Plain(text) => out.push_str(text),
            Value::Text(text) => quoted(&mut out, text, left),
            Value::Chain(chain) => errors(&mut out, chain, left),
        }
    }
    out.push('}');
    out
}

fn errors(out: &mut String, chain: &[String], left: usize) {
    out.push('[');
    for (i, cause) in chain.iter().take(16).enumerate() {
        out.push_str(if i == 0 { "{\"message\":" } else { ",{\"message\":" });
        quoted(out, cause, left / chain.len().min(16) / 2);
        out.push('}');
    }
    out.push(']');
}

/// Writes a text in quotes, cut to about `max_bytes` before its escapes.
fn quoted(out: &mut String, text: &str, max_bytes: usize) {
    out.push('"');
    let end = if text.len() <= max_bytes { text.len() } else { text.floor_char_boundary(max_bytes) };
    for c in text[..end].chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c < ' ' || c == '\u{2028}' || c == '\u{2029}' => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    if end < text.len() {
        out.push_str(CUT);
    }
    out.push('"');
}
