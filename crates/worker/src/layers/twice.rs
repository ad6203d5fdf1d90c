//! Every activity twice: the first success is kept and answered as if it had been lost, Temporal runs another attempt,
//! and what the two gave and left behind is compared. Temporal runs an activity at least once; this shows what "more than
//! once" does.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use futures::future::{BoxFuture, FutureExt};
use mainspring_context::Activity;
use parking_lot::Mutex;
use serde_json::Value;
use temporalio_common::data_converters::{
    ActivitySerializationContext, GenericPayloadConverter, PayloadConversionError, PayloadConverter,
    SerializationContext, SerializationContextData, TemporalSerializable,
};
use temporalio_common::error::{ApplicationErrorCategory, ApplicationFailure};
use temporalio_common::protos::temporal::api::common::v1::Payload;
use temporalio_sdk::activities::{ActivityError, ActivityInfo};
use temporalio_sdk::interceptors::{
    ActivityExecutionValue, ActivityInboundInterceptor, ExecuteActivityInput, ExecuteActivityOutput, Next,
};

use super::ActivitySurroundings;
use super::difference::difference;

/// The type name of the failure that takes the place of a first success. Retryable, at once.
pub const ANSWER_WITHHELD: &str = "AnswerWithheld";
/// The type name of the failure of an activity whose second run differs from the first. Not retryable.
pub const NOT_IDEMPOTENT: &str = "NotIdempotent";

/// Temporal takes a delay of nothing for the word that there is to be no other attempt.
const AT_ONCE: Duration = Duration::from_millis(1);

/// So many first successes are kept at most, and each for so long: the second attempt of one may run elsewhere.
const MOST_KEPT: usize = 1_000;
const LONGEST_KEPT: Duration = Duration::from_secs(3_600);
/// What a second attempt needs beside the time that the first took, until it runs.
const MARGIN: Duration = Duration::from_millis(500);

type Sample = Arc<dyn Fn(Arc<Activity>) -> BoxFuture<'static, Result<Value, String>> + Send + Sync>;

/// Runs the activities of a host twice, and compares. Shared by all its workers.
#[derive(Default)]
pub struct EveryActivityTwice {
    probes: Vec<(String, Sample)>,
    firsts: Mutex<HashMap<Key, First>>,
    report: Mutex<TwiceReport>,
}

/// What came of running every activity twice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TwiceReport {
    /// Activity types with how often both runs were alike.
    pub alike: BTreeMap<String, u64>,
    /// Activity types whose runs were not alike, with what was different.
    pub different: BTreeMap<String, String>,
    /// Activity types that could not be run twice, with the reason.
    pub unchecked: BTreeMap<String, String>,
}

/// One activity of one workflow run.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key(Option<String>, Option<String>, String);

struct First {
    payload: Payload,
    effects: Vec<Value>,
    kept: Instant,
}

impl EveryActivityTwice {
    /// Without probes: results alone are compared.
    pub fn new() -> Self {
        Self::default()
    }

    /// Samples an effect after each of the two runs: rows in a table, requests that a service has seen. The two samples
    /// must be equal. What other activities do meanwhile shows in it, so it had better look at that activity's own.
    #[must_use]
    pub fn probe<F>(
        mut self,
        name: impl Into<String>,
        sample: impl Fn(Arc<Activity>) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<Value, String>> + Send + 'static,
    {
        self.probes.push((name.into(), Arc::new(move |activity| sample(activity).boxed())));
        self
    }

    /// What came of it so far.
    pub fn report(&self) -> TwiceReport {
        self.report.lock().clone()
    }

    async fn sample(&self, activity: &Arc<Activity>) -> Result<Vec<Value>, ApplicationFailure> {
        let mut samples = Vec::with_capacity(self.probes.len());
        for (name, sample) in &self.probes {
            let sampled = sample(activity.clone()).await;
            let failed = |cause| {
                let said = format!("probe {name:?} of activity {} failed: {cause}", activity.activity_type);
                ApplicationFailure::builder(said).type_name("ProbeFailed".to_owned()).non_retryable(true).build()
            };
            samples.push(sampled.map_err(failed)?);
        }
        Ok(samples)
    }

    /// Judges one attempt that succeeded.
    async fn succeeded(
        &self,
        key: Key,
        activity: Arc<Activity>,
        unfit: Option<String>,
        output: Box<dyn ActivityExecutionValue>,
    ) -> Result<Box<dyn ActivityExecutionValue>, ActivityError> {
        let name = activity.activity_type.clone();
        let output = Held(output);
        let payload = match output.payload() {
            Ok(payload) => payload,
            Err(error) => {
                self.leave_out(&name, format!("its result cannot be read: {error}"));
                return Ok(output.0);
            }
        };
        let first = self.firsts.lock().remove(&key);
        let Some(first) = first else {
            if let Some(why) = unfit {
                self.leave_out(&name, why);
                return Ok(output.0);
            }
            let effects = self.sample(&activity).await?;
            keep(&mut self.firsts.lock(), key, First { payload, effects, kept: Instant::now() });
            return Err(withheld(&name).into());
        };
        let effects = self.sample(&activity).await?;
        let mut said = Vec::new();
        said.extend(difference(&first.payload, &payload).map(|what| format!("its result is another: {what}")));
        for ((probe, _), (before, after)) in self.probes.iter().zip(first.effects.iter().zip(&effects)) {
            if before != after {
                said.push(format!("{probe:?} was {before} after the first run and {after} after the second"));
            }
        }
        if said.is_empty() {
            *self.report.lock().alike.entry(name).or_default() += 1;
            return Ok(output.0);
        }
        Err(self.differs(&name, &said.join("; ")).into())
    }

    /// Judges one attempt that failed: after a success it may not fail for good.
    fn failed(&self, key: &Key, activity: &Activity, last: bool, error: ActivityError) -> ActivityError {
        let ActivityError::Application(failure) = &error else { return error };
        if !(last || failure.is_non_retryable()) || self.firsts.lock().remove(key).is_none() {
            return error;
        }
        let kind = failure.type_name().unwrap_or_default();
        let said = format!("it succeeded, and the run after that failed for good: {kind}: {}", failure.source_error());
        self.differs(&activity.activity_type, &said).into()
    }

    fn differs(&self, name: &str, said: &str) -> ApplicationFailure {
        self.report.lock().different.insert(name.to_owned(), said.to_owned());
        let text = format!(
            "activity {name} is not idempotent: {said}. Temporal may run it again after it has succeeded, when its answer is \
             lost: make the second run find what the first did"
        );
        ApplicationFailure::builder(text).type_name(NOT_IDEMPOTENT.to_owned()).non_retryable(true).build()
    }

    fn leave_out(&self, name: &str, why: String) {
        self.report.lock().unchecked.insert(name.to_owned(), why);
    }
}

fn withheld(name: &str) -> ApplicationFailure {
    let text = format!("activity {name} succeeded, and runs once more, to compare (MAINSPRING_EVERY_ACTIVITY_TWICE)");
    ApplicationFailure::builder(text)
        .type_name(ANSWER_WITHHELD.to_owned())
        .next_retry_delay(AT_ONCE)
        .category(ApplicationErrorCategory::Benign)
        .build()
}

impl fmt::Debug for EveryActivityTwice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let probes: Vec<&str> = self.probes.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("EveryActivityTwice")
            .field("probes", &probes)
            .field("report", &self.report())
            .finish_non_exhaustive()
    }
}

