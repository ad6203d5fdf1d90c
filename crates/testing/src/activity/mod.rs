//! One activity alone: through the layers of a worker, without a server and without a workflow.

mod failure;
mod twice;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use mainspring_settings::Sources;
use mainspring_vocabulary::{Progress, progress};
use mainspring_worker::{Beat, LoneAttempt, LoneOutcome, RunningLoneAttempt};
use temporalio_common::data_converters::{
    ActivitySerializationContext, GenericPayloadConverter, PayloadConverter, SerializationContext,
    SerializationContextData, TemporalDeserializable, TemporalSerializable,
};
use temporalio_common::protos::temporal::api::common::v1::{Payload, Payloads, WorkflowExecution, WorkflowType};
use temporalio_common::protos::temporal::api::workflowservice::v1::PollActivityTaskQueueResponse;
use temporalio_sdk::activities::ExecutableActivity;

pub use failure::{ActivityFailure, NotDone};
pub use twice::{RunTwice, run_twice};

type Change = Arc<dyn Fn(&mut PollActivityTaskQueueResponse) + Send + Sync>;

/// One attempt of an activity, in a worker without a server. What the worker's layers do in production they do here: scope
/// and log fields, protection, panics and errors by class; the payloads go through the converter.
///
/// ```
/// use std::sync::Arc;
/// use mainspring_testing::ActivityRun;
/// use temporalio_macros::activities;
/// use temporalio_sdk::activities::{ActivityContext, ActivityError};
///
/// struct Counter;
///
/// #[activities]
/// impl Counter {
///     #[activity(name = "count")]
///     async fn count(self: Arc<Self>, ctx: ActivityContext, to: u64) -> Result<u64, ActivityError> {
///         let from = ctx.heartbeat_details().deserialize::<u64>()?.unwrap_or(0);
///         for n in from..to {
///             ctx.record_heartbeat(n + 1).await?;
///         }
///         Ok(to - from)
///     }
/// }
///
/// # async fn resumes() {
/// let end = ActivityRun::new(Counter::count, 5).attempt(2).heartbeat_details(3_u64).on(Counter).await;
/// assert_eq!(end.beats_as::<u64>(), [4, 5]);
/// assert_eq!(end.result.unwrap(), 2);
/// # }
/// # tokio::runtime::Runtime::new().unwrap().block_on(resumes());
/// ```
#[must_use = "it runs on an instance"]
pub struct ActivityRun<A: ExecutableActivity> {
    input: Result<Vec<Payload>, String>,
    changes: Vec<Change>,
    settings: Vec<(String, String)>,
    _activity: PhantomData<fn() -> A>,
}

/// How an activity ended that ran alone.
#[derive(Debug)]
pub struct ActivityEnd<T> {
    /// Its result, or why there is none.
    pub result: Result<T, NotDone>,
    /// Every heartbeat, also those that the SDK would have held back.
    pub beats: Vec<Beat>,
}

impl<T> ActivityEnd<T> {
    /// What it beat with, as values; a beat that is none of `D` is left out.
    pub fn beats_as<D: TemporalDeserializable + 'static>(&self) -> Vec<D> {
        self.beats.iter().filter_map(|beat| decoded(beat.details.clone()).ok()).collect()
    }

    /// The progress that it beat with, as a next attempt of this build would read it.
    pub fn progress_as<P: Progress>(&self) -> Vec<P> {
        let details = self.beats.iter().filter_map(|beat| decoded(beat.details.clone()).ok());
        details.filter_map(|details| progress::from_details(details).ok()).collect()
    }
}

