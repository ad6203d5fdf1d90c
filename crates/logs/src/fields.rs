//! The fields of one line, as text: collected from the scope, the spans and the event, each name once.

use std::error::Error;
use std::fmt::{self, Debug, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use mainspring_context::Scope;
use tracing::field::{Field, Visit};

use crate::form::is_plain;
use crate::mask::{MASK, is_secret};

/// The event's message, under its name in the record.
const MESSAGE: &str = "msg";
/// A chain of causes that goes round in circles ends here.
const MAX_CAUSES: usize = 32;

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    /// A number or a boolean.
    Literal,
    /// An error; its causes follow.
    Chain,
    Cause,
}

/// A field that means something to the layer itself, and is looked for in every line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    Message,
    /// Keeps a line, or every line in a span, from being produced: `write_only = true`.
    WriteOnly,
    /// Keeps a line, or every line in a span, from being written: `produce_only = true`.
    ProduceOnly,
    TeamId,
    LogSource,
    LogSourceId,
    WorkflowId,
    WorkflowRunId,
    WorkflowType,
}

impl Known {
    fn by_name(name: &str) -> Option<Self> {
        Some(match name {
            MESSAGE => Self::Message,
            "write_only" => Self::WriteOnly,
            "produce_only" => Self::ProduceOnly,
            "team_id" => Self::TeamId,
            "log_source" => Self::LogSource,
            "log_source_id" => Self::LogSourceId,
            "workflow_id" => Self::WorkflowId,
            "workflow_run_id" => Self::WorkflowRunId,
            "workflow_type" => Self::WorkflowType,
            _ => return None,
        })
    }
}

/// One value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Value<'a> {
    pub(crate) name: &'static str,
    pub(crate) known: Option<Known>,
    pub(crate) kind: Kind,
    /// Name and text stand in a JSON string as they are.
    pub(crate) plain: bool,
    pub(crate) text: &'a str,
    /// The text is only a beginning.
    pub(crate) cut: bool,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    name: &'static str,
    known: Option<Known>,
    kind: Kind,
    plain: bool,
    cut: bool,
    /// Where its text ends; it begins where the one before ends.
    end: usize,
}

/// Values in order, all in one buffer.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    text: String,
    entries: Vec<Entry>,
}

impl Fields {
    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.entries.clear();
        self.text.shrink_to(64 * 1024);
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Becomes the same as `other`, in the room that is there.
    pub(crate) fn copy_from(&mut self, other: &Self) {
        self.text.clone_from(&other.text);
        self.entries.clone_from(&other.entries);
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Value<'_>> {
        (0..self.entries.len()).map(|index| self.value(index))
    }

