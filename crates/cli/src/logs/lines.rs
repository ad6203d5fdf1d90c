//! How a line is printed.

use jiff::tz::TimeZone;
use mainspring_log_entries::Line;
use serde_json::json;

use crate::arguments::Output;

pub(super) fn shown(line: &Line, output: Output) -> String {
    match output {
        Output::Json => json!({
            "timestamp": format!("{:.6}", line.timestamp),
            "level": line.level,
            "message": line.message,
            "instance_id": line.instance_id,
            "log_source": line.log_source,
            "log_source_id": line.log_source_id,
            "team_id": line.team_id,
        })
        .to_string(),
        Output::Text => {
            let time = line.timestamp.to_zoned(TimeZone::UTC).datetime();
            format!("{time:.6} {:5} {}", plain(&line.level).to_uppercase(), plain(&line.message)).replacen('T', " ", 1)
        }
    }
}

/// What a producer wrote does not move a terminal's cursor or change its colours. Lines after the first are indented.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.trim_end_matches('\n').chars() {
        match letter {
            '\n' => plain.push_str("\n    "),
            '\t' => plain.push('\t'),
            letter if letter.is_control() => plain.extend(letter.escape_default()),
            letter => plain.push(letter),
        }
    }
    plain
}
