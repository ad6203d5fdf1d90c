//! One activity's beats, on the thread that beats.

use std::fmt;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use mainspring_context::{Activity, Ended, Shutdown};
use metrics::counter;
use parking_lot::Mutex;
use temporalio_client::{ActivityIdentifier, RpcOptions};
use temporalio_common::data_converters::RawValue;
use temporalio_common::protos::temporal::api::common::v1::Payload;
use temporalio_sdk::activities::ActivityContext;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::stall::Watch;

/// What the next attempt is told.
#[derive(Clone)]
pub(super) struct Details {
    payloads: Vec<Payload>,
    /// Counts what this attempt has set; 0 is what the one before has left.
    version: u64,
}

pub(super) struct Beating {
    ctx: ActivityContext,
    activity: Option<Arc<Activity>>,
    details: Mutex<Details>,
    last_error: Mutex<Option<String>>,
    watches: Mutex<Vec<Weak<Watch>>>,
    stopped: CancellationToken,
    /// The newest version that the server has for certain.
    kept: Mutex<u64>,
}

impl Beating {
    pub(super) fn new(ctx: ActivityContext) -> Self {
        let payloads = ctx.heartbeat_details().raw().to_vec();
        Self {
            activity: mainspring_context::activity(),
            ctx,
            details: Mutex::new(Details { payloads, version: 0 }),
            last_error: Mutex::default(),
            watches: Mutex::default(),
            stopped: CancellationToken::new(),
            kept: Mutex::default(),
        }
    }

    pub(super) fn set(&self, payload: Payload) {
        metrics::histogram!("mainspring_heartbeat_details_bytes", "activity_type" => self.activity_type())
            .record(u32::try_from(payload.data.len()).unwrap_or(u32::MAX));
        let mut details = self.details.lock();
        *details = Details { payloads: vec![payload], version: details.version + 1 };
        drop(details);
        self.watches.lock().iter().filter_map(Weak::upgrade).for_each(|watch| watch.progressed());
    }

    pub(super) fn watch(&self, watch: &Arc<Watch>) {
        let mut watches = self.watches.lock();
        watches.retain(|watch| watch.strong_count() > 0);
        watches.push(Arc::downgrade(watch));
    }

    pub(super) fn last_error(&self) -> Option<String> {
        self.last_error.lock().clone()
    }

    pub(super) fn stop(&self) {
        self.stopped.cancel();
    }

    fn activity_type(&self) -> String {
        self.ctx.info().activity_type.clone()
    }

    /// Beats until the activity ends.
    pub(super) async fn run(self: Arc<Self>, interval: Duration) {
        let shutdown = self.activity.as_ref().map_or_else(Shutdown::default, |activity| activity.shutdown.clone());
        let mut ticks = tokio::time::interval(interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut last: Option<Instant> = None;
        let mut leaving = false;
        let mut stalled = false;
        let mut by_hand: Option<JoinHandle<()>> = None;
        loop {
            tokio::select! {
                biased;
                () = self.stopped.cancelled() => return,
                () = shutdown.wait(), if !leaving => leaving = true,
                _ = ticks.tick() => {}
            }
            if self.note_stall(&mut stalled) {
                last = None;
                continue;
            }
            if last.is_some_and(|last| last.elapsed() > interval * 2) {
                counter!("mainspring_heartbeats_late_total", "activity_type" => self.activity_type()).increment(1);
            }
            self.record().await;
            last = Some(Instant::now());
            if leaving && by_hand.as_ref().is_none_or(JoinHandle::is_finished) {
                // A server that hangs holds this up, and not the beats.
                by_hand = Some(tokio::spawn(self.clone().record_by_hand()));
            }
        }
    }

    /// Whether something that is watched stands still. Said once each time.
    fn note_stall(&self, stalled: &mut bool) -> bool {
        let watches: Vec<Arc<Watch>> = self.watches.lock().iter().filter_map(Weak::upgrade).collect();
        let found = watches.iter().find_map(|watch| Some((watch, watch.stalled()?)));
        let (activity_type, info) = (self.activity_type(), self.ctx.info());
        match found {
            Some((watch, idle)) if !*stalled => {
                counter!("mainspring_activity_stalls_total", "activity_type" => activity_type.clone()).increment(1);
                tracing::error!(
                    activity_type,
                    activity_id = info.activity_id,
                    workflow_id = info.workflow_id,
                    attempt = info.attempt,
                    stalled = watch.what(),
                    seconds = idle.as_secs(),
                    "the activity makes no progress: its beats stop, so that Temporal times the attempt out"
                );
            }
            None if *stalled => {
                tracing::warn!(
                    activity_type,
                    activity_id = info.activity_id,
                    "the activity makes progress again: it beats"
                );
            }
            _ => {}
        }
        *stalled = found.is_some();
        *stalled
    }

    /// Hands the newest details to the SDK, which sends them when its throttle allows.
    async fn record(&self) {
        let details = self.details.lock().clone();
        match self.ctx.record_heartbeat(RawValue::new(details.payloads)).await {
            Ok(()) => {
                counter!("mainspring_heartbeats_sent_total", "activity_type" => self.activity_type()).increment(1);
            }
            Err(error) => self.failed(format!("the details could not be encoded: {error}")),
        }
    }

    /// Sends the newest details at once, around the throttle, unless the server has them.
    async fn record_by_hand(self: Arc<Self>) {
        let details = self.details.lock().clone();
        if details.version <= *self.kept.lock() {
            return;
        }
        let token = ActivityIdentifier::from_task_token(self.ctx.info().task_token.clone().into());
        let handle = self.ctx.client().get_async_activity_handle(token);
        match handle.heartbeat(Some(RawValue::new(details.payloads)), RpcOptions::default()).await {
            Ok(_) => {
                let mut kept = self.kept.lock();
                *kept = details.version.max(*kept);
            }
            Err(error) => self.failed(format!("the details were not taken: {error}")),
        }
    }

    /// The last details, before the activity's report. The report of a failure carries what the SDK has been given, and
    /// so does that of a cancellation; any other carries none.
    pub(super) async fn last(self: Arc<Self>, ended: Ended) {
        if self.details.lock().version == 0 {
            return;
        }
        self.record().await;
        if !matches!(ended, Ended::Failed | Ended::Cancelled) {
            self.record_by_hand().await;
        }
    }

    fn failed(&self, why: String) {
        counter!("mainspring_heartbeats_failed_total", "activity_type" => self.activity_type()).increment(1);
        *self.last_error.lock() = Some(why);
    }
}

impl fmt::Debug for Beating {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Beating").field("activity_type", &self.ctx.info().activity_type).finish_non_exhaustive()
    }
}