    pub(crate) fn get(&self, known: Known) -> Option<Value<'_>> {
        self.entries.iter().position(|entry| entry.known == Some(known)).map(|index| self.value(index))
    }

    fn value(&self, index: usize) -> Value<'_> {
        let Entry { name, known, kind, plain, cut, end } = self.entries[index];
        Value { name, known, kind, plain, text: &self.text[self.start(index)..end], cut }
    }

    fn start(&self, index: usize) -> usize {
        index.checked_sub(1).map_or(0, |before| self.entries[before].end)
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.entries.iter().position(|entry| entry.name == name)
    }

    /// Puts every value of an inner span over these.
    pub(crate) fn put_all(&mut self, inner: &Self) {
        for value in inner.iter() {
            // The layers' span repeats what the scope says.
            let same = self.position(value.name).map(|index| self.value(index));
            if same.is_none_or(|same| same.text != value.text || same.kind != value.kind) {
                self.text.push_str(value.text);
                let Value { name, known, kind, plain, cut, .. } = value;
                self.push(Entry { name, known, kind, plain, cut, end: self.text.len() });
            }
        }
    }

    /// Puts the ids of an activity or workflow.
    pub(crate) fn put_scope(&mut self, scope: &Scope, limit: usize) {
        let mut attempt = None;
        let mut put = |name, id: Option<&str>| {
            if let Some(id) = id.filter(|id| !id.is_empty()) {
                self.put_text(name, id, limit);
            }
        };
        if let Some(activity) = scope.as_activity() {
            put("workflow_namespace", Some(&activity.namespace));
            put("task_queue", Some(&activity.task_queue));
            put("workflow_id", activity.workflow_id.as_deref());
            put("workflow_run_id", activity.workflow_run_id.as_deref());
            put("workflow_type", activity.workflow_type.as_deref());
            put("activity_id", Some(&activity.activity_id));
            put("activity_type", Some(&activity.activity_type));
            attempt = Some(activity.attempt);
        } else if let Some(workflow) = scope.as_workflow() {
            put("workflow_namespace", Some(&workflow.namespace));
            put("task_queue", Some(&workflow.task_queue));
            put("workflow_id", Some(&workflow.workflow_id));
            put("workflow_run_id", Some(&workflow.workflow_run_id));
            put("workflow_type", Some(&workflow.workflow_type));
            attempt = Some(workflow.attempt);
        }
        if let Some(attempt) = attempt {
            self.put_number("attempt", attempt);
        }
    }

    /// Puts a message of our own.
    pub(crate) fn put_message(&mut self, message: &impl fmt::Display, limit: usize) {
        let cut = write!(Capped { text: &mut self.text, left: limit }, "{message}").is_err();
        self.close(MESSAGE, Kind::Text, cut);
    }

    fn put_text(&mut self, name: &'static str, text: &str, limit: usize) {
        let cut = Capped { text: &mut self.text, left: limit }.write_str(text).is_err();
        self.close(name, Kind::Text, cut);
    }

    fn put_number(&mut self, name: &'static str, number: impl itoa::Integer) {
        self.put_literal(name, itoa::Buffer::new().format(number));
    }

    fn put_literal(&mut self, name: &'static str, literal: &str) {
        self.text.push_str(literal);
        self.close(name, Kind::Literal, false);
    }

    /// Makes what was written since the last value one more, and forgets an earlier one of its name.
    fn close(&mut self, name: &'static str, kind: Kind, cut: bool) {
        let end = self.text.len();
        let plain = is_plain(name) && is_plain(&self.text[self.start(self.entries.len())..]);
        self.push(Entry { name, known: Known::by_name(name), kind, plain, cut, end });
    }

    fn push(&mut self, mut entry: Entry) {
        if entry.kind != Kind::Cause {
            self.remove(self.position(entry.name));
            // The two exclude each other: the innermost wins.
            let other = match entry.known {
                Some(Known::WriteOnly) => Some(Known::ProduceOnly),
                Some(Known::ProduceOnly) => Some(Known::WriteOnly),
                _ => None,
            };
            self.remove(other.and_then(|other| self.entries.iter().position(|entry| entry.known == Some(other))));
            entry.end = self.text.len();
        }
        self.entries.push(entry);
    }

    fn remove(&mut self, position: Option<usize>) {
        let Some(first) = position else { return };
        let causes = self.entries[first + 1..].iter().take_while(|entry| entry.kind == Kind::Cause).count();
        let start = self.start(first);
        let end = self.entries[first + causes].end;
        self.text.replace_range(start..end, "");
        self.entries.drain(first..=first + causes);
        for entry in &mut self.entries[first..] {
            entry.end -= end - start;
        }
    }
}

/// Takes the fields of a span or an event.
#[derive(Debug)]
pub(crate) struct Recorder<'a> {
    pub(crate) fields: &'a mut Fields,
    /// The most bytes of one value.
    pub(crate) limit: usize,
    pub(crate) of_event: bool,
}

