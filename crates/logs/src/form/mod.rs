//! How a line looks: JSON for machines, text for people.

mod json;
mod text;

use tracing::{Level, Metadata};

use crate::fields::{Fields, Known, Value};
use crate::moment::Moment;
use crate::{Destination, LogFormat};

pub(crate) use json::{is_plain, push_text as push_json_text};

/// Stands where something was left out.
const MARK: &str = "…[cut]";

/// The form of every line of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Json,
    Text { colour: bool },
}

/// What a line says.
#[derive(Debug)]
pub(crate) struct Line<'a> {
    pub(crate) time: &'a Moment,
    pub(crate) metadata: &'a Metadata<'a>,
    pub(crate) fields: &'a Fields,
    pub(crate) in_scope: bool,
    /// The innermost span of the event's own module: under `#[instrument]` the function.
    pub(crate) function: Option<&'static str>,
}

/// What is among the fields and is shown elsewhere, or says where a line goes.
const fn is_no_field(value: &Value<'_>) -> bool {
    matches!(value.known, Some(Known::Message | Known::WriteOnly | Known::ProduceOnly))
}

/// A level in lower case, as the peers of this record write it.
pub(crate) const fn level_name(level: Level) -> &'static str {
    match level {
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    }
}

impl Form {
    pub(crate) fn choose(format: LogFormat, destination: Destination, no_color: bool) -> Self {
        Self::choose_for(format, destination, destination.is_terminal(), no_color)
    }

    /// A command's talk is for people, wherever it goes.
    const fn choose_for(format: LogFormat, destination: Destination, terminal: bool, no_color: bool) -> Self {
        match (format, destination, terminal) {
            (LogFormat::Json, ..) | (LogFormat::Auto, Destination::Stdout, false) => Self::Json,
            _ => Self::Text { colour: terminal && !no_color },
        }
    }

    /// Appends the line with its line break, at most `limit` bytes. True when something was cut.
    pub(crate) fn push(self, line: &Line<'_>, limit: usize, out: &mut String) -> bool {
        match self {
            Self::Json => json::push(line, limit, out),
            Self::Text { colour } => text::push(line, colour, limit, out),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_get_text_and_machines_get_json() {
        use Destination::{Stderr, Stdout};
        let (plain, colour) = (Form::Text { colour: false }, Form::Text { colour: true });
        for (format, destination, terminal, no_color, form) in [
            (LogFormat::Auto, Stdout, true, false, colour),
            (LogFormat::Auto, Stdout, true, true, plain),
            (LogFormat::Auto, Stdout, false, false, Form::Json),
            (LogFormat::Auto, Stderr, false, false, plain),
            (LogFormat::Text, Stdout, false, false, plain),
            (LogFormat::Json, Stdout, true, false, Form::Json),
            (LogFormat::Json, Stderr, true, false, Form::Json),
        ] {
            let chosen = Form::choose_for(format, destination, terminal, no_color);
            assert_eq!(chosen, form, "{format:?} on {destination:?}, terminal: {terminal}, NO_COLOR: {no_color}");
        }
    }
}
