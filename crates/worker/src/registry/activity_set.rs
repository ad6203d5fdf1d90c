//! The activities of a product, listed one by one: so their names and types are known without connecting anything.

use std::fmt;
use std::sync::Arc;

use mainspring_vocabulary::{ActivityContract, Progress, Timeouts, WireType};
use schemars::JsonSchema;
use temporalio_common::ActivityDefinition;
use temporalio_sdk::WorkerOptions;
use temporalio_sdk::activities::{ActivityDefinitions, ActivityImplementer, ExecutableActivity};

use super::SetupError;

/// An activity of a product, as it is listed.
#[derive(Clone, Debug)]
pub struct ActivityEntry {
    name: String,
    types: Option<(WireType, WireType)>,
    contract: Option<ContractEntry>,
    progress: Option<ProgressType>,
}

/// What an attempt of an activity leaves to the next one.
#[derive(Clone, Copy, Debug)]
pub struct ProgressType {
    version: u32,
    fields: WireType,
}

impl ProgressType {
    /// The [`Progress::VERSION`] that is written.
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// The type of its fields.
    pub const fn fields(&self) -> WireType {
        self.fields
    }
}

/// What its contract says.
#[derive(Clone, Debug)]
struct ContractEntry {
    name: String,
    marker: &'static str,
    timeouts: Timeouts,
}

impl ContractEntry {
    fn of<C: ActivityContract>(contract: &C) -> Self {
        Self { name: contract.name().to_owned(), marker: std::any::type_name::<C>(), timeouts: C::TIMEOUTS }
    }
}

impl ActivityEntry {
    pub(super) fn untyped(name: &str) -> Self {
        Self { name: name.to_owned(), types: None, contract: None, progress: None }
    }

    /// Its type, as on the wire.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its input's type and its result's. None for one listed by [`ActivitySet::activity_unchecked`].
    pub const fn types(&self) -> Option<(WireType, WireType)> {
        self.types
    }

    /// What an attempt leaves to the next one, if [`ActivitySet::progress`] told it.
    pub const fn progress(&self) -> Option<ProgressType> {
        self.progress
    }

    /// Its timeouts. None for one listed by [`ActivitySet::activity_unchecked`].
    pub fn timeouts(&self) -> Option<Timeouts> {
        self.contract.as_ref().map(|contract| contract.timeouts)
    }

    /// What of its contract does not hold, each with what would be right.
    pub(super) fn breaches(&self) -> Vec<String> {
        let Some(ContractEntry { name, marker, timeouts }) = &self.contract else { return Vec::new() };
        let mut breaches = timeouts.breaches();
        if *name != self.name {
            breaches.push(format!(
                "its contract {marker} calls it {name}: give both one name, best by #[activity(definition = …)]"
            ));
        }
        breaches
    }
}

type RegisterOne<I> = Box<dyn Fn(&mut WorkerOptions, Arc<I>) + Send + Sync>;

/// The activities of one type, listed one by one: so their names are known without connecting anything.
pub struct ActivitySet<I> {
    listed: Vec<ActivityEntry>,
    register: Vec<RegisterOne<I>>,
}