impl Recorder<'_> {
    /// The name of a field in the record; `None` for those that are left out.
    fn name(&self, field: &Field) -> Option<&'static str> {
        Some(match field.name() {
            "message" if self.of_event => MESSAGE,
            // The fixed names of the record stay its own.
            "timestamp" => "field_timestamp",
            "level" => "field_level",
            "msg" => "field_msg",
            "logger" => "field_logger",
            "filename" => "field_filename",
            "func_name" => "field_func_name",
            "lineno" => "field_lineno",
            "cut" => "field_cut",
            // The SDK's spans: the ids are there under Temporal's names, and the rest is for tracing systems.
            "temporalActivityID" | "temporalWorkflowID" | "temporalRunID" | "otel.name" | "otel.kind" => return None,
            // The place of a record of the `log` crate, which became the metadata.
            "log.target" | "log.module_path" | "log.file" | "log.line" => return None,
            name => name.strip_prefix("r#").unwrap_or(name),
        })
    }

    fn put(&mut self, field: &Field, write: impl Fn(&mut Capped<'_>) -> fmt::Result) {
        self.put_as(field, Kind::Text, write);
    }

    fn put_as(&mut self, field: &Field, kind: Kind, write: impl Fn(&mut Capped<'_>) -> fmt::Result) {
        let Some(name) = self.name(field) else { return };
        if is_secret(name) {
            return self.fields.put_text(name, MASK, MASK.len());
        }
        self.put_guarded(name, kind, write);
    }

    /// A `Debug` that panics must not take down who logs.
    fn put_guarded(&mut self, name: &'static str, kind: Kind, write: impl Fn(&mut Capped<'_>) -> fmt::Result) {
        let start = self.fields.text.len();
        let mut capped = Capped { text: &mut self.fields.text, left: self.limit };
        let cut = match catch_unwind(AssertUnwindSafe(|| write(&mut capped))) {
            Ok(written) => written.is_err(),
            Err(_) => {
                self.fields.text.truncate(start);
                self.fields.text.push_str("(this value panicked when it was formatted)");
                false
            }
        };
        self.fields.close(name, kind, cut);
    }

    fn put_number(&mut self, field: &Field, number: impl itoa::Integer) {
        let Some(name) = self.name(field) else { return };
        if is_secret(name) {
            return self.fields.put_text(name, MASK, MASK.len());
        }
        self.fields.put_number(name, number);
    }
}

impl Visit for Recorder<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.put(field, |text| write!(text, "{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, |text| text.write_str(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        // `has_token = true` gives nothing away.
        if let Some(name) = self.name(field) {
            self.fields.put_literal(name, if value { "true" } else { "false" });
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put_number(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put_number(field, value);
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        // Beyond 64 bits readers of JSON round, so it is a text.
        match i64::try_from(value) {
            Ok(value) => self.put_number(field, value),
            Err(_) => self.put(field, |text| write!(text, "{value}")),
        }
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        match u64::try_from(value) {
            Ok(value) => self.put_number(field, value),
            Err(_) => self.put(field, |text| write!(text, "{value}")),
        }
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        // JSON has no word for infinity.
        if !value.is_finite() {
            return self.put(field, |text| write!(text, "{value}"));
        }
        self.put_as(field, Kind::Literal, |text| write!(text, "{value:?}"));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let Some(name) = self.name(field) else { return };
        if is_secret(name) {
            return self.fields.put_text(name, MASK, MASK.len());
        }
        self.put_guarded(name, Kind::Chain, |text| write!(text, "{value}"));
        let mut next = value.source();
        for _ in 0..MAX_CAUSES {
            let Some(cause) = next else { break };
            self.put_guarded(name, Kind::Cause, |text| write!(text, "{cause}"));
            next = cause.source();
        }
    }
}

/// Writes so many bytes and then fails, which ends the formatting of a value that is too long.
struct Capped<'a> {
    text: &'a mut String,
    left: usize,
}

impl Write for Capped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if text.len() <= self.left {
            self.left -= text.len();
            self.text.push_str(text);
            return Ok(());
        }
        self.text.push_str(&text[..text.floor_char_boundary(self.left)]);
        self.left = 0;
        Err(fmt::Error)
    }
}
