//! One product: what it registers, on which task queue, and what it needs.

use std::collections::BTreeSet;
use std::fmt;
use std::future::Future;
use std::sync::Arc;

use futures::future::{BoxFuture, FutureExt};
use mainspring_logs::{LogSource, Sinks};
use mainspring_schedules::Schedule;
use mainspring_settings::{Report, Section, SettingsError, Sources};
use mainspring_vocabulary::Contract;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use temporalio_common::WorkflowDefinition;
use temporalio_common::protos::temporal::api::enums::v1::IndexedValueType;
use temporalio_sdk::WorkerOptions;
use temporalio_sdk::activities::{ActivityImplementer, ExecutableActivity};
use temporalio_sdk::interceptors::ActivityInboundInterceptor;
use temporalio_sdk::workflow_interceptors::WorkflowInterceptorConstructor;
use temporalio_sdk::workflow_replayer::WorkflowReplayerOptions;
use temporalio_sdk::workflows::WorkflowImplementation;

use super::workflow::Registered;
use super::{ActivityEntry, ActivitySet, RegistryError, Setup, SetupError, StandIn, WorkflowEntry};

/// Puts workflows or connected activities onto a worker's options. Called for each worker that is built, also when
/// one is built anew.
pub(crate) type Registration = Arc<dyn Fn(&mut WorkerOptions) + Send + Sync>;
/// Puts a workflow onto the options of a replay.
pub(crate) type ReplayRegistration = Arc<dyn Fn(&mut WorkflowReplayerOptions) + Send + Sync>;
type Connect = Arc<dyn Fn(Setup) -> BoxFuture<'static, Result<Registration, SetupError>> + Send + Sync>;

/// A section of settings that a product declared.
#[derive(Clone, Copy)]
struct SectionEntry {
    check: fn(&Sources) -> Result<(), SettingsError>,
    report: fn(Report, &Sources) -> Report,
}

/// An area of work with a task queue: its workflows, its activities, its settings.
///
/// ```
/// use std::time::Duration;
///
/// use mainspring_vocabulary::{ActivityContract, NoFailures, Timeouts};
/// use mainspring_worker::Product;
/// use temporalio_macros::activities;
/// use temporalio_sdk::activities::{ActivityContext, ActivityError};
///
/// pub struct Payments;
///
/// #[activities]
/// impl Payments {
///     #[activity(name = "charge")]
///     pub async fn charge(_ctx: ActivityContext, cents: u64) -> Result<u64, ActivityError> {
///         Ok(cents)
///     }
/// }
///
/// impl ActivityContract for payments::Charge {
///     type Failures = NoFailures;
///     const TIMEOUTS: Timeouts = Timeouts::start_to_close(Duration::from_secs(10));
/// }
///
/// pub fn product() -> Product {
///     Product::new("payments", "payments-task-queue")
///         // .workflow::<Refund>()
///         .activities(|_setup| async { Ok(Payments) }, |set| set.activity(Payments::charge))
/// }
/// assert_eq!(product().activity_names().collect::<Vec<_>>(), ["charge"]);
/// ```
#[derive(Clone)]
pub struct Product {
    name: String,
    home: String,
    queue: String,
    workflows: Vec<Registered>,
    activities: Vec<ActivitiesEntry>,
    settings: Vec<SectionEntry>,
    customize: Vec<Registration>,
    interceptors: Vec<WorkflowInterceptorConstructor>,
    crates: BTreeSet<&'static str>,
    example: Option<String>,
    stand_ins: Vec<StandIn>,
    pub(super) attributes: Vec<(&'static str, IndexedValueType)>,
    pub(super) log_sources: Vec<LogSource>,
    pub(super) loggers: Vec<(String, Sinks)>,
    pub(super) schedules: Vec<Schedule>,
}

#[derive(Clone)]
struct ActivitiesEntry {
    listed: Vec<ActivityEntry>,
    connect: Connect,
}

impl Product {
    /// A product that registers nothing yet.
    pub fn new(name: impl Into<String>, task_queue: impl Into<String>) -> Self {
        let home: String = task_queue.into();
        Self {
            name: name.into(),
            queue: home.clone(),
            home,
            workflows: Vec::new(),
            activities: Vec::new(),
            settings: Vec::new(),
            customize: Vec::new(),
            interceptors: Vec::new(),
            crates: BTreeSet::new(),
            example: None,
            stand_ins: Vec::new(),
            attributes: Vec::new(),
            log_sources: Vec::new(),
            loggers: Vec::new(),
            schedules: Vec::new(),
        }
    }

