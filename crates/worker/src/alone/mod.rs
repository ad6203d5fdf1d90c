//! One attempt of one activity, in a worker of its own and without a server: for tests, and to repeat an attempt that failed.
//!
//! The worker is a real [`Host`](crate::Host): the same layers, converter and SDK. What it polls from is [`Frontend`], which
//! hands out one task and takes its outcome, in memory.

mod frontend;
mod tap;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use mainspring_client::Connector;
use mainspring_settings::Sources;
use parking_lot::Mutex;
use temporalio_common::data_converters::{DataConverter, DefaultFailureConverter, PayloadConverter};
use temporalio_common::protos::temporal::api::common::v1::{ActivityType, Payload, Payloads};
use temporalio_common::protos::temporal::api::failure::v1::Failure;
use temporalio_common::protos::temporal::api::workflowservice::v1::PollActivityTaskQueueResponse;
use temporalio_sdk::activities::ExecutableActivity;

use crate::host::lasting_user_runtime;
use crate::{Host, HostError, Product, Registry, RunningHost};
use frontend::Frontend;
use tap::Tap;

/// An attempt of an activity, about to run alone.
pub struct LoneAttempt {
    product: Product,
    task: PollActivityTaskQueueResponse,
    sources: Sources,
    on_beat: Option<OnBeat>,
}

type OnBeat = Box<dyn Fn(&Beat) + Send + Sync>;

/// What an activity beat.
#[derive(Clone, Debug, PartialEq)]
pub struct Beat {
    /// Since the attempt started.
    pub after: Duration,
    /// What it beat with. The server would be told at most once in each heartbeat throttle; here none is left out.
    pub details: Vec<Payload>,
}

/// How an attempt ended, as the server would be told.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum LoneOutcome {
    /// Its result.
    Completed(Payload),
    /// Its failure, as on the wire.
    Failed(Box<Failure>),
    /// It let itself be cancelled.
    Cancelled,
    /// It left its end to another process.
    Later,
    /// It took longer than its start-to-close timeout.
    TimedOut,
    /// It did not beat within its heartbeat timeout.
    HeartbeatTimedOut,
}

impl LoneAttempt {
    /// The first attempt of an activity of this product.
    pub fn of(product: Product, activity_type: impl Into<String>, input: Vec<Payload>) -> Self {
        let now = Some(std::time::SystemTime::now().into());
        let task = PollActivityTaskQueueResponse {
            workflow_namespace: "alone".to_owned(),
            activity_type: Some(ActivityType { name: activity_type.into() }),
            activity_id: "1".to_owned(),
            input: Some(Payloads { payloads: input }),
            scheduled_time: now,
            current_attempt_scheduled_time: now,
            started_time: now,
            attempt: 1,
            schedule_to_close_timeout: Some(Default::default()),
            start_to_close_timeout: Duration::from_secs(60).try_into().ok(),
            ..Default::default()
        };
        Self { product, task, sources: Sources::from_pairs([]), on_beat: None }
    }

    /// The same of an instance.
    pub fn on<A>(instance: Arc<A::Implementer>, input: Vec<Payload>) -> Self
    where
        A: ExecutableActivity + 'static,
        A::Input: Send + Sync,
        A::Output: Send + Sync,
    {
        Self::of(Product::alone::<A>(instance), A::definition().name(), input)
    }

    /// Changes the task as the worker polls it: attempt, details, timeouts, ids, headers. Its token is its own.
    #[must_use]
    pub fn task(mut self, change: impl FnOnce(&mut PollActivityTaskQueueResponse)) -> Self {
        change(&mut self.task);
        self
    }

    /// The settings that the product's activities are connected with.
    #[must_use]
    pub fn sources(self, sources: Sources) -> Self {
        Self { sources, ..self }
    }

    /// Is called at each heartbeat, on the activity's thread.
    #[must_use]
    pub fn on_beat(self, on_beat: impl Fn(&Beat) + Send + Sync + 'static) -> Self {
        Self { on_beat: Some(Box::new(on_beat)), ..self }
    }

