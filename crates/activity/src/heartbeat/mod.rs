//! Heartbeats of an activity, from a thread of the process's own, for as long as the activity runs.
//!
//! The interval is a fifth of the heartbeat timeout, at most 2.5 s. The SDK sends at most one beat in 0.8 of the timeout,
//! or in the worker's throttle (5 s) if that is less; two beats fit into either, so there is always one at hand when the
//! SDK sends, and the gap at the wire is the SDK's and no more.

mod beat;
mod error;
mod stall;
mod thread;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use mainspring_context::Ended;
use mainspring_vocabulary::{Progress, progress};
use parking_lot::Mutex;
use temporalio_common::protos::temporal::api::common::v1::Payload;
use temporalio_sdk::activities::{ActivityContext, ActivityInfo};

use beat::Beating;
pub use error::HeartbeatError;
pub use stall::StallGuard;
use stall::Watch;

/// How large the details may be, encoded and before encryption: Temporal refuses 2 MiB, and 64 KiB are kept for what
/// surrounds them. A server with a limit of its own refuses earlier; that shows in [`Heartbeater::last_error`].
pub const MAX_DETAILS_BYTES: usize = 2 * 1024 * 1024 - 64 * 1024;

/// The longest interval of beats.
const LONGEST_INTERVAL: Duration = Duration::from_millis(2500);

/// Attempts that have a heartbeater.
static TAKEN: Mutex<Option<HashSet<Attempt>>> = Mutex::new(None);

type Attempt = (Vec<u8>, u32);

/// Beats for an activity until it is dropped.
///
/// The first beat goes out at once with the details that the attempt before has left, for the server keeps only the
/// last. At the end the last details reach the server before the activity's result does, so that work whose completion
/// got lost is known to be done. From a worker's shutdown on they go out at once, around the SDK's throttle.
#[derive(Debug)]
pub struct Heartbeater {
    beating: Arc<Beating>,
    interval: Option<Duration>,
    attempt: Attempt,
}

impl Heartbeater {
    /// Beats from now on.
    ///
    /// # Errors
    /// [`HeartbeatError::NoTimeout`], [`Local`](HeartbeatError::Local), [`Second`](HeartbeatError::Second), and
    /// [`Thread`](HeartbeatError::Thread).
    pub fn start(ctx: &ActivityContext) -> Result<Self, HeartbeatError> {
        let activity_type = || ctx.info().activity_type.clone();
        if ctx.info().is_local {
            return Err(HeartbeatError::Local { activity_type: activity_type() });
        }
        match interval(ctx) {
            Some(interval) => Self::new(ctx, Some(interval)),
            None => Err(HeartbeatError::NoTimeout { activity_type: activity_type() }),
        }
    }

    /// The same where the caller may set no heartbeat timeout, or runs the activity as a local one: then nothing beats,
    /// and details are kept for nobody.
    ///
    /// # Errors
    /// [`HeartbeatError::Second`] and [`Thread`](HeartbeatError::Thread).
    pub fn optional(ctx: &ActivityContext) -> Result<Self, HeartbeatError> {
        Self::new(ctx, interval(ctx).filter(|_| !ctx.info().is_local))
    }

    fn new(ctx: &ActivityContext, interval: Option<Duration>) -> Result<Self, HeartbeatError> {
        let info = ctx.info();
        let attempt = (info.task_token.clone(), info.attempt);
        if !TAKEN.lock().get_or_insert_default().insert(attempt.clone()) {
            return Err(HeartbeatError::Second { activity_type: info.activity_type.clone() });
        }
        // From here on the drop gives the attempt free.
        let heartbeater = Self { beating: Arc::new(Beating::new(ctx.clone())), interval, attempt };
        if let Some(interval) = interval {
            let thread = thread::handle().map_err(|reason| HeartbeatError::Thread { reason })?;
            thread.spawn(heartbeater.beating.clone().run(interval));
        }
        Ok(heartbeater)
    }

    /// How often it beats; `None` when it does not.
    pub const fn interval(&self) -> Option<Duration> {
        self.interval
    }

    /// Keeps details for the next beat; the latest win. Encodes them at once, and sends nothing by itself, so it may be
    /// called after every row.
    ///
    /// # Errors
    /// [`HeartbeatError::Unwritable`] and [`TooLarge`](HeartbeatError::TooLarge); the details before stay.
    pub fn set(&self, progress: &impl Progress) -> Result<(), HeartbeatError> {
        let unwritable = |reason: String| HeartbeatError::Unwritable { reason };
        let details = progress::to_details(progress).map_err(|error| unwritable(error.to_string()))?;
        let data = serde_json::to_vec(&details).map_err(|error| unwritable(error.to_string()))?;
        if data.len() > MAX_DETAILS_BYTES {
            return Err(HeartbeatError::TooLarge { bytes: data.len(), limit: MAX_DETAILS_BYTES });
        }
        let metadata = [("encoding".to_owned(), b"json/plain".to_vec())].into();
        self.beating.set(Payload { metadata, data, ..Payload::default() });
        Ok(())
    }

    /// Why the last beat was not taken, if it was not: details that the codec refused, a server that said no. The
    /// activity goes on, and so do the beats.
    pub fn last_error(&self) -> Option<String> {
        self.beating.last_error()
    }

    /// Stops the beats while there is no progress for `limit`; `what` is named in the log. Several may watch at once.
    ///
    /// # Errors
    /// [`HeartbeatError::ShortGuard`]: the limit is no longer than the interval of the beats.
    pub fn stall_guard(&self, what: impl Into<String>, limit: Duration) -> Result<StallGuard, HeartbeatError> {
        if let Some(interval) = self.interval.filter(|interval| limit <= *interval) {
            return Err(HeartbeatError::ShortGuard { limit, interval });
        }
        let watch = Arc::new(Watch::new(what.into(), limit));
        self.beating.watch(&watch);
        Ok(StallGuard(watch))
    }
}

impl Drop for Heartbeater {
    fn drop(&mut self) {
        self.beating.stop();
        if self.interval.is_some() {
            let beating = self.beating.clone();
            match mainspring_context::activity() {
                Some(activity) => activity.endings.add(move |ended| async move { beating.last(ended).await }),
                // Nobody waits for it, and the report of a failure still carries it.
                None => {
                    let _ = futures::FutureExt::now_or_never(beating.last(Ended::Failed));
                }
            }
        }
        if let Some(taken) = TAKEN.lock().as_mut() {
            taken.remove(&self.attempt);
        }
    }
}

/// Whether this attempt has a heartbeater.
pub(crate) fn is_taken(info: &ActivityInfo) -> bool {
    TAKEN.lock().as_ref().is_some_and(|taken| taken.contains(&(info.task_token.clone(), info.attempt)))
}

fn interval(ctx: &ActivityContext) -> Option<Duration> {
    // The server writes zero for a timeout that is not set.
    let timeout = ctx.info().heartbeat_timeout.filter(|timeout| !timeout.is_zero())?;
    Some((timeout / 5).min(LONGEST_INTERVAL))
}