    /// Registers a workflow, with the JSON schemas of its input and result: commands check an input before it is sent, and
    /// `contracts check` what a change would break. A workflow without input takes `()`.
    #[must_use]
    pub fn workflow<W>(self) -> Self
    where
        W: WorkflowImplementation,
        <W::Run as WorkflowDefinition>::Input: JsonSchema + Send,
        <W::Run as WorkflowDefinition>::Output: JsonSchema,
    {
        self.with_workflow::<W>(Registered::new::<W>().typed::<W::Run>())
    }

    /// Registers a workflow whose input or result has no JSON schema: nobody checks them but the workflow itself.
    #[must_use]
    pub fn workflow_unchecked<W>(self) -> Self
    where
        W: WorkflowImplementation,
        <W::Run as WorkflowDefinition>::Input: Send,
    {
        self.with_workflow::<W>(Registered::new::<W>())
    }

    /// Registers a workflow that keeps the contract `C`: the same input and result, which the compiler sees to, and the
    /// same name and task queue, which [`Registry::new`](super::Registry::new) does. Ids follow from inputs as `C` says.
    #[must_use]
    pub fn workflow_as<W, C>(self) -> Self
    where
        W: WorkflowImplementation,
        W::Run: WorkflowDefinition<Input = C::Input, Output = C::Output>,
        C: Contract,
        C::Input: DeserializeOwned + JsonSchema + Send,
        C::Output: JsonSchema,
    {
        self.with_workflow::<W>(Registered::new::<W>().typed::<C>().contract::<C>())
    }

    fn with_workflow<W>(mut self, workflow: Registered) -> Self {
        self.crates.insert(crate_of::<W>());
        self.workflows.push(workflow);
        self
    }

    /// Registers the activities of one type. `connect` makes the instance that they share, with its dependencies, once
    /// in a process; `list` names the activities. One that the type has and `list` lacks is refused at start.
    #[must_use]
    pub fn activities<I, C, F>(mut self, connect: C, list: impl FnOnce(ActivitySet<I>) -> ActivitySet<I>) -> Self
    where
        I: ActivityImplementer + Send + Sync + 'static,
        C: Fn(Setup) -> F + Send + Sync + 'static,
        F: Future<Output = Result<I, SetupError>> + Send + 'static,
    {
        self.crates.insert(crate_of::<I>());
        let set = list(ActivitySet::empty());
        let listed = set.listed().to_vec();
        let set = Arc::new(set);
        let connect: Connect = Arc::new(move |setup| {
            let (connecting, set) = (connect(setup), set.clone());
            async move {
                let instance = Arc::new(connecting.await?);
                set.refuse_unlisted(&instance)?;
                let registration: Registration = Arc::new(move |options| {
                    set.register(options, &instance);
                });
                Ok(registration)
            }
            .boxed()
        });
        self.activities.push(ActivitiesEntry { listed, connect });
        self
    }

    /// Declares a section of settings, so that a missing or wrong one is found before anything starts.
    #[must_use]
    pub fn settings<S: Section>(mut self) -> Self {
        self.settings.push(SectionEntry {
            check: |sources| mainspring_settings::load::<S>(sources).map(drop),
            report: |report, sources| report.section::<S>(sources),
        });
        self
    }

    /// Reaches the SDK's own options of every worker on this product's queue, after Mainspring has set them.
    #[must_use]
    pub fn customize(mut self, change: impl Fn(&mut WorkerOptions) + Send + Sync + 'static) -> Self {
        self.customize.push(Arc::new(change));
        self
    }