    /// Starts it. Without a runtime of one's own: the host has its own.
    ///
    /// # Errors
    /// As [`Host::start`].
    pub async fn start(mut self) -> Result<RunningLoneAttempt, HostError> {
        // What an activity keeps for its attempt, it keeps by the token; many attempts may run in one process.
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        self.task.task_token = format!("alone-{}", NUMBER.fetch_add(1, Ordering::Relaxed)).into_bytes();
        let limits = Limits {
            close: self.task.start_to_close_timeout.and_then(limit),
            beat: self.task.heartbeat_timeout.and_then(limit),
        };
        let frontend = Arc::new(Frontend::new(self.task));
        let tap = Tap::new(self.on_beat);
        let converter =
            DataConverter::new(PayloadConverter::default(), DefaultFailureConverter::default(), tap.clone());
        let registry = Registry::new([self.product.activities_alone(tap.clone())])?;
        let service = frontend.clone().service();
        let reach = move |connector: Connector| connector.with_service(service).with_data_converter(converter);
        let host = Host::new(registry, self.sources)?.http(None).without_server(lasting_user_runtime()?, reach)?;
        let host = host.start().await?;
        Ok(RunningLoneAttempt { host: Mutex::new(Some(host)), frontend, tap, limits, started: Instant::now() })
    }
}

impl fmt::Debug for LoneAttempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoneAttempt").field("product", &self.product).field("task", &self.task).finish_non_exhaustive()
    }
}

/// Temporal writes zero where there is no limit.
fn limit(limit: impl TryInto<Duration>) -> Option<Duration> {
    limit.try_into().ok().filter(|limit| !limit.is_zero())
}

#[derive(Clone, Copy, Debug)]
struct Limits {
    close: Option<Duration>,
    beat: Option<Duration>,
}

/// What the worker has said of its attempt.
#[derive(Clone, Debug, Default)]
struct News {
    /// When it told of a heartbeat last.
    beat: Option<Instant>,
    outcome: Option<LoneOutcome>,
}

/// An attempt that runs alone.
#[derive(Debug)]
pub struct RunningLoneAttempt {
    host: Mutex<Option<RunningHost>>,
    frontend: Arc<Frontend>,
    tap: Tap,
    limits: Limits,
    started: Instant,
}

impl RunningLoneAttempt {
    /// Cancels it. As in production, it hears of that at its next heartbeat; one that does not beat does not hear of it.
    pub fn cancel(&self) {
        self.frontend.cancel();
    }

    /// Tells it that its worker leaves, and gives it the grace of the settings before it is cancelled.
    pub fn shut_down(&self) {
        if let Some(host) = self.host.lock().take() {
            tokio::spawn(host.drain());
        }
    }

    /// What it has beaten so far.
    pub fn beats(&self) -> Vec<Beat> {
        self.tap.beats()
    }

    /// Ends when it has beaten so often.
    pub async fn beaten(&self, times: usize) {
        self.tap.beaten(times).await;
    }

    /// Waits for its end, and gives how it ended with every beat. One that takes too long is left to itself: nobody waits for
    /// a grace.
    pub async fn outcome(self) -> (LoneOutcome, Vec<Beat>) {
        let close = self.limits.close.map(|limit| self.started + limit);
        let mut news = self.frontend.news();
        let outcome = loop {
            let last = news.borrow_and_update().clone();
            if let Some(outcome) = last.outcome {
                break outcome;
            }
            let heard = last.beat.map_or(self.started, |beat| beat.max(self.started));
            let beat = self.limits.beat.map(|limit| heard + limit);
            tokio::select! {
                // The frontend holds the sender, and this holds the frontend.
                _ = news.changed() => {}
                () = self.tap.later() => break LoneOutcome::Later,
                () = at(close) => break LoneOutcome::TimedOut,
                () = at(beat) => break LoneOutcome::HeartbeatTimedOut,
            }
        };
        let mut beats = self.tap.beats();
        // What a heartbeater keeps to the last goes out after the activity has returned, past the tap.
        for details in self.frontend.details() {
            if beats.iter().all(|beat| beat.details != details) {
                beats.push(Beat { after: self.started.elapsed(), details });
            }
        }
        let host = self.host.lock().take();
        if let Some(host) = host
            && !matches!(outcome, LoneOutcome::TimedOut | LoneOutcome::HeartbeatTimedOut)
        {
            host.drain().await;
        }
        (outcome, beats)
    }
}

async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment.into()).await,
        None => std::future::pending().await,
    }
}
