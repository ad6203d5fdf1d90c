//! Timers on a time-skipping server: which a workflow has, and the leap that fires the next ones.
//!
//! Timers fire in the order in which they are due, and an activity may time out before one: so what can happen next is
//! the earliest timer, unless something that is held would have timed out by then.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;
use temporalio_common::protos::temporal::api::history::v1::HistoryEvent;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;

use crate::RunError;
use crate::clock::Clock;

/// The server's clock goes on while a test works, so a timer that is shorter than this is waited for and put into no order;
/// and timers that are due within this of each other fire as one event.
const SHORT: Duration = Duration::from_secs(1);

/// The workflow, and the event that started the timer.
type Key = (String, i64);

/// A timer of a workflow.
#[derive(Clone, Debug)]
struct Timer {
    key: Key,
    name: String,
    length: Duration,
    due: SystemTime,
}

impl Timer {
    fn is_short(&self) -> bool {
        self.length < SHORT
    }
}

/// What the histories of a workflow and its children say at one moment.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// A workflow task waits for its worker, or runs. The server does not tell it in a description.
    has_task: bool,
    pending: Vec<Timer>,
    fired: Vec<Timer>,
    /// When the first of the activities that are pending times out, at the earliest.
    times_out: Option<SystemTime>,
}

/// Timers that fire next, as one event.
#[derive(Debug)]
pub(super) struct Leap {
    keys: Vec<Key>,
    until: SystemTime,
    /// `timer 2 (604800s)`.
    pub(super) name: String,
}

/// The timers of one order.
pub(super) struct Timers {
    clock: Arc<Clock>,
    released: Mutex<BTreeSet<Key>>,
}

impl Timers {
    pub(super) fn of(clock: Arc<Clock>) -> Self {
        Self { clock, released: Mutex::default() }
    }

    /// Whether every timer that fired was released, but for short ones.
    ///
    /// # Errors
    /// [`RunError::Timer`].
    pub(super) fn check(&self, seen: &Seen) -> Result<(), RunError> {
        let released = self.released.lock();
        match seen.fired.iter().find(|timer| !timer.is_short() && !released.contains(&timer.key)) {
            None => Ok(()),
            Some(timer) => Err(RunError::Timer { workflow_id: timer.key.0.clone(), timer: timer.name.clone() }),
        }
    }

    /// What can fire next. `None` while something is still to happen by itself.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub(super) fn next(&self, seen: &Seen) -> Result<Option<Option<Leap>>, RunError> {
        self.check(seen)?;
        let released = self.released.lock();
        if seen.has_task || seen.pending.iter().any(|timer| timer.is_short() || released.contains(&timer.key)) {
            return Ok(None);
        }
        let Some(first) = seen.pending.iter().map(|timer| timer.due).min() else { return Ok(Some(None)) };
        let mut together: Vec<&Timer> = seen.pending.iter().filter(|timer| timer.due < first + SHORT).collect();
        together.sort_by(|one, other| (one.due, &one.name).cmp(&(other.due, &other.name)));
        let until = together.iter().map(|timer| timer.due).max().unwrap_or(first);
        if seen.times_out.is_some_and(|times_out| times_out <= until + SHORT) {
            return Ok(Some(None));
        }
        let names: Vec<&str> = together.iter().map(|timer| timer.name.as_str()).collect();
        let keys = together.iter().map(|timer| timer.key.clone()).collect();
        Ok(Some(Some(Leap { keys, until, name: names.join(", ") })))
    }

    /// Lets time pass until these timers are due. So many activities are held meanwhile: the server takes them for running.
    pub(super) async fn release(&self, leap: Leap, held: usize) -> Result<(), RunError> {
        self.released.lock().extend(leap.keys);
        let passed = async {
            let left = leap.until.duration_since(self.clock.now().await?).unwrap_or_default();
            self.clock.leap(left, held).await
        };
        passed.await.map_err(|error| RunError::Clock { reason: error.to_string() })
    }
}

impl Seen {
    /// Adds what one workflow's history says.
    pub(super) fn add(&mut self, workflow_id: &str, events: &[HistoryEvent]) {
        let mut has_task = false;
        let mut timers: Vec<Timer> = Vec::new();
        let mut activities: Vec<(i64, SystemTime)> = Vec::new();
        let ended = |timers: &mut Vec<Timer>, started: i64| {
            let at = timers.iter().position(|timer| timer.key.1 == started);
            at.map(|at| timers.remove(at))
        };
        for event in events {
            let time =
                event.event_time.and_then(|time| SystemTime::try_from(time).ok()).unwrap_or(SystemTime::UNIX_EPOCH);
            match &event.attributes {
                Some(Attributes::WorkflowTaskScheduledEventAttributes(_)) => has_task = true,
                Some(
                    Attributes::WorkflowTaskCompletedEventAttributes(_)
                    | Attributes::WorkflowTaskFailedEventAttributes(_)
                    | Attributes::WorkflowTaskTimedOutEventAttributes(_),
                ) => has_task = false,
                Some(Attributes::TimerStartedEventAttributes(timer)) => {
                    let length = span(timer.start_to_fire_timeout.as_ref()).unwrap_or_default();
                    let (key, name) =
                        ((workflow_id.to_owned(), event.event_id), format!("timer {} ({length:?})", timer.timer_id));
                    timers.push(Timer { key, name, length, due: time + length });
                }
                Some(Attributes::TimerFiredEventAttributes(fired)) => {
                    self.fired.extend(ended(&mut timers, fired.started_event_id));
                }
                Some(Attributes::TimerCanceledEventAttributes(cancelled)) => {
                    ended(&mut timers, cancelled.started_event_id);
                }
                Some(Attributes::ActivityTaskScheduledEventAttributes(activity)) => {
                    let timeouts = [
                        &activity.start_to_close_timeout,
                        &activity.schedule_to_close_timeout,
                        &activity.heartbeat_timeout,
                    ];
                    let first = timeouts.into_iter().filter_map(|timeout| span(timeout.as_ref())).min();
                    activities.extend(first.map(|first| (event.event_id, time + first)));
                }
                other => {
                    if let Some(scheduled) = other.as_ref().and_then(closed) {
                        activities.retain(|(event_id, _)| *event_id != scheduled);
                    }
                }
            }
        }
        self.has_task |= has_task;
        self.pending.extend(timers);
        self.times_out = self.times_out.into_iter().chain(activities.into_iter().map(|(_, at)| at)).min();
    }
}

/// The activity that has come to its end, by the event that scheduled it.
const fn closed(attributes: &Attributes) -> Option<i64> {
    match attributes {
        Attributes::ActivityTaskCompletedEventAttributes(activity) => Some(activity.scheduled_event_id),
        Attributes::ActivityTaskFailedEventAttributes(activity) => Some(activity.scheduled_event_id),
        Attributes::ActivityTaskTimedOutEventAttributes(activity) => Some(activity.scheduled_event_id),
        Attributes::ActivityTaskCanceledEventAttributes(activity) => Some(activity.scheduled_event_id),
        _ => None,
    }
}

/// Zero stands for none.
fn span<D>(span: Option<&D>) -> Option<Duration>
where
    D: Clone + TryInto<Duration>,
{
    span.and_then(|span| span.clone().try_into().ok()).filter(|span: &Duration| !span.is_zero())
}
