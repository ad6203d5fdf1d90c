//! What can be wrong with a set of products.

use mainspring_vocabulary::MessageKind;
use temporalio_common::protos::temporal::api::enums::v1::IndexedValueType;

/// Why products cannot run together.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// A registry of nothing.
    #[error("no products: a worker needs at least one")]
    NoProducts,
    /// Commands and settings find a product by its name.
    #[error("two products are named {product}: give one of them another name")]
    ProductTwice {
        /// The name.
        product: String,
    },
    /// A name that is empty or has spaces.
    #[error("{what} {name:?} is not a name: use letters, digits, '-', '_', '.' or ':'")]
    BadName {
        /// What is named: a product, a task queue.
        what: &'static str,
        /// The name as given.
        name: String,
    },
    /// A product that a worker would poll for in vain.
    #[error("product {product} registers nothing on {queue}: give it a workflow or activities")]
    Empty {
        /// The product.
        product: String,
        /// Its task queue.
        queue: String,
    },
    /// A stand-in for an activity that no product has.
    #[error("no product has an activity {name}, so nothing can stand in for it: there are {known}")]
    NoSuchActivity {
        /// The name that was asked for.
        name: String,
        /// Those that there are.
        known: String,
    },
    /// Names of the framework's own, such as its gate's.
    #[error(
        "{kind} {name} of product {product}: names that begin with {prefix} are the framework's own, give it another"
    )]
    Reserved {
        /// The product.
        product: String,
        /// "workflow" or "activity".
        kind: &'static str,
        /// The name on the wire.
        name: String,
        /// What it must not begin with.
        prefix: &'static str,
    },
    /// Temporal dispatches by name, so one of the two would never run.
    #[error("{kind} {name} is registered twice on {queue}: by product {first} and by product {second}")]
    NameTwice {
        /// "workflow" or "activity".
        kind: &'static str,
        /// The name on the wire.
        name: String,
        /// The task queue.
        queue: String,
        /// The product that came first.
        first: String,
        /// The product that came second; may be the same.
        second: String,
    },
    /// A namespace has one type for a name.
    #[error(
        "search attribute {name} is {first_type:?} of {first} and {second_type:?} of {second}: give one of them another name"
    )]
    AttributeTwice {
        /// Its name.
        name: &'static str,
        /// Who declares it first.
        first: String,
        /// The type there.
        first_type: IndexedValueType,
        /// Who declares it with another type.
        second: String,
        /// The type there.
        second_type: IndexedValueType,
    },
    /// A line is of one source.
    #[error(
        "workflow type {workflow_type} has the log source {first_source} of product {first} and {second_source} of \
         product {second}: its lines can be of one source; take one away, or give those lines the fields log_source and \
         log_source_id"
    )]
    LogSourceTwice {
        /// The type on the wire.
        workflow_type: String,
        /// The product that came first.
        first: String,
        /// Its source.
        first_source: String,
        /// The product that came second; may be the same.
        second: String,
        /// Its source.
        second_source: String,
    },
    /// What contracts say of activities does not hold.
    #[error("{}", breaches.join("\n"))]
    Activities {
        /// A sentence each: product, activity, what is wrong, what would be right.
        breaches: Vec<String>,
    },
    /// Schedules that no server would take, or that would start what nobody runs.
    #[error("{}", faults.join("\n"))]
    Schedules {
        /// A sentence each: schedule, product, field, what is wrong, what would be right.
        faults: Vec<String>,
    },
    /// One payload that does not decode would hold a run for ever.
    #[error(
        "product {product} runs {workflow}, whose signal {signal} would hold a run for ever if a payload did not decode: \
         let the handler take Received<T> in place of T (Received<()> for none), and go on with what read() gives"
    )]
    FragileSignal {
        /// The product.
        product: String,
        /// The workflow's name on the wire.
        workflow: String,
        /// The signal's.
        signal: String,
    },
    /// A caller would start a workflow that no worker knows.
    #[error("product {product} runs {workflow} as the contract {contract}, which calls it {named}: give both one name")]
    ContractName {
        /// The product.
        product: String,
        /// The workflow's name on the wire.
        workflow: String,
        /// The contract's type.
        contract: &'static str,
        /// The name that the contract gives.
        named: String,
    },
    /// A caller would start the workflow where no worker polls.
    #[error(
        "product {product} runs {workflow} on {queue}, and its contract {contract} says {said}: give both one task queue; \
         MAINSPRING_QUEUES moves a product for one binary"
    )]
    ContractQueue {
        /// The product.
        product: String,
        /// The workflow's name on the wire.
        workflow: String,
        /// The product's task queue.
        queue: String,
        /// The contract's type.
        contract: &'static str,
        /// The task queue that the contract names.
        said: &'static str,
    },
    /// A caller would talk to a workflow that does not listen.
    #[error(
        "the contract {contract} lists the {kind:?} {name}, which {workflow} does not handle: give it a handler of that name, or take it off the list"
    )]
    ContractMessage {
        /// The workflow's name on the wire.
        workflow: String,
        /// The contract's type.
        contract: &'static str,
        /// What it is.
        kind: MessageKind,
        /// Its name on the wire.
        name: String,
    },
}
