//! Fields of spans and events, kept as text that is ready to be written, and masked where their name says so.

use std::error::Error;
use std::fmt::{self, Write};

use tracing::field::{Field, Visit};

/// A value of a field.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    /// Written as it is: a number or a boolean.
    Plain(String),
    /// Written in quotes.
    Text(String),
    /// An error with its causes, the outermost first.
    Chain(Vec<String>),
}

/// The fields of one span or event, without the message.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields {
    pub(crate) message: Option<String>,
    pub(crate) list: Vec<(&'static str, Value)>,
}

impl Fields {
    fn set(&mut self, field: &Field, value: impl FnOnce() -> Value) {
        let name = field.name();
        if is_noise(name) {
            return;
        }
        let value = if is_secret(name) { Value::Text("***".to_owned()) } else { value() };
        if name == "message" {
            self.message = Some(match value {
                Value::Plain(text) | Value::Text(text) => text,
                Value::Chain(chain) => chain.join(": "),
            });
            return;
        }
        match self.list.iter_mut().find(|(known, _)| *known == name) {
            Some(known) => known.1 = value,
            None => self.list.push((name, value)),
        }
    }
}

impl Visit for Fields {
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field, || Value::Plain(value.to_string()));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field, || Value::Plain(value.to_string()));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field, || Value::Plain(value.to_string()));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        // JSON has no infinity and no not-a-number.
        let text = value.to_string();
        self.set(field, || if value.is_finite() { Value::Plain(text) } else { Value::Text(text) });
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field, || Value::Text(value.to_owned()));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let mut chain = vec![value.to_string()];
        let mut source = value.source();
        while let Some(cause) = source {
            chain.push(cause.to_string());
            source = cause.source();
        }
        self.set(field, || Value::Chain(chain));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.set(field, || {
            let mut text = String::new();
            // A Debug that fails must not take the line with it.
            let _ = write!(text, "{value:?}");
            Value::Text(text)
        });
    }
}

/// The SDK's own ids of an activity or workflow: ours say the same, under Temporal's names.
fn is_noise(name: &str) -> bool {
    matches!(name, "temporalActivityID" | "temporalWorkflowID" | "temporalRunID") || name.starts_with("otel.")
}

fn is_secret(name: &str) -> bool {
    const WORDS: [&str; 9] =
        ["password", "passwd", "secret", "token", "api_key", "apikey", "authorization", "private_key", "credential"];
    let name = name.to_ascii_lowercase();
    WORDS.iter().any(|word| name == *word || name.ends_with(&format!("_{word}")) || name.ends_with(&format!(".{word}")))
}
