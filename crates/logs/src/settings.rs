//! The settings of logs.

use mainspring_settings::{Reader, Section};
use tracing_subscriber::EnvFilter;

/// How lines look, and which are written.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LogSettings {
    /// MAINSPRING_LOG_FORMAT: json, text, or auto: text on a terminal and JSON elsewhere. Default auto.
    pub format: Format,
    /// TEMPORAL_LOG_LEVEL: a level, and levels by target: `info,my_product=debug`. Default info.
    pub level: String,
    /// MAINSPRING_LOG_MAX_LINE_BYTES: a longer line is cut, with a mark. Default 64 KiB.
    pub max_line_bytes: usize,
}

/// The form of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Text on a terminal, JSON elsewhere.
    Auto,
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

impl Section for LogSettings {
    const NAME: &'static str = "logs";

    fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            format: reader
                .field("MAINSPRING_LOG_FORMAT")
                .doc("json, text, or auto: text on a terminal and JSON elsewhere")
                .choice(&[("auto", Format::Auto), ("json", Format::Json), ("text", Format::Text)], Format::Auto),
            level: reader
                .field("TEMPORAL_LOG_LEVEL")
                .doc("A level (error, warn, info, debug, trace), and levels by target: info,my_product=debug")
                .parse("info".to_owned(), |text| {
                    let text = text.to_ascii_lowercase();
                    let known = EnvFilter::builder().parse(&text).is_ok();
                    if known {
                        Ok(text)
                    } else {
                        Err("which is not a level: write info, or info,my_product=debug".to_owned())
                    }
                }),
            max_line_bytes: reader
                .field("MAINSPRING_LOG_MAX_LINE_BYTES")
                .doc("A longer line is cut, with a mark")
                .count(64 * 1024, 1_024..=16 * 1024 * 1024),
        }
    }
}
