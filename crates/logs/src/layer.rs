//! The layer that makes a line of every event.

use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use crate::field::{Fields, Value};
use crate::{json, text};

/// One line before it has a form.
pub(crate) struct Line<'a> {
    pub(crate) at: SystemTime,
    pub(crate) level: Level,
    pub(crate) target: &'a str,
    pub(crate) file: Option<&'a str>,
    pub(crate) line: Option<u32>,
    pub(crate) message: &'a str,
    /// The root span's first; a name that comes again further in wins.
    pub(crate) fields: Vec<(&'static str, Value)>,
}

/// Turns events into lines and hands them to a writer.
pub struct LogLayer {
    writer: Mutex<Box<dyn Write + Send>>,
    form: Form,
    max_line_bytes: usize,
    pub(crate) written: Arc<AtomicU64>,
    clock: fn() -> SystemTime,
}

#[derive(Clone, Copy)]
pub(crate) enum Form {
    Json,
    Text { colour: bool },
}

impl LogLayer {
    /// JSON lines into `writer`, for a subscriber of one's own.
    pub fn json(writer: impl Write + Send + 'static, max_line_bytes: usize) -> Self {
        Self::new(Box::new(writer), Form::Json, max_line_bytes)
    }

    pub(crate) fn new(writer: Box<dyn Write + Send>, form: Form, max_line_bytes: usize) -> Self {
        let clock = SystemTime::now;
        Self { writer: Mutex::new(writer), form, max_line_bytes, written: Arc::default(), clock }
    }

    /// The same with another clock.
    #[must_use]
    pub fn with_clock(mut self, clock: fn() -> SystemTime) -> Self {
        self.clock = clock;
        self
    }

    fn write(&self, line: &Line<'_>) {
        let mut text = match self.form {
            Form::Json => json::line(line, self.max_line_bytes),
            Form::Text { colour } => text::line(line, colour, self.max_line_bytes),
        };
        text.push('\n');
        // A writer that is gone leaves nobody to tell; it must not fail the caller.
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if writer.write_all(text.as_bytes()).is_ok() {
            self.written.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl std::fmt::Debug for LogLayer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogLayer").field("max_line_bytes", &self.max_line_bytes).finish_non_exhaustive()
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for LogLayer {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            let mut fields = Fields::default();
            attributes.record(&mut fields);
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let meta = event.metadata();
        // What the SDK warns of concerns the worker, also while it feeds history to a workflow.
        let of_sdk = meta.target().starts_with("temporalio_") && *meta.level() <= Level::WARN;
        if mainspring_context::is_replaying() && !of_sdk {
            return;
        }
        let mut event_fields = Fields::default();
        event.record(&mut event_fields);
        let mut fields: Vec<(&'static str, Value)> = Vec::with_capacity(16);
        for span in context.event_scope(event).into_iter().flat_map(|scope| scope.from_root()) {
            if let Some(of_span) = span.extensions().get::<Fields>() {
                of_span.list.iter().for_each(|(name, value)| put(&mut fields, name, value.clone()));
            }
        }
        of_scope(&mut fields);
        event_fields.list.into_iter().for_each(|(name, value)| put(&mut fields, name, value));
        self.write(&Line {
            at: (self.clock)(),
            level: *meta.level(),
            target: meta.target(),
            file: meta.file(),
            line: meta.line(),
            message: event_fields.message.as_deref().unwrap_or_default(),
            fields,
        });
    }
}

fn put(fields: &mut Vec<(&'static str, Value)>, name: &'static str, value: Value) {
    match fields.iter_mut().find(|(known, _)| *known == name) {
        Some(known) => known.1 = value,
        None => fields.push((name, value)),
    }
}

/// A blocking thread carries the scope without a span; then the ids come from the scope.
fn of_scope(fields: &mut Vec<(&'static str, Value)>) {
    let mut text = |name: &'static str, value: Option<&str>| {
        if let Some(value) = value.filter(|_| !fields.iter().any(|(known, _)| *known == name)) {
            fields.push((name, Value::Text(value.to_owned())));
        }
    };
    if let Some(activity) = mainspring_context::activity() {
        text("namespace", Some(&activity.namespace));
        text("task_queue", Some(&activity.task_queue));
        text("workflow_id", activity.workflow_id.as_deref());
        text("workflow_run_id", activity.workflow_run_id.as_deref());
        text("workflow_type", activity.workflow_type.as_deref());
        text("activity_id", Some(&activity.activity_id));
        text("activity_type", Some(&activity.activity_type));
        if !fields.iter().any(|(known, _)| *known == "attempt") {
            fields.push(("attempt", Value::Plain(activity.attempt.to_string())));
        }
    }
}