/// A result as the SDK's converter can take it.
struct Held(Box<dyn ActivityExecutionValue>);

impl Held {
    fn payload(&self) -> Result<Payload, PayloadConversionError> {
        let converter = PayloadConverter::default();
        let data = SerializationContextData::Activity(ActivitySerializationContext::new());
        converter.to_payload(&SerializationContext::new(&data, &converter), self)
    }
}

impl TemporalSerializable for Held {
    fn as_serde(&self) -> Result<&dyn erased_serde::Serialize, PayloadConversionError> {
        self.0.as_serde()
    }

    fn to_payload(&self, context: &SerializationContext<'_>) -> Result<Payload, PayloadConversionError> {
        self.0.to_payload(context)
    }
}

/// The interceptor around the activity layer.
pub(crate) struct TwiceLayer(pub(crate) Arc<EveryActivityTwice>, pub(crate) ActivitySurroundings);

/// Keeps it, and lets go of those whose second attempt has not come here.
fn keep(firsts: &mut HashMap<Key, First>, key: Key, first: First) {
    firsts.retain(|_, kept| first.kept.duration_since(kept.kept) < LONGEST_KEPT);
    if firsts.len() >= MOST_KEPT {
        let oldest = firsts.iter().min_by_key(|(_, kept)| kept.kept).map(|(key, _)| key.clone());
        oldest.iter().for_each(|key| drop(firsts.remove(key)));
    }
    firsts.insert(key, first);
}

/// Why a success had better be given at once.
fn unfit(info: &ActivityInfo, took: Duration) -> Option<String> {
    if is_last(info) {
        return Some(format!("attempt {} is its last", info.attempt));
    }
    // The deadline may be that of all attempts: past it, an answer that was withheld fails the workflow.
    let left = info.deadline?.duration_since(SystemTime::now()).unwrap_or_default();
    let near = left < took * 2 + MARGIN;
    near.then(|| format!("its timeout is {:.1} s away, and a second run may take longer", left.as_secs_f64()))
}

/// Whether Temporal starts no further attempt.
fn is_last(info: &ActivityInfo) -> bool {
    let most = info.retry_policy.as_ref().map_or(0, |policy| policy.maximum_attempts());
    most != 0 && info.attempt >= most
}

impl ActivityInboundInterceptor for TwiceLayer {
    fn execute_activity<'a>(
        &'a self,
        input: ExecuteActivityInput,
        next: Next<'a, ExecuteActivityInput, ExecuteActivityOutput<'a>>,
    ) -> ExecuteActivityOutput<'a> {
        let info = input.activity_info();
        let key = Key(info.workflow_id.clone(), info.workflow_run_id.clone(), info.activity_id.clone());
        // The gate's is a reader, and no product's.
        if info.activity_type.starts_with("mainspring-") {
            return next.run(input);
        }
        if info.is_local {
            self.0
                .leave_out(&info.activity_type, "it is a local activity, and its workflow task would wait".to_owned());
            return next.run(input);
        }
        let (activity, info, begun) = (self.1.describe(info), info.clone(), Instant::now());
        Box::pin(async move {
            match next.run(input).await {
                Ok(output) => self.0.succeeded(key, activity, unfit(&info, begun.elapsed()), output).await,
                Err(error) => Err(self.0.failed(&key, &activity, is_last(&info), error)),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_comes_back_for_goes_with_time_and_with_number() {
        let first = |kept| First { payload: Payload::default(), effects: Vec::new(), kept };
        let key = |id: usize| Key(None, None, id.to_string());
        let (mut firsts, begun) = (HashMap::new(), Instant::now());
        for id in 0..=MOST_KEPT {
            keep(&mut firsts, key(id), first(begun + Duration::from_millis(id as u64)));
        }
        assert_eq!(firsts.len(), MOST_KEPT);
        assert!(!firsts.contains_key(&key(0)) && firsts.contains_key(&key(1)), "the oldest goes");
        keep(&mut firsts, key(0), first(begun + LONGEST_KEPT * 2));
        assert_eq!(firsts.len(), 1, "the others are too old");
    }
}
