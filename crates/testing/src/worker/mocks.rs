//! Mocks of activities, typed by their definitions, and the calls that came to them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::future::{BoxFuture, FutureExt};
use mainspring_worker::{Registry, StandIn};
use parking_lot::Mutex;
use temporalio_common::ActivityDefinition;
use temporalio_common::data_converters::{
    ActivitySerializationContext, GenericPayloadConverter, PayloadConverter, SerializationContext,
    SerializationContextData,
};
use temporalio_common::error::ApplicationFailure;
use temporalio_common::protos::temporal::api::common::v1::Payload;
use temporalio_sdk::activities::{ActivityContext, ActivityError};

use super::error::how_to_mock;

/// One call of a mock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call<I> {
    /// What it was given.
    pub input: I,
    /// Attempt, from 1.
    pub attempt: u32,
    /// The workflow that called it.
    pub workflow_id: Option<String>,
}

/// What came to the mocks of one worker.
#[derive(Debug, Default)]
pub(super) struct Calls {
    by_name: Mutex<BTreeMap<String, Vec<Call<Vec<Payload>>>>>,
    missing: Mutex<BTreeSet<String>>,
}

impl Calls {
    fn record(&self, ctx: &ActivityContext, input: &[Payload]) {
        let info = ctx.info();
        let call = Call { input: input.to_vec(), attempt: info.attempt, workflow_id: info.workflow_id.clone() };
        self.by_name.lock().entry(info.activity_type.clone()).or_default().push(call);
    }

    pub(super) fn of<A: ActivityDefinition>(&self, definition: &A) -> Vec<Call<A::Input>> {
        let raw = self.by_name.lock().get(definition.name()).cloned().unwrap_or_default();
        let data = SerializationContextData::Activity(ActivitySerializationContext::new());
        let converter = PayloadConverter::default();
        let context = SerializationContext::new(&data, &converter);
        // The mock has read each of them already, by the same type.
        raw.into_iter()
            .filter_map(|call| {
                let input = converter.from_payloads(&context, call.input).ok()?;
                Some(Call { input, attempt: call.attempt, workflow_id: call.workflow_id })
            })
            .collect()
    }

    /// Activities that were called without a mock, if there is to be one for each.
    pub(super) fn missing(&self) -> Vec<String> {
        self.missing.lock().iter().cloned().collect()
    }
}

/// A mock that keeps its calls.
pub(super) fn mock<A, F>(
    calls: &Arc<Calls>,
    definition: A,
    body: impl Fn(ActivityContext, A::Input) -> F + Send + Sync + 'static,
) -> StandIn
where
    A: ActivityDefinition,
    A::Input: Send,
    A::Output: Send + Sync,
    F: Future<Output = Result<A::Output, ActivityError>> + Send + 'static,
{
    let (calls, typed) = (calls.clone(), StandIn::new(definition, body));
    StandIn::untyped(typed.name().to_owned(), move |ctx, input| {
        calls.record(&ctx, &input.payloads);
        typed.call(ctx, input)
    })
}

/// Refusals for every activity of the registry that has no mock.
pub(super) fn refusals(calls: &Arc<Calls>, registry: &Registry, mocks: &[StandIn]) -> Vec<StandIn> {
    let names = registry.products().iter().flat_map(|product| product.activity_names());
    let without = names.filter(|name| !mocks.iter().any(|mock| mock.name() == *name));
    without
        .map(|name| {
            let calls = calls.clone();
            StandIn::untyped(name, move |ctx, _input| {
                let name = ctx.info().activity_type.clone();
                let text = format!("activity {name} is not mocked. {}", how_to_mock(&name));
                calls.missing.lock().insert(name);
                let failure = ApplicationFailure::builder(text).type_name("NotMocked".to_owned()).non_retryable(true);
                std::future::ready(Err(failure.build().into()))
            })
        })
        .collect()
}

/// The body of a mock whose first attempts fail, of each call anew: `fails_first(2, || Busy, |user| async { Ok(account) })`.
///
/// ```
/// use mainspring_testing::fails_first;
/// use temporalio_sdk::activities::ActivityError;
///
/// # #[derive(mainspring_vocabulary::Failure, Debug)]
/// # #[failure(retryable, message = "busy")]
/// # struct Busy;
/// let body = fails_first(2, || Busy, |cents: u64| async move { Ok(cents) });
/// # let _: futures::future::BoxFuture<'static, Result<u64, ActivityError>> = body(1);
/// ```
pub fn fails_first<I, O, E, F>(
    times: u32,
    error: impl Fn() -> E + Send + Sync + 'static,
    then: impl Fn(I) -> F + Send + Sync + 'static,
) -> impl Fn(I) -> BoxFuture<'static, Result<O, ActivityError>> + Send + Sync + 'static
where
    E: Into<ActivityError>,
    F: Future<Output = Result<O, ActivityError>> + Send + 'static,
    O: Send + 'static,
{
    move |input| {
        // The activity layer says which attempt this is.
        let attempt = mainspring_context::activity().map_or(1, |activity| activity.attempt);
        if attempt <= times {
            return std::future::ready(Err(error().into())).boxed();
        }
        then(input).boxed()
    }
}
