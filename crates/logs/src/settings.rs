//! The settings of logs.

use mainspring_settings::{Reader, Section};

use crate::Levels;

/// How a line looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum LogFormat {
    /// Text on a terminal and on stderr, JSON anywhere else.
    #[default]
    Auto,
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

/// What is logged, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogSettings {
    /// How a line looks. Default: [`LogFormat::Auto`].
    pub format: LogFormat,
    /// Which events are logged. Default: `info`.
    pub levels: Levels,
    /// Which events of the products' own code are produced, where there is a Kafka to produce to. Default: `debug`.
    pub produced: Levels,
    /// The longest line, in bytes; what does not fit is cut. At least 1 KiB. Default: 64 KiB.
    pub max_line_bytes: usize,
}

const MAX_LINE: usize = 64 * 1024;
/// What the fixed keys of a line need.
pub(crate) const MIN_LINE: usize = 1024;

impl Default for LogSettings {
    fn default() -> Self {
        Self {
            format: LogFormat::default(),
            levels: Levels::default(),
            produced: Levels::debug(),
            max_line_bytes: MAX_LINE,
        }
    }
}

impl Section for LogSettings {
    const NAME: &'static str = "logs";

    fn read(reader: &mut Reader<'_>) -> Self {
        let formats = [("auto", LogFormat::Auto), ("json", LogFormat::Json), ("text", LogFormat::Text)];
        Self {
            format: reader
                .field("MAINSPRING_LOG_FORMAT")
                .doc("How a log line looks: json, text, or auto: text on a terminal or stderr, json elsewhere")
                .choice(&formats, LogFormat::Auto),
            levels: reader
                .field("TEMPORAL_LOG_LEVEL")
                .doc("Least level that is logged, and levels by target, such as info,my_product=debug")
                .parse(Levels::default(), Levels::parse),
            produced: reader
                .field("TEMPORAL_LOG_LEVEL_PRODUCE")
                .doc("Least level that is produced to Kafka, of the products' own code; other code by target, such as debug,my_shared_crate=info")
                .parse(Levels::debug(), Levels::parse),
            max_line_bytes: reader
                .field("MAINSPRING_LOG_MAX_LINE_BYTES")
                .doc("Longest log line in bytes; what does not fit is cut and marked")
                .count(MAX_LINE, MIN_LINE..=1024 * 1024),
        }
    }
}

#[cfg(test)]
mod tests {
    use mainspring_settings::{Sources, load};

    use super::*;

    #[test]
    fn nothing_set_is_the_default() {
        assert_eq!(load::<LogSettings>(&Sources::default()).unwrap(), LogSettings::default());
    }

    #[test]
    fn every_setting_is_read() {
        let sources = Sources::from_pairs([
            ("MAINSPRING_LOG_FORMAT", "json"),
            ("TEMPORAL_LOG_LEVEL", "DEBUG"),
            ("TEMPORAL_LOG_LEVEL_PRODUCE", "info,my_shared=debug"),
            ("MAINSPRING_LOG_MAX_LINE_BYTES", "2048"),
        ]);
        let expected = LogSettings {
            format: LogFormat::Json,
            levels: Levels::parse("DEBUG").unwrap(),
            produced: Levels::parse("info,my_shared=debug").unwrap(),
            max_line_bytes: 2048,
        };
        assert_eq!(load::<LogSettings>(&sources).unwrap(), expected);
    }

    #[test]
    fn every_fault_is_named_with_what_would_be_right() {
        let sources = Sources::from_pairs([
            ("MAINSPRING_LOG_FORMAT", "xml"),
            ("TEMPORAL_LOG_LEVEL", "verbose"),
            ("MAINSPRING_LOG_MAX_LINE_BYTES", "10"),
        ]);
        insta::assert_snapshot!(load::<LogSettings>(&sources).unwrap_err(), @r#"
        MAINSPRING_LOG_FORMAT is "xml", which is not one of auto, json, text
        TEMPORAL_LOG_LEVEL is "verbose", which is not understood: write a level (off, error, warn, info, debug, trace), or target=level, such as info,my_product=debug
        MAINSPRING_LOG_MAX_LINE_BYTES is "10", which is not a number from 1024 to 1048576
        "#);
    }
}