impl<A> ActivityRun<A>
where
    A: ExecutableActivity + 'static,
    A::Input: Send + Sync,
    A::Output: Send + Sync,
{
    /// The first attempt, under workflow id `workflow`, with a minute until its start-to-close timeout.
    pub fn new(_activity: A, input: A::Input) -> Self {
        crate::logs::show_if_asked();
        let run = Self { input: encoded(&input), changes: Vec::new(), settings: Vec::new(), _activity: PhantomData };
        run.task(|task| {
            let (workflow_id, run_id) = ("workflow".to_owned(), "run".to_owned());
            task.workflow_execution = Some(WorkflowExecution { workflow_id, run_id });
            task.workflow_type = Some(WorkflowType { name: "workflow".to_owned() });
        })
    }

    /// The number of the attempt, from 1.
    pub fn attempt(self, attempt: u32) -> Self {
        self.task(move |task| task.attempt = i32::try_from(attempt).unwrap_or(i32::MAX))
    }

    /// The progress that the attempt before has beaten last.
    pub fn progress<P: Progress>(mut self, left: &P) -> Self {
        match progress::to_details(left) {
            Ok(details) => self.heartbeat_details(details),
            Err(error) => {
                self.input = Err(error.to_string());
                self
            }
        }
    }

    /// What the attempt before last beat with; of a [`Progress`], say [`progress`](Self::progress).
    #[expect(clippy::needless_pass_by_value, reason = "as for a heartbeat itself")]
    pub fn heartbeat_details(mut self, details: impl TemporalSerializable + 'static) -> Self {
        match encoded(&details) {
            Ok(payloads) => {
                self.task(move |task| task.heartbeat_details = Some(Payloads { payloads: payloads.clone() }))
            }
            Err(error) => {
                self.input = Err(format!("its heartbeat details cannot be written: {error}"));
                self
            }
        }
    }

    /// It must beat within this time; by default it need not.
    pub fn heartbeat_timeout(self, timeout: Duration) -> Self {
        self.task(move |task| task.heartbeat_timeout = timeout.try_into().ok())
    }

    /// It must end within this time.
    pub fn start_to_close_timeout(self, timeout: Duration) -> Self {
        self.task(move |task| task.start_to_close_timeout = timeout.try_into().ok())
    }

    /// The workflow that calls it.
    pub fn workflow_id(self, workflow_id: impl Into<String>) -> Self {
        let id = workflow_id.into();
        self.task(move |task| {
            let run_id = "run".to_owned();
            task.workflow_execution = Some(WorkflowExecution { workflow_id: id.clone(), run_id });
        })
    }

    /// How long it has once its worker leaves; 1 s by default.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.settings.push(("GRACEFUL_SHUTDOWN_TIMEOUT_SECONDS".to_owned(), grace.as_secs_f64().to_string()));
        self
    }

    /// A last word on the task as the worker polls it, for what has no method here.
    pub fn task(mut self, change: impl Fn(&mut PollActivityTaskQueueResponse) + Send + Sync + 'static) -> Self {
        self.changes.push(Arc::new(change));
        self
    }

    /// Runs it to its end.
    pub async fn on(self, instance: A::Implementer) -> ActivityEnd<A::Output> {
        self.on_shared(&Arc::new(instance)).await
    }

    async fn on_shared(&self, instance: &Arc<A::Implementer>) -> ActivityEnd<A::Output> {
        match self.start_shared(instance).await {
            Ok(running) => running.end().await,
            Err(error) => ActivityEnd { result: Err(error), beats: Vec::new() },
        }
    }

    /// Starts it, to be cancelled or shut down on its way.
    ///
    /// # Errors
    /// [`NotDone::NotRun`].
    pub async fn start_on(self, instance: A::Implementer) -> Result<RunningActivity<A>, NotDone> {
        self.start_shared(&Arc::new(instance)).await
    }

    async fn start_shared(&self, instance: &Arc<A::Implementer>) -> Result<RunningActivity<A>, NotDone> {
        let input = self.input.clone().map_err(NotDone::NotRun)?;
        let base = [
            ("GRACEFUL_SHUTDOWN_TIMEOUT_SECONDS", "1"),
            ("MAINSPRING_HEARTBEAT_THROTTLE", "0.001"),
            ("MAINSPRING_ACTIVITY_POLLERS", "1"),
        ];
        let own = || self.settings.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let kept = base.into_iter().filter(|(name, _)| own().all(|(own, _)| own != *name));
        let attempt = LoneAttempt::on::<A>(instance.clone(), input).sources(Sources::from_pairs(kept.chain(own())));
        let attempt = self.changes.iter().fold(attempt, |attempt, change| attempt.task(|task| change(task)));
        let running = attempt.start().await.map_err(|error| NotDone::NotRun(error.to_string()))?;
        Ok(RunningActivity { running, _activity: PhantomData })
    }
}

/// An activity that runs alone.
pub struct RunningActivity<A> {
    running: RunningLoneAttempt,
    _activity: PhantomData<fn() -> A>,
}

impl<A> RunningActivity<A>
where
    A: ExecutableActivity,
{
    /// Cancels it. As in production, it hears of that at its next heartbeat; one that does not beat does not hear of it.
    pub fn cancel(&self) {
        self.running.cancel();
    }

    /// Its worker leaves: `mainspring::context::shutdown()` fires at once, and it is cancelled shortly before the end of the
    /// grace.
    pub fn shut_down(&self) {
        self.running.shut_down();
    }

    /// Ends when it has beaten so often.
    pub async fn beaten(&self, times: usize) {
        self.running.beaten(times).await;
    }

    /// Waits for its end.
    pub async fn end(self) -> ActivityEnd<A::Output> {
        let (outcome, beats) = self.running.outcome().await;
        let result = match outcome {
            LoneOutcome::Completed(payload) => {
                decoded(vec![payload]).map_err(|error| NotDone::NotRun(format!("its result cannot be read: {error}")))
            }
            LoneOutcome::Failed(failure) => Err(NotDone::Failed(Box::new(ActivityFailure::of(*failure)))),
            LoneOutcome::Cancelled => Err(NotDone::Cancelled),
            LoneOutcome::Later => Err(NotDone::Later),
            LoneOutcome::HeartbeatTimedOut => Err(NotDone::HeartbeatTimedOut),
            _ => Err(NotDone::TimedOut),
        };
        ActivityEnd { result, beats }
    }
}

fn encoded<T: TemporalSerializable + 'static>(value: &T) -> Result<Vec<Payload>, String> {
    let converter = PayloadConverter::default();
    let data = SerializationContextData::Activity(ActivitySerializationContext::new());
    converter.to_payloads(&SerializationContext::new(&data, &converter), value).map_err(|error| error.to_string())
}

fn decoded<T: TemporalDeserializable + 'static>(payloads: Vec<Payload>) -> Result<T, String> {
    let converter = PayloadConverter::default();
    let data = SerializationContextData::Activity(ActivitySerializationContext::new());
    converter.from_payloads(&SerializationContext::new(&data, &converter), payloads).map_err(|error| error.to_string())
}

impl<A: ExecutableActivity> fmt::Debug for ActivityRun<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActivityRun").field("activity", &A::definition().name()).finish_non_exhaustive()
    }
}

impl<A> fmt::Debug for RunningActivity<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunningActivity").field("running", &self.running).finish_non_exhaustive()
    }
}
