//! From a `tracing` event to a line.

use std::cell::Cell;
use std::time::{SystemTime, UNIX_EPOCH};

use tracing::field::Visit;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_log::NormalizeEvent;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use crate::fields::{Fields, Recorder};
use crate::form::{Form, Line};
use crate::gate::LiveLevels;
use crate::ids::Ids;
use crate::moment::Moment;
use crate::produce::{Complaint, Offered, Outlet, Sinks, sinks_of, stamp};
use crate::settings::MIN_LINE;
use crate::writer::Sink;

/// Buffers of a thread, kept from line to line. Taken out while in use: a value's `Debug` may log as well.
#[derive(Default)]
struct Scratch {
    ids: Ids,
    fields: Fields,
    moment: Moment,
    line: String,
}

thread_local! {
    static SCRATCH: Cell<Scratch> = Cell::default();
}

/// What stamps a line. Tests have one that stands still.
type Clock = fn() -> SystemTime;

/// The fields of a span, kept with it.
struct SpanFields(Fields);

/// Logs every event that reaches it. Made by [`layer`](crate::layer).
#[derive(Debug)]
pub struct LogLayer {
    sink: Sink,
    form: Form,
    limit: usize,
    clock: Clock,
    produce: Option<(LiveLevels, Outlet)>,
}

impl LogLayer {
    pub(crate) fn new(sink: Sink, form: Form, limit: usize) -> Self {
        Self { sink, form, limit: limit.max(MIN_LINE), clock: SystemTime::now, produce: None }
    }

    /// Produces as well. Only then do the levels decide here which sink takes an event: without it, what comes is written.
    pub(crate) fn producing(self, levels: LiveLevels, outlet: Outlet) -> Self {
        Self { produce: Some((levels, outlet)), ..self }
    }

    #[cfg(test)]
    pub(crate) fn with_clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// The most bytes of one value of a span, or of an id. They live as long as the span, and are in its every line.
    const fn outer_limit(&self) -> usize {
        self.limit / 8
    }

    fn keep(&self, fields: &mut Fields, record: impl FnOnce(&mut dyn Visit)) {
        record(&mut Recorder { fields, limit: self.outer_limit(), of_event: false });
    }
}

/// Nothing is logged from a replay, except that the SDK itself complains: that is about the replay, and happens now.
fn is_silenced(metadata: &Metadata<'_>) -> bool {
    mainspring_context::is_replaying()
        && !(metadata.target().starts_with("temporalio_") && *metadata.level() <= Level::WARN)
}

impl<S> Layer<S> for LogLayer
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut fields = Fields::default();
        self.keep(&mut fields, |visit| attributes.record(visit));
        if !fields.is_empty() {
            span.extensions_mut().replace(SpanFields(fields));
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        // Recorded aside: a value's `Debug` may log, and logging reads this span.
        let mut recorded = Fields::default();
        self.keep(&mut recorded, |visit| values.record(visit));
        let mut extensions = span.extensions_mut();
        match extensions.get_mut::<SpanFields>() {
            Some(SpanFields(fields)) => fields.put_all(&recorded),
            None => extensions.insert(SpanFields(recorded)),
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let normalized = event.normalized_metadata();
        let metadata = normalized.as_ref().unwrap_or_else(|| event.metadata());
        if is_silenced(metadata) {
            return;
        }
        // A thread that is ending has no scratch any more, and may still log.
        let Scratch { mut ids, mut fields, mut moment, mut line } = SCRATCH.try_with(Cell::take).unwrap_or_default();
        fields.clear();
        line.clear();
        let scope = mainspring_context::current();
        if let Some(scope) = &scope {
            fields.copy_from(ids.of(scope, self.outer_limit()));
        }
        let mut function = None;
        for span in context.event_scope(event).into_iter().flat_map(|spans| spans.from_root()) {
            if metadata.module_path().is_some() && span.metadata().module_path() == metadata.module_path() {
                function = Some(span.name());
            }
            if let Some(SpanFields(of_span)) = span.extensions().get() {
                fields.put_all(of_span);
            }
        }
        event.record(&mut Recorder { fields: &mut fields, limit: self.limit / 2, of_event: true });
        let sinks = sinks_of(&fields);
        let taken = self.produce.as_ref().map(|(levels, _)| levels.takes(metadata));
        // A machine's clock may be wrong; a time before 1970 cannot be written.
        let now = (self.clock)().max(UNIX_EPOCH);
        let outlet = self.produce.as_ref().map(|(_, outlet)| outlet);
        let outlet = outlet.filter(|_| sinks != Sinks::WriteOnly && taken.is_some_and(|taken| taken.produced));
        let (micros, now) = if outlet.is_some() { stamp(now) } else { (0, now) };
        moment.set(now);
        let time = &moment;
        let level = *metadata.level();
        let offered = outlet
            .map_or(Offered::Not(None), |outlet| outlet.offer(level, (micros, time), &fields, self.limit, &mut line));
        // What is for users alone and cannot be produced is better written than lost.
        let is_written = taken.is_none_or(|taken| match offered {
            Offered::Taken => taken.written && sinks != Sinks::ProduceOnly,
            Offered::Not(_) => taken.written_else,
        });
        if is_written {
            let said = Line { time, metadata, fields: &fields, in_scope: scope.is_some(), function };
            line.clear();
            if self.form.push(&said, self.limit, &mut line) {
                self.sink.count_cut();
            }
            self.sink.write(&line);
        }
        if let Offered::Not(Some(complaint)) = offered {
            fields.clear();
            fields.put_message(&complaint, self.limit / 2);
            line.clear();
            let metadata = Complaint::metadata();
            self.form.push(
                &Line { time, metadata, fields: &fields, in_scope: false, function: None },
                self.limit,
                &mut line,
            );
            self.sink.write(&line);
        }
        let _ = SCRATCH.try_with(|scratch| scratch.set(Scratch { ids, fields, moment, line }));
    }
}
