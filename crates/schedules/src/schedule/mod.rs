//! A schedule as data: which workflow, when, and what happens when two runs meet. Nothing is asked of a server here; what is wrong is found
//! by [`Schedule::faults`], all at once.

mod calendar;
mod check;
mod declared;
mod input;
pub(crate) mod text;

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::Timestamp;
use serde_json::Value;
use temporalio_common::search_attributes::{SearchAttributeKey, SearchAttributeValue, SearchAttributes};
use temporalio_common::{RetryPolicy, WorkflowDefinition};

pub use calendar::Calendar;
pub use declared::Overlap;
pub(crate) use declared::{Declared, Interval, Precedence, Retry};
pub(crate) use input::Input;

use crate::{Fault, Owner};

/// A schedule: a workflow with its input, the times at which it starts, and what else Temporal knows of schedules.
///
/// Durations are counted in whole seconds where they make times, as Temporal does.
#[derive(Clone)]
pub struct Schedule {
    pub(crate) id: String,
    pub(crate) owner: Option<Owner>,
    pub(crate) declared: Declared,
    pub(crate) input: Input,
    /// What the builder could not take.
    pub(crate) refused: Vec<Fault>,
}

impl Schedule {
    /// A schedule of a workflow, by its contract or its definition, that starts it with this input. Without times it starts nothing by itself.
    pub fn new<W: WorkflowDefinition>(id: impl Into<String>, workflow: &W, input: W::Input) -> Self
    where
        W::Input: Send + Sync,
    {
        Self::with_input(id.into(), workflow.name(), Input::typed(input))
    }

    /// A schedule of a workflow by its name, with a JSON value for each of its arguments.
    pub fn untyped(id: impl Into<String>, workflow: &str, arguments: impl IntoIterator<Item = Value>) -> Self {
        Self::with_input(id.into(), workflow, Input::json(arguments.into_iter().collect()))
    }

    pub(crate) fn with_input(id: String, workflow: &str, input: Input) -> Self {
        let declared = Declared { workflow: workflow.to_owned(), ..Declared::default() };
        Self { id, owner: None, declared, input, refused: Vec::new() }
    }