impl<I: ActivityImplementer + Send + Sync + 'static> ActivitySet<I> {
    pub(super) const fn empty() -> Self {
        Self { listed: Vec::new(), register: Vec::new() }
    }

    /// What was listed, in that order.
    pub(super) fn listed(&self) -> &[ActivityEntry] {
        &self.listed
    }

    /// Puts each of them onto a worker's options.
    pub(super) fn register(&self, options: &mut WorkerOptions, instance: &Arc<I>) {
        for register in &self.register {
            register(options, instance.clone());
        }
    }

    /// Adds an activity that is its own contract: `set.activity(Payments::charge)`. The value is the SDK's marker, which
    /// holds nothing. `contracts check` holds its input and result against their schemas, and
    /// [`Registry::new`](super::Registry::new) its timeouts against their rules.
    #[must_use]
    pub fn activity<A>(self, activity: A) -> Self
    where
        A: ActivityContract + ExecutableActivity<Implementer = I> + 'static,
        A::Input: JsonSchema + Send + Sync,
        A::Output: JsonSchema + Send + Sync,
    {
        let contract = ContractEntry::of(&activity);
        self.with(activity, Some((WireType::of::<A::Input>(), WireType::of::<A::Output>())), Some(contract))
    }

    /// Adds an activity that keeps a contract of another crate: `set.activity_as(Services::charge, Activities::charge)`. The
    /// compiler sees to the same input and result, and [`Registry::new`](super::Registry::new) to the same name.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "the SDK's marker, which holds nothing")]
    pub fn activity_as<A, C>(self, activity: A, contract: C) -> Self
    where
        A: ActivityDefinition<Input = C::Input, Output = C::Output> + ExecutableActivity<Implementer = I> + 'static,
        C: ActivityContract,
        C::Input: JsonSchema + Send + Sync,
        C::Output: JsonSchema + Send + Sync,
    {
        let contract = ContractEntry::of(&contract);
        self.with(activity, Some((WireType::of::<A::Input>(), WireType::of::<A::Output>())), Some(contract))
    }

    /// Adds an activity without a contract: nobody looks at its types or timeouts. For tests, and for one whose input or
    /// result has no JSON schema, as that of several arguments.
    #[must_use]
    pub fn activity_unchecked<A>(self, activity: A) -> Self
    where
        A: ActivityDefinition + ExecutableActivity<Implementer = I> + 'static,
        A::Input: Send + Sync,
        A::Output: Send + Sync,
    {
        self.with(activity, None, None)
    }

    /// Says what attempts of the activity that was listed last leave to the next one: `set.activity(Export::copy)
    /// .progress::<Copied>()`. `contracts check` holds it against its schema, so that a new build resumes where an attempt
    /// of the old one was.
    #[must_use]
    pub fn progress<P>(mut self) -> Self
    where
        P: Progress + JsonSchema + 'static,
    {
        if let Some(last) = self.listed.last_mut() {
            last.progress = Some(ProgressType { version: P::VERSION, fields: WireType::of::<P>() });
        }
        self
    }

    #[expect(clippy::needless_pass_by_value)]
    fn with<A>(mut self, activity: A, types: Option<(WireType, WireType)>, contract: Option<ContractEntry>) -> Self
    where
        A: ActivityDefinition + ExecutableActivity<Implementer = I> + 'static,
        A::Input: Send + Sync,
        A::Output: Send + Sync,
    {
        self.listed.push(ActivityEntry { name: activity.name().to_owned(), types, contract, progress: None });
        self.register.push(Box::new(|options, instance| {
            options.register_activity::<A>(instance);
        }));
        self
    }

    /// The SDK shows the names that a type has only in its definitions' Debug output; a unit test pins that form.
    pub(super) fn refuse_unlisted(&self, instance: &Arc<I>) -> Result<(), SetupError> {
        let mut definitions = ActivityDefinitions::default();
        instance.clone().register_all(&mut definitions);
        for name in names_in_debug(&format!("{definitions:?}")) {
            if !self.listed.iter().any(|entry| entry.name == name) {
                let of = std::any::type_name::<I>();
                return Err(format!("activity {name} of {of} is not listed: add it to the product's activities").into());
            }
        }
        Ok(())
    }
}

impl<I> fmt::Debug for ActivitySet<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.listed.iter().map(ActivityEntry::name)).finish()
    }
}

fn names_in_debug(debug: &str) -> Vec<String> {
    let list = debug.find('[').zip(debug.rfind(']')).map_or("[]", |(from, to)| &debug[from..=to]);
    serde_json::from_str(list).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sdk_shows_the_names_of_its_definitions_in_the_form_that_is_read() {
        let debug = r#"ActivityDefinitions { activities: ["a", "b c"] }"#;
        assert_eq!(names_in_debug(debug), ["a", "b c"]);
        assert_eq!(format!("{:?}", ActivityDefinitions::default()), "ActivityDefinitions { activities: [] }");
    }
}