    /// Puts an interceptor around every workflow on this product's queue, inside of Mainspring's own; a replay of this
    /// product's histories has it too, as it may change what workflows ask for.
    #[must_use]
    pub fn workflow_interceptor(mut self, constructor: WorkflowInterceptorConstructor) -> Self {
        self.interceptors.push(constructor.clone());
        self.customize(move |options| {
            options.workflow_interceptor(constructor.clone());
        })
    }

    /// The same product on another task queue, by [`Registry::moved`](super::Registry::moved): so that calls follow.
    #[must_use]
    pub(super) fn on_queue(mut self, task_queue: impl Into<String>) -> Self {
        self.queue = task_queue.into();
        self
    }

    /// With these in place of its own activities, by [`Registry::with_stand_ins`](super::Registry::with_stand_ins).
    #[must_use]
    pub(super) fn stand_ins(mut self, stand_ins: impl Iterator<Item = StandIn>) -> Self {
        self.stand_ins.extend(stand_ins);
        self
    }

    /// A command to try, after the name of the management command: `workflow execute no-op '{"arg": "1"}'`. `dev` shows it.
    #[must_use]
    pub fn example(mut self, command: impl Into<String>) -> Self {
        self.example = Some(command.into());
        self
    }

    /// The command to try, if the product gave one.
    pub fn example_command(&self) -> Option<&str> {
        self.example.as_deref()
    }

    /// The crates that its workflows and activities are defined in, with underscores: what a change of sources touches.
    pub fn crates(&self) -> impl Iterator<Item = &'static str> {
        self.crates.iter().copied()
    }

    /// The name by which commands and settings find it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The task queue that its contract names; its callers' code does too.
    pub fn home_queue(&self) -> &str {
        &self.home
    }

    /// The task queue that its workers poll: its own, unless it was moved.
    pub fn queue(&self) -> &str {
        &self.queue
    }