    fn with(mut self, change: impl FnOnce(&mut Declared)) -> Self {
        change(&mut self.declared);
        self
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The name of its workflow.
    pub fn workflow(&self) -> &str {
        &self.declared.workflow
    }

    /// The task queue of its workflows; empty until it is given, which a registry does.
    pub fn queue(&self) -> &str {
        &self.declared.task_queue
    }

    /// Whom it belongs to; a registry says it of those that products declare.
    pub const fn owned_by(&self) -> Option<&Owner> {
        self.owner.as_ref()
    }

    /// Marks it as somebody's. A product's are marked by the registry.
    #[must_use]
    pub fn owner(mut self, owner: Owner) -> Self {
        self.owner = Some(owner);
        self
    }

    /// The task queue of its workflows. A product's schedules have the product's.
    #[must_use]
    pub fn task_queue(self, task_queue: impl Into<String>) -> Self {
        self.with(|declared| declared.task_queue = task_queue.into())
    }

    // When.

    /// At every multiple of this time since 1970: 1 s at least.
    #[must_use]
    pub fn every(self, interval: Duration) -> Self {
        self.every_after(interval, Duration::ZERO)
    }

    /// So long after every multiple of the interval since 1970; the offset is shorter than the interval.
    #[must_use]
    pub fn every_after(self, every: Duration, offset: Duration) -> Self {
        self.with(|declared| declared.intervals.push(Interval { every, offset }))
    }

    /// At times by the calendar.
    #[must_use]
    pub fn calendar(self, calendar: Calendar) -> Self {
        self.with(|declared| declared.calendars.push(calendar))
    }

    /// At the times of a cron string: 5, 6 (with a year) or 7 fields (with seconds, too), names of days and months, `@daily`, `@every 5m/1m`, a `CRON_TZ=`
    /// before, a `# comment` behind. A day must match both the day of the month and of the week.
    #[must_use]
    pub fn cron(self, cron: impl Into<String>) -> Self {
        self.with(|declared| declared.cron.push(cron.into()))
    }

    /// Not at these times, whatever else says so. Give seconds, minutes and hours as `*` to leave out whole days.
    #[must_use]
    pub fn except(self, calendar: Calendar) -> Self {
        self.with(|declared| declared.except.push(calendar))
    }

    /// Later than said, by up to so much, but before the next time; the same each time that Temporal works it out. None by default.
    #[must_use]
    pub fn jitter(self, jitter: Duration) -> Self {
        self.with(|declared| declared.jitter = Some(jitter))
    }

    /// The zone of calendars and cron strings, by its IANA name. UTC by default. An hour that a change of clocks leaves out has no start, and one that
    /// comes twice has two.
    #[must_use]
    pub fn time_zone(self, name: impl Into<String>) -> Self {
        self.with(|declared| declared.time_zone = Some(name.into()))
    }

    /// The zone's rules themselves, as a file of TZif, for a zone that the server's database does not know or knows otherwise.
    /// [`time_zone`](Self::time_zone) is only its label then.
    #[must_use]
    pub fn time_zone_data(self, tzif: &[u8]) -> Self {
        self.with(|declared| declared.time_zone_data = BASE64.encode(tzif))
    }

    /// Not before this time.
    #[must_use]
    pub fn start(self, start: Timestamp) -> Self {
        self.with(|declared| declared.start = Some(start))
    }

    /// Not after this time. The server removes a schedule some days after its end, and apply does not make it again.
    #[must_use]
    pub fn end(self, end: Timestamp) -> Self {
        self.with(|declared| declared.end = Some(end))
    }

    // How.

    /// What happens when it is time and the last run is still going. [`Overlap::Skip`] by default.
    #[must_use]
    pub fn overlap(self, overlap: Overlap) -> Self {
        self.with(|declared| declared.overlap = overlap)
    }

    /// A server that was away starts what it missed if that is not longer ago: 10 s at least, 365 days by default.
    #[must_use]
    pub fn catchup_window(self, window: Duration) -> Self {
        self.with(|declared| declared.catchup_window = Some(window))
    }

    /// A run that fails or times out, after all retries, pauses the schedule.
    #[must_use]
    pub fn pause_on_failure(self) -> Self {
        self.with(|declared| declared.pause_on_failure = true)
    }

    /// Workflows have their id without the time.
    #[must_use]
    pub fn keep_workflow_id(self) -> Self {
        self.with(|declared| declared.keep_workflow_id = true)
    }

    /// It starts so many workflows and then no more. An apply sets the count anew only when this value has changed.
    #[must_use]
    pub fn remaining_actions(self, actions: u32) -> Self {
        self.with(|declared| declared.remaining_actions = Some(actions))
    }

    /// What a person reads beside it. An operator's note stays until this value changes.
    #[must_use]
    pub fn note(self, note: impl Into<String>) -> Self {
        self.with(|declared| declared.note = note.into())
    }

    /// It is paused when it is made. Later the operators have the say: an apply neither pauses nor unpauses.
    #[must_use]
    pub fn paused(self) -> Self {
        self.with(|declared| declared.paused = true)
    }

    /// A search attribute of the schedule itself.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "a key is a constant, and holds nothing else")]
    pub fn schedule_search_attribute<T: SearchAttributeValue>(mut self, key: SearchAttributeKey<T>, value: T) -> Self {
        if let Some(value) = self.attribute("schedule_search_attributes", &key, value) {
            self.declared.schedule_search_attributes.insert(key.name().to_owned(), value);
        }
        self
    }

    // Its workflows.

    /// The beginning of its workflows' ids: the server appends the time of the start. The schedule's id by default.
    #[must_use]
    pub fn workflow_id(self, prefix: impl Into<String>) -> Self {
        self.with(|declared| declared.workflow_id = prefix.into())
    }

    /// Each workflow ends within this time, retries and runs included. No limit by default.
    #[must_use]
    pub fn execution_timeout(self, timeout: Duration) -> Self {
        self.with(|declared| declared.execution_timeout = Some(timeout))
    }

    /// Each run of a workflow ends within this time. No limit by default.
    #[must_use]
    pub fn run_timeout(self, timeout: Duration) -> Self {
        self.with(|declared| declared.run_timeout = Some(timeout))
    }

    /// Each workflow task ends within this time; 10 s by default, as Temporal's.
    #[must_use]
    pub fn task_timeout(self, timeout: Duration) -> Self {
        self.with(|declared| declared.task_timeout = Some(timeout))
    }

    /// How a workflow that failed is run again. Not at all by default.
    #[must_use]
    pub fn retry(self, policy: &RetryPolicy) -> Self {
        self.with(|declared| declared.retry = Some(Retry::from(policy)))
    }

    /// A field of its workflows' memo.
    #[must_use]
    pub fn memo(self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.with(|declared| drop(declared.memo.insert(name.into(), value.into())))
    }

    /// A search attribute of its workflows.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "a key is a constant, and holds nothing else")]
    pub fn search_attribute<T: SearchAttributeValue>(mut self, key: SearchAttributeKey<T>, value: T) -> Self {
        if let Some(value) = self.attribute("search_attributes", &key, value) {
            self.declared.search_attributes.insert(key.name().to_owned(), value);
        }
        self
    }

    /// A line for the UI on each of its workflows, 400 bytes at most.
    #[must_use]
    pub fn summary(self, summary: impl Into<String>) -> Self {
        self.with(|declared| declared.summary = summary.into())
    }

    /// More of the same, 20,000 bytes at most.
    #[must_use]
    pub fn details(self, details: impl Into<String>) -> Self {
        self.with(|declared| declared.details = details.into())
    }

    /// The priority of its workflows' tasks: 1 is before 5.
    #[must_use]
    pub fn priority(self, key: u32) -> Self {
        self.with(|declared| declared.priority.get_or_insert_default().key = key)
    }

    /// The share of a task queue that its workflows' tasks count for, and how much that one weighs: 1.0 as the others.
    #[must_use]
    pub fn fairness(self, key: impl Into<String>, weight: f32) -> Self {
        self.with(|declared| {
            let priority = declared.priority.get_or_insert_default();
            (priority.fairness_key, priority.fairness_weight) = (key.into(), Some(weight));
        })
    }

    /// The JSON that a server keeps of the value.
    fn attribute<T: SearchAttributeValue>(
        &mut self,
        field: &str,
        key: &SearchAttributeKey<T>,
        value: T,
    ) -> Option<Value> {
        let update = key.try_value_set(value);
        let read = update.map_err(|error| error.to_string()).and_then(|update| {
            let set = SearchAttributes::new([update]);
            let payload = set.raw_payload(key.name()).ok_or("it has no value")?;
            serde_json::from_slice(&payload.data).map_err(|error| error.to_string())
        });
        match read {
            Ok(value) => Some(value),
            Err(reason) => {
                self.refused.push(Fault::new(field, format!("{} cannot be set: {reason}", key.name())));
                None
            }
        }
    }
}

impl fmt::Debug for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Inputs and memos may hold what no log should.
        f.debug_struct("Schedule")
            .field("id", &self.id)
            .field("workflow", &self.declared.workflow)
            .finish_non_exhaustive()
    }
}
