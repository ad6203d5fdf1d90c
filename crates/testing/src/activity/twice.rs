//! An activity run twice, as Temporal does when the answer of the first run is lost.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{BoxFuture, FutureExt};
use mainspring_worker::difference;
use serde::Serialize;
use serde_json::Value;
use temporalio_common::protos::temporal::api::common::v1::{Payload, Payloads};
use temporalio_sdk::activities::ExecutableActivity;

use super::{ActivityRun, NotDone, encoded};

type Sample = Box<dyn Fn() -> BoxFuture<'static, Value> + Send + Sync>;

/// Runs an activity, loses its answer, and runs attempt 2 of it with what it beat last: both must give the same result, and
/// leave each probe as it was.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use mainspring_testing::run_twice;
/// use temporalio_macros::activities;
/// use temporalio_sdk::activities::{ActivityContext, ActivityError};
///
/// struct Post(Arc<AtomicU64>);
///
/// #[activities]
/// impl Post {
///     #[activity(name = "send")]
///     async fn send(self: Arc<Self>, _ctx: ActivityContext, to: String) -> Result<String, ActivityError> {
///         self.0.fetch_add(1, Ordering::SeqCst);
///         Ok(format!("letter to {to}"))
///     }
/// }
///
/// # async fn is_seen() {
/// let sent = Arc::new(AtomicU64::new(0));
/// let seen = sent.clone();
/// let twice = run_twice(Post::send, "ada".to_owned()).probe("letters", move || {
///     let letters = seen.load(Ordering::SeqCst);
///     async move { letters }
/// });
/// let error = twice.on(Post(sent)).await.unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "the activity is not idempotent: \"letters\" was 1 after the first run and 2 after the second"
/// );
/// # }
/// # tokio::runtime::Runtime::new().unwrap().block_on(is_seen());
/// ```
pub fn run_twice<A>(activity: A, input: A::Input) -> RunTwice<A>
where
    A: ExecutableActivity + 'static,
    A::Input: Send + Sync,
    A::Output: Send + Sync,
{
    RunTwice { run: ActivityRun::new(activity, input), probes: Vec::new() }
}

/// An activity about to run twice; made by [`run_twice`].
#[must_use = "it runs on an instance"]
pub struct RunTwice<A: ExecutableActivity> {
    run: ActivityRun<A>,
    probes: Vec<(String, Sample)>,
}

impl<A> RunTwice<A>
where
    A: ExecutableActivity + 'static,
    A::Input: Send + Sync,
    A::Output: Send + Sync,
{
    /// Samples an effect after each run: rows in a table, requests that a service has seen.
    pub fn probe<F>(mut self, name: impl Into<String>, sample: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output: Serialize> + Send + 'static,
    {
        let sample = move || {
            let sampled = sample();
            async move { serde_json::to_value(sampled.await).unwrap_or_else(|error| error.to_string().into()) }.boxed()
        };
        self.probes.push((name.into(), Box::new(sample)));
        self
    }

    /// It must beat within this time; by default it need not.
    pub fn heartbeat_timeout(self, timeout: Duration) -> Self {
        Self { run: self.run.heartbeat_timeout(timeout), probes: self.probes }
    }

    /// Runs both, and gives the result.
    ///
    /// # Errors
    /// [`NotDone::NotIdempotent`] with each difference; or why the first run gave no result.
    pub async fn on(self, instance: A::Implementer) -> Result<A::Output, NotDone> {
        let Self { run, probes } = self;
        let instance = Arc::new(instance);
        let first = run.on_shared(&instance).await;
        let before = payload(&first.result?)?;
        let effects = sampled(&probes).await;
        let last = first.beats.last().map(|beat| Payloads { payloads: beat.details.clone() });
        let again = run.task(move |task| {
            task.attempt += 1;
            if let Some(last) = &last {
                task.heartbeat_details = Some(last.clone());
            }
        });
        let second = match again.on_shared(&instance).await.result {
            Ok(second) => second,
            Err(error) => {
                return Err(NotDone::NotIdempotent(format!("it succeeded, and then did not: {error}")));
            }
        };
        let mut said = Vec::new();
        let another = difference(&before, &payload(&second)?);
        said.extend(another.map(|what| format!("its result is another: {what}")));
        for ((name, _), (before, after)) in probes.iter().zip(effects.iter().zip(&sampled(&probes).await)) {
            if before != after {
                said.push(format!("{name:?} was {before} after the first run and {after} after the second"));
            }
        }
        if said.is_empty() { Ok(second) } else { Err(NotDone::NotIdempotent(said.join("; "))) }
    }
}

async fn sampled(probes: &[(String, Sample)]) -> Vec<Value> {
    let mut samples = Vec::with_capacity(probes.len());
    for (_, sample) in probes {
        samples.push(sample().await);
    }
    samples
}

fn payload<T: temporalio_common::data_converters::TemporalSerializable + 'static>(
    value: &T,
) -> Result<Payload, NotDone> {
    let payloads = encoded(value).map_err(NotDone::NotRun)?;
    Ok(payloads.into_iter().next().unwrap_or_default())
}

impl<A: ExecutableActivity> fmt::Debug for RunTwice<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunTwice").field("run", &self.run).finish_non_exhaustive()
    }
}