    /// Its workflows, with what commands and callers need to know of each.
    pub fn workflows(&self) -> impl Iterator<Item = WorkflowEntry<'_>> {
        self.workflows.iter().map(|registered| WorkflowEntry::new(self, registered))
    }

    /// Types of its workflows, as on the wire.
    pub fn workflow_names(&self) -> impl Iterator<Item = &str> {
        self.workflows.iter().map(|entry| entry.name())
    }

    /// Types of its activities, as on the wire.
    pub fn activity_names(&self) -> impl Iterator<Item = &str> {
        self.activity_entries().map(ActivityEntry::name)
    }

    /// Its activities, in the order in which they were listed.
    pub fn activity_entries(&self) -> impl Iterator<Item = &ActivityEntry> {
        self.activities.iter().flat_map(|entry| &entry.listed)
    }

    /// Whether every setting that the product declared is there and parses. With a stand-in for every activity none is needed.
    ///
    /// # Errors
    /// What is missing or wrong, a line each.
    pub fn check_settings(&self, sources: &Sources) -> Result<(), SettingsError> {
        if !self.stand_ins.is_empty() && self.activities.iter().all(|entry| self.stood_in(entry)) {
            return Ok(());
        }
        self.settings.iter().try_for_each(|section| (section.check)(sources))
    }

    /// Adds the settings that the product declared to a report.
    pub fn report_settings(&self, report: Report, sources: &Sources) -> Report {
        self.settings.iter().fold(report, |report, section| (section.report)(report, sources))
    }

    /// A product of one activity, on an instance that is there already.
    pub(crate) fn alone<A>(instance: Arc<A::Implementer>) -> Self
    where
        A: ExecutableActivity + 'static,
        A::Input: Send + Sync,
        A::Output: Send + Sync,
    {
        let connect: Connect = Arc::new(move |_setup| {
            let instance = instance.clone();
            let registration: Registration = Arc::new(move |options| {
                options.register_activity::<A>(instance.clone());
            });
            std::future::ready(Ok(registration)).boxed()
        });
        let mut product = Self::new("alone", "alone");
        let listed = vec![ActivityEntry::untyped(A::definition().name())];
        product.activities.push(ActivitiesEntry { listed, connect });
        product
    }

    /// Its activities without its workflows, with this interceptor next to user code.
    pub(crate) fn activities_alone(mut self, interceptor: impl ActivityInboundInterceptor + Clone) -> Self {
        self.workflows.clear();
        self.customize(move |options| {
            options.activity_inbound_interceptor(interceptor.clone());
        })
    }

    #[cfg(test)]
    pub(super) fn named_for_test(name: &str, queue: &str, activity: &str) -> Self {
        let connect: Connect = Arc::new(|_setup| async { Err("it connects nothing".into()) }.boxed());
        let mut product = Self::new(name, queue);
        let listed = vec![ActivityEntry::untyped(activity)];
        product.activities.push(ActivitiesEntry { listed, connect });
        product
    }

    /// What of its activities' contracts does not hold, a sentence each.
    pub(super) fn activity_breaches(&self) -> impl Iterator<Item = String> {
        self.activity_entries().flat_map(|entry| {
            let said = |breach| format!("activity {} of product {}: {breach}", entry.name(), self.name);
            entry.breaches().into_iter().map(said).collect::<Vec<_>>()
        })
    }

    pub(super) fn check(&self) -> Result<(), RegistryError> {
        for (what, name) in [("product", &self.name), ("task queue", &self.queue)] {
            let fits = |c: char| c.is_ascii_alphanumeric() || "-_.:".contains(c);
            if name.is_empty() || !name.chars().all(fits) {
                return Err(RegistryError::BadName { what, name: name.clone() });
            }
        }
        if self.workflows.is_empty() && self.activity_names().next().is_none() {
            return Err(RegistryError::Empty { product: self.name.clone(), queue: self.queue.clone() });
        }
        self.workflows.iter().try_for_each(|workflow| workflow.check(self))
    }

    pub(crate) fn workflow_registrations(&self) -> impl Iterator<Item = Registration> {
        self.workflows.iter().map(|entry| entry.registration())
    }

    pub(crate) fn replay_registrations(&self) -> impl Iterator<Item = ReplayRegistration> {
        self.workflows.iter().map(|entry| entry.replay_registration())
    }

    pub(crate) fn workflow_interceptors(&self) -> &[WorkflowInterceptorConstructor] {
        &self.interceptors
    }

    pub(crate) fn customizations(&self) -> impl Iterator<Item = Registration> {
        self.customize.iter().cloned()
    }

    /// Whether each of these activities has a stand-in.
    fn stood_in(&self, entry: &ActivitiesEntry) -> bool {
        let stood_in = |listed: &ActivityEntry| self.stand_ins.iter().any(|stand_in| stand_in.name() == listed.name());
        entry.listed.iter().all(stood_in)
    }

    /// Connects every type of activities, but for those of which every activity has a stand-in.
    pub(crate) async fn connect(&self, setup: &Setup) -> Result<Vec<Registration>, SetupError> {
        let mut registrations = Vec::new();
        for entry in self.activities.iter().filter(|entry| !self.stood_in(entry)) {
            registrations.push((entry.connect)(setup.clone()).await?);
        }
        // The later registration of a name wins.
        for stand_in in &self.stand_ins {
            let stand_in = stand_in.clone();
            registrations.push(Arc::new(move |options: &mut WorkerOptions| stand_in.register(options)));
        }
        Ok(registrations)
    }
}

impl fmt::Debug for Product {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Product")
            .field("name", &self.name)
            .field("queue", &self.queue)
            .field("workflows", &self.workflow_names().collect::<Vec<_>>())
            .field("activities", &self.activity_names().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// The first part of a type's path, which is its crate.
fn crate_of<T>() -> &'static str {
    let path = std::any::type_name::<T>();
    path.split("::").next().unwrap_or(path)
}
