//! Every heartbeat of an activity, before the SDK throttles them. The SDK puts each through the codec; until the activity
//! has returned, nothing else of it goes there. And that it left its end to another process, of which no server is told.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use futures::FutureExt;
use futures::future::BoxFuture;
use parking_lot::Mutex;
use temporalio_common::data_converters::{PayloadCodec, PayloadConversionError, SerializationContextData};
use temporalio_common::protos::temporal::api::common::v1::Payload;
use temporalio_sdk::activities::ActivityError;
use temporalio_sdk::interceptors::{ActivityInboundInterceptor, ExecuteActivityInput, ExecuteActivityOutput, Next};
use tokio::sync::watch;

use super::{Beat, OnBeat};

#[derive(Clone)]
pub(crate) struct Tap(Arc<Inner>);

struct Inner {
    on_beat: Option<OnBeat>,
    runs: AtomicBool,
    started: Mutex<Option<Instant>>,
    beats: Mutex<Vec<Beat>>,
    count: watch::Sender<usize>,
    later: watch::Sender<bool>,
}

impl Tap {
    pub(super) fn new(on_beat: Option<OnBeat>) -> Self {
        Self(Arc::new(Inner {
            on_beat,
            runs: AtomicBool::new(false),
            started: Mutex::default(),
            beats: Mutex::default(),
            count: watch::Sender::default(),
            later: watch::Sender::default(),
        }))
    }

    pub(super) fn beats(&self) -> Vec<Beat> {
        self.0.beats.lock().clone()
    }

    pub(super) async fn beaten(&self, times: usize) {
        // The sender is held here.
        let _ = self.0.count.subscribe().wait_for(|count| *count >= times).await;
    }

    /// Ends when it has left its end to another process.
    pub(super) async fn later(&self) {
        // The sender is held here.
        let _ = self.0.later.subscribe().wait_for(|later| *later).await;
    }

    fn take(&self, details: &[Payload]) {
        let after = self.0.started.lock().map(|started| started.elapsed()).unwrap_or_default();
        let beat = Beat { after, details: details.to_vec() };
        if let Some(on_beat) = &self.0.on_beat {
            on_beat(&beat);
        }
        let mut beats = self.0.beats.lock();
        beats.push(beat);
        self.0.count.send_replace(beats.len());
    }
}

impl PayloadCodec for Tap {
    fn encode(
        &self,
        context: &SerializationContextData,
        payloads: Vec<Payload>,
    ) -> BoxFuture<'static, Result<Vec<Payload>, PayloadConversionError>> {
        if matches!(context, SerializationContextData::Activity(_)) && self.0.runs.load(Ordering::SeqCst) {
            self.take(&payloads);
        }
        std::future::ready(Ok(payloads)).boxed()
    }

    fn decode(
        &self,
        _context: &SerializationContextData,
        payloads: Vec<Payload>,
    ) -> BoxFuture<'static, Result<Vec<Payload>, PayloadConversionError>> {
        std::future::ready(Ok(payloads)).boxed()
    }
}

impl ActivityInboundInterceptor for Tap {
    fn execute_activity<'a>(
        &'a self,
        input: ExecuteActivityInput,
        next: Next<'a, ExecuteActivityInput, ExecuteActivityOutput<'a>>,
    ) -> ExecuteActivityOutput<'a> {
        async move {
            *self.0.started.lock() = Some(Instant::now());
            self.0.runs.store(true, Ordering::SeqCst);
            let output = next.run(input).await;
            self.0.runs.store(false, Ordering::SeqCst);
            if matches!(output, Err(ActivityError::WillCompleteAsync)) {
                self.0.later.send_replace(true);
            }
            output
        }
        .boxed()
    }
}

impl fmt::Debug for Tap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tap").field("beats", &self.0.beats.lock().len()).finish_non_exhaustive()
    }
}
