//! What callers can say to a workflow that runs, and ask of it.

use std::marker::PhantomData;

use schemars::JsonSchema;
use temporalio_common::{QueryDefinition, SignalDefinition, UpdateDefinition, WorkflowDefinition};

use crate::WireType;

/// The kinds of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MessageKind {
    /// It has no answer.
    Signal,
    /// It changes nothing.
    Query,
    /// It may change the run, and has an answer.
    Update,
}

/// One message of a workflow.
#[derive(Clone, Debug)]
pub struct Message {
    /// What it is.
    pub kind: MessageKind,
    /// Its name on the wire.
    pub name: String,
    /// What it carries.
    pub input: WireType,
    /// What it is answered with; a signal is not.
    pub result: Option<WireType>,
}

/// The messages of the workflow `W`, listed by its contract.
#[derive(Clone, Debug)]
pub struct Messages<W> {
    list: Vec<Message>,
    of: PhantomData<fn() -> W>,
}

impl<W> Default for Messages<W> {
    fn default() -> Self {
        Self { list: Vec::new(), of: PhantomData }
    }
}

// The markers hold nothing, and a list by value reads as one.
#[expect(clippy::needless_pass_by_value)]
impl<W: WorkflowDefinition> Messages<W> {
    /// Adds a signal.
    #[must_use]
    pub fn signal<S>(self, signal: S) -> Self
    where
        S: SignalDefinition<Workflow = W>,
        S::Input: JsonSchema,
    {
        self.with(MessageKind::Signal, signal.name(), WireType::of::<S::Input>(), None)
    }

    /// Adds a query.
    #[must_use]
    pub fn query<Q>(self, query: Q) -> Self
    where
        Q: QueryDefinition<Workflow = W>,
        Q::Input: JsonSchema,
        Q::Output: JsonSchema,
    {
        self.with(MessageKind::Query, query.name(), WireType::of::<Q::Input>(), Some(WireType::of::<Q::Output>()))
    }

    /// Adds an update.
    #[must_use]
    pub fn update<U>(self, update: U) -> Self
    where
        U: UpdateDefinition<Workflow = W>,
        U::Input: JsonSchema,
        U::Output: JsonSchema,
    {
        self.with(MessageKind::Update, update.name(), WireType::of::<U::Input>(), Some(WireType::of::<U::Output>()))
    }

    fn with(mut self, kind: MessageKind, name: &str, input: WireType, result: Option<WireType>) -> Self {
        self.list.push(Message { kind, name: name.to_owned(), input, result });
        self
    }
}

impl<W> Messages<W> {
    /// The messages, in the order in which they were listed.
    pub fn into_list(self) -> Vec<Message> {
        self.list
    }
}
