//! An activity in place of a product's own, for tests: by its definition's name, without what it is connected with.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

use futures::future::{BoxFuture, FutureExt};
use temporalio_common::ActivityDefinition;
use temporalio_common::data_converters::{
    ActivitySerializationContext, GenericPayloadConverter, PayloadConverter, RawValue, SerializationContext,
    SerializationContextData,
};
use temporalio_sdk::WorkerOptions;
use temporalio_sdk::activities::{
    ActivityContext, ActivityDefinitions, ActivityError, ActivityImplementer, ExecutableActivity,
};

type Body = dyn Fn(ActivityContext, RawValue) -> BoxFuture<'static, Result<RawValue, ActivityError>> + Send + Sync;

/// What runs in place of a product's activity of the same name; see
/// [`Registry::with_stand_ins`](crate::Registry::with_stand_ins).
#[derive(Clone)]
pub struct StandIn {
    name: String,
    body: Arc<Body>,
}

impl StandIn {
    /// For the activity that `definition` names, typed by it.
    #[expect(clippy::needless_pass_by_value, reason = "the SDK's marker, which holds nothing")]
    pub fn new<A, F>(definition: A, body: impl Fn(ActivityContext, A::Input) -> F + Send + Sync + 'static) -> Self
    where
        A: ActivityDefinition,
        A::Input: Send,
        A::Output: Send + Sync,
        F: Future<Output = Result<A::Output, ActivityError>> + Send + 'static,
    {
        Self::untyped(definition.name(), move |ctx, input| {
            let (data, converter) = converter();
            let input = converter.from_payloads(&SerializationContext::new(&data, &converter), input.payloads);
            let running = input.map(|input| body(ctx, input));
            async move {
                let output = running?.await?;
                let (data, converter) = self::converter();
                let payload = converter.to_payload(&SerializationContext::new(&data, &converter), &output)?;
                Ok(RawValue::new(vec![payload]))
            }
        })
    }

    /// For the activity of that name, with payloads as they are.
    pub fn untyped<F>(
        name: impl Into<String>,
        body: impl Fn(ActivityContext, RawValue) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<RawValue, ActivityError>> + Send + 'static,
    {
        Self { name: name.into(), body: Arc::new(move |ctx, input| body(ctx, input).boxed()) }
    }

    /// The activity that it stands in for.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs it.
    pub fn call(&self, ctx: ActivityContext, input: RawValue) -> BoxFuture<'static, Result<RawValue, ActivityError>> {
        (self.body)(ctx, input)
    }

    /// Registers it over the activity of its name, if that is registered.
    pub(super) fn register(&self, options: &mut WorkerOptions) {
        let before = NAMED.replace(Some(self.name.clone()));
        options.register_activity::<Named>(Arc::new(self.clone()));
        NAMED.set(before);
    }
}

impl fmt::Debug for StandIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StandIn").field(&self.name).finish()
    }
}

fn converter() -> (SerializationContextData, PayloadConverter) {
    (SerializationContextData::Activity(ActivitySerializationContext::new()), PayloadConverter::default())
}

thread_local! {
    /// The SDK takes an activity's name from its type alone; here it is a value. So it is told on the thread that registers.
    static NAMED: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// The definition of a stand-in.
struct Named(String);

impl ActivityDefinition for Named {
    type Input = RawValue;
    type Output = RawValue;

    fn name(&self) -> &str {
        &self.0
    }
}

impl ActivityImplementer for StandIn {
    fn register_all(self: Arc<Self>, _definitions: &mut ActivityDefinitions) {}
}

impl ExecutableActivity for Named {
    type Implementer = StandIn;
    const REQUIRES_INSTANCE: bool = true;

    fn definition() -> Self {
        Self(NAMED.with_borrow(|name| name.clone().unwrap_or_default()))
    }

    fn execute(
        receiver: Option<Arc<StandIn>>,
        ctx: ActivityContext,
        input: RawValue,
    ) -> BoxFuture<'static, Result<RawValue, ActivityError>> {
        match receiver {
            Some(stand_in) => (stand_in.body)(ctx, input),
            // A worker gives what was registered.
            None => futures::future::ready(Err(ActivityError::cancelled())).boxed(),
        }
    }
}
