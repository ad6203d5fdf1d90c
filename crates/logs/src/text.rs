//! A line for people: time, level, message, then the fields.

use std::fmt::Write;

use tracing::Level;

use crate::field::Value;
use crate::layer::Line;

pub(crate) fn line(line: &Line<'_>, colour: bool, max_bytes: usize) -> String {
    let paint =
        |code: &str, text: &str| if colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() };
    let at = humantime::format_rfc3339_millis(line.at).to_string();
    let time = at.split_once('T').map_or(at.as_str(), |(_, time)| time.trim_end_matches('Z'));
    let level = match line.level {
        Level::ERROR => paint("31", "ERROR"),
        Level::WARN => paint("33", " WARN"),
        Level::INFO => paint("32", " INFO"),
        Level::DEBUG => paint("34", "DEBUG"),
        Level::TRACE => paint("35", "TRACE"),
    };
    let mut out = format!("{} {level} {}", paint("2", time), visible(line.message));
    for (name, value) in &line.fields {
        let value = match value {
            Value::Plain(text) | Value::Text(text) => visible(text),
            Value::Chain(chain) => visible(&chain.join(": ")),
        };
        let _ = write!(out, " {}{value}", paint("2", &format!("{name}=")));
    }
    if out.len() > max_bytes {
        out.truncate(out.floor_char_boundary(max_bytes));
        out.push_str("… (cut)");
    }
    out
}

/// A control character in a message must not move a terminal's cursor or paint it.
fn visible(text: &str) -> String {
    text.chars()
        .flat_map(|c| if c.is_control() && c != '\t' { c.escape_default().collect::<Vec<_>>() } else { vec![c] })
        .collect()
}
