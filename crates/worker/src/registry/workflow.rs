//! One workflow of a product: how a worker registers it, and what a command needs to know before it starts one.

use std::sync::Arc;

use mainspring_vocabulary::{Contract, Message, MessageKind, Messages, WireType};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;
use temporalio_common::WorkflowDefinition;
use temporalio_common::data_converters::PayloadConverter;
use temporalio_common::protos::temporal::api::common::v1::{Payload, Payloads};
use temporalio_sdk::workflows::WorkflowImplementation;

use super::product::{Registration, ReplayRegistration};
use super::{Product, RegistryError};

/// What a product keeps of a workflow.
#[derive(Clone)]
pub(super) struct Registered {
    name: &'static str,
    register: Registration,
    replay: ReplayRegistration,
    input: Option<WireType>,
    result: Option<WireType>,
    handlers: fn() -> Vec<(MessageKind, String)>,
    fragile_signal: fn() -> Option<String>,
    contract: Option<Kept>,
}

/// The contract that a workflow keeps.
#[derive(Clone, Copy)]
struct Kept {
    marker: &'static str,
    name: fn() -> String,
    queue: &'static str,
    derives_id: bool,
    id: fn(&Value) -> Option<String>,
    messages: fn() -> Vec<Message>,
}

impl Registered {
    pub(super) fn new<W>() -> Self
    where
        W: WorkflowImplementation,
        <W::Run as WorkflowDefinition>::Input: Send,
    {
        let register: Registration = Arc::new(|options| {
            // The SDK refuses a second workflow of the same name; the registry has refused it before.
            if let Err(error) = options.register_workflow::<W>() {
                tracing::error!(error = %error, workflow = W::name(), "a workflow could not be registered");
            }
        });
        let replay: ReplayRegistration = Arc::new(|options| {
            if let Err(error) = options.register_workflow::<W>() {
                tracing::error!(error = %error, workflow = W::name(), "a workflow could not be registered for replay");
            }
        });
        Self {
            name: W::name(),
            register,
            replay,
            input: None,
            result: None,
            handlers: handlers::<W>,
            fragile_signal: fragile_signal::<W>,
            contract: None,
        }
    }

    pub(super) fn typed<R>(mut self) -> Self
    where
        R: WorkflowDefinition,
        R::Input: JsonSchema,
        R::Output: JsonSchema,
    {
        self.input = Some(WireType::of::<R::Input>());
        self.result = Some(WireType::of::<R::Output>());
        self
    }

    pub(super) fn contract<C>(mut self) -> Self
    where
        C: Contract,
        C::Input: DeserializeOwned,
    {
        self.contract = Some(Kept {
            marker: std::any::type_name::<C>(),
            name: || C::default().name().to_owned(),
            queue: C::TASK_QUEUE,
            derives_id: C::WORKFLOW_ID.is_some(),
            id: |input| C::workflow_id(&serde_json::from_value(input.clone()).ok()?),
            messages: || C::messages(Messages::default()).into_list(),
        });
        self
    }

    pub(super) const fn name(&self) -> &'static str {
        self.name
    }

    pub(super) fn registration(&self) -> Registration {
        self.register.clone()
    }

    pub(super) fn replay_registration(&self) -> ReplayRegistration {
        self.replay.clone()
    }

    /// Whether no signal can hold it up, and whether it is what its contract tells callers.
    pub(super) fn check(&self, product: &Product) -> Result<(), RegistryError> {
        if let Some(signal) = (self.fragile_signal)() {
            let product = product.name().to_owned();
            return Err(RegistryError::FragileSignal { product, workflow: self.name.to_owned(), signal });
        }
        let Some(contract) = &self.contract else { return Ok(()) };
        let (product_name, workflow) = (product.name().to_owned(), self.name.to_owned());
        let named = (contract.name)();
        if named != self.name {
            return Err(RegistryError::ContractName {
                product: product_name,
                workflow,
                contract: contract.marker,
                named,
            });
        }
        if contract.queue != product.home_queue() {
            return Err(RegistryError::ContractQueue {
                product: product_name,
                workflow,
                queue: product.home_queue().to_owned(),
                contract: contract.marker,
                said: contract.queue,
            });
        }
        let handled = (self.handlers)();
        let known = |message: &Message| handled.contains(&(message.kind, message.name.clone()));
        match (contract.messages)().into_iter().find(|message| !known(message)) {
            None => Ok(()),
            Some(Message { kind, name, .. }) => {
                Err(RegistryError::ContractMessage { workflow, contract: contract.marker, kind, name })
            }
        }
    }
}

/// What the SDK's macro says that a workflow handles.
fn handlers<W: WorkflowImplementation>() -> Vec<(MessageKind, String)> {
    let definition = W::definition();
    let signals = definition.signals.into_iter().map(|name| (MessageKind::Signal, name));
    let queries = definition.queries.into_iter().map(|name| (MessageKind::Query, name));
    let updates = definition.updates.into_iter().map(|update| (MessageKind::Update, update.name));
    signals.chain(queries).chain(updates).collect()
}

/// The first signal whose input does not decode from just anything. The SDK decodes it before any layer sees it, and fails
/// the workflow task where it cannot, for ever; so this is asked before a worker runs, with what nothing encodes to.
fn fragile_signal<W: WorkflowImplementation>() -> Option<String> {
    let converter = PayloadConverter::default();
    let metadata = [("encoding".to_owned(), b"mainspring/no-such-encoding".to_vec())].into();
    let odd = Payload { metadata, data: vec![0xff], ..Payload::default() };
    let decodes =
        |name: &str| W::decode_signal_input(name, Payloads { payloads: vec![odd.clone()] }, &converter).is_ok();
    W::definition().signals.into_iter().find(|name| !decodes(name))
}

/// A workflow of a registry: what a command needs to start one.
#[derive(Clone, Copy)]
pub struct WorkflowEntry<'a> {
    product: &'a Product,
    registered: &'a Registered,
}

impl<'a> WorkflowEntry<'a> {
    pub(super) const fn new(product: &'a Product, registered: &'a Registered) -> Self {
        Self { product, registered }
    }

    /// Its type, as on the wire.
    pub const fn name(&self) -> &'static str {
        self.registered.name
    }

    /// The product that it belongs to.
    pub const fn product(&self) -> &'a Product {
        self.product
    }

    /// The task queue that its workers poll, also when the product was moved.
    pub fn queue(&self) -> &'a str {
        self.product.queue()
    }

    /// The JSON schema of its input (draft 2020-12), made anew by each call. That of a workflow without input is
    /// `{"type": "null"}`, and no argument at all stands for `null`. None for one registered by
    /// [`Product::workflow_unchecked`].
    pub fn schema(&self) -> Option<Value> {
        self.registered.input.map(|input| input.reads())
    }

    /// Its input's type on the wire. None for one registered by [`Product::workflow_unchecked`].
    pub fn input(&self) -> Option<WireType> {
        self.registered.input
    }

    /// Its result's.
    pub fn result(&self) -> Option<WireType> {
        self.registered.result
    }

    /// The messages that its contract lists.
    pub fn messages(&self) -> Vec<Message> {
        self.registered.contract.map(|contract| (contract.messages)()).unwrap_or_default()
    }

    /// What it handles and no contract lists: nobody checks these.
    pub fn unlisted(&self) -> Vec<(MessageKind, String)> {
        let listed = self.messages();
        let known = |kind, name: &str| listed.iter().any(|message| message.kind == kind && message.name == name);
        let mut handled = (self.registered.handlers)();
        handled.retain(|(kind, name)| !known(*kind, name));
        handled
    }

    /// Whether its contract derives the workflow id from the input.
    pub fn derives_id(&self) -> bool {
        self.registered.contract.is_some_and(|contract| contract.derives_id)
    }

    /// The workflow id that follows from the input. None where ids are random, and for an input that does not decode.
    pub fn workflow_id(&self, input: &Value) -> Option<String> {
        self.registered.contract.and_then(|contract| (contract.id)(input))
    }
}

impl std::fmt::Debug for WorkflowEntry<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WorkflowEntry")
            .field("name", &self.name())
            .field("queue", &self.queue())
            .field("derives_id", &self.derives_id())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use temporalio_common::data_converters::RawValue;
    use temporalio_macros::{workflow, workflow_methods};
    use temporalio_sdk::{SyncWorkflowContext, WorkflowContext, WorkflowResult};

    use super::*;
    use crate::Registry;

    #[derive(serde::Serialize, serde::Deserialize, JsonSchema)]
    struct Order {
        number: u64,
        #[serde(default)]
        note: String,
    }

    #[workflow]
    #[derive(Default)]
    struct Ship;

    #[workflow_methods]
    impl Ship {
        #[run(name = "ship")]
        async fn run(_ctx: &mut WorkflowContext<Self>, order: Order) -> WorkflowResult<u64> {
            Ok(order.number)
        }
    }

    #[workflow]
    #[derive(Default)]
    struct Sweep;

    #[workflow_methods]
    impl Sweep {
        #[run(name = "sweep")]
        async fn run(_ctx: &mut WorkflowContext<Self>) -> WorkflowResult<()> {
            Ok(())
        }
    }

    /// Has signals: one that decodes from anything, as `Received` does, and one that does not.
    #[workflow]
    #[derive(Default)]
    struct Listen {
        heard: u32,
    }

    #[workflow_methods]
    impl Listen {
        #[run(name = "listen")]
        async fn run(ctx: &mut WorkflowContext<Self>) -> WorkflowResult<u32> {
            Ok(ctx.state(|listen| listen.heard))
        }

        #[signal(name = "anything")]
        fn anything(&mut self, _ctx: &mut SyncWorkflowContext<Self>, _ignored: RawValue) {
            self.heard += 1;
        }

        #[signal(name = "nothing")]
        fn nothing(&mut self, _ctx: &mut SyncWorkflowContext<Self>) {
            self.heard += 1;
        }
    }

    /// A contract of `Ship` under that name and on that queue.
    macro_rules! contract {
        ($marker:ident, $name:literal, $queue:literal) => {
            #[derive(Default)]
            struct $marker;

            impl WorkflowDefinition for $marker {
                type Input = Order;
                type Output = u64;
                fn name(&self) -> &str {
                    $name
                }
            }

            impl Contract for $marker {
                const TASK_QUEUE: &'static str = $queue;
                const WORKFLOW_ID: Option<fn(&Order) -> String> = Some(|order| format!("ship-{}", order.number));
            }
        };
    }

    contract!(Shipping, "ship", "orders");
    contract!(Sailing, "sail", "orders");
    contract!(Parked, "ship", "harbour");

    fn orders() -> Product {
        Product::new("orders", "orders")
    }

    #[test]
    fn the_registry_tells_schema_queue_and_id_of_a_workflow() {
        let product = orders().workflow_as::<Ship, Shipping>().workflow::<Sweep>();
        let registry = Registry::new([product]).unwrap().on_one_queue("all").unwrap();
        let ship = registry.workflow("ship").unwrap();
        assert_eq!((ship.product().name(), ship.queue()), ("orders", "all"));
        let schema = ship.schema().unwrap();
        assert_eq!(
            (&schema["properties"]["number"]["type"], &schema["required"]),
            (&json!("integer"), &json!(["number"]))
        );
        assert!(ship.derives_id());
        assert_eq!(ship.workflow_id(&json!({ "number": 7 })).as_deref(), Some("ship-7"));
        assert_eq!(ship.workflow_id(&json!({ "number": "seven" })), None);
        let sweep = registry.workflow("sweep").unwrap();
        assert_eq!(sweep.schema().unwrap()["type"], "null");
        assert!(!sweep.derives_id());
        assert_eq!(sweep.workflow_id(&Value::Null), None);
        assert!(registry.workflow("sail").is_none());
    }

    #[test]
    fn an_unchecked_workflow_has_no_schema() {
        let registry = Registry::new([orders().workflow_unchecked::<Ship>()]).unwrap();
        assert_eq!(registry.workflow("ship").unwrap().schema(), None);
    }

    #[test]
    fn a_workflow_that_a_malformed_signal_would_hold_for_ever_is_refused() {
        for product in [orders().workflow::<Listen>(), orders().workflow_unchecked::<Listen>()] {
            assert_eq!(
                Registry::new([product]).unwrap_err().to_string(),
                "product orders runs listen, whose signal nothing would hold a run for ever if a payload did not decode: \
                 let the handler take Received<T> in place of T (Received<()> for none), and go on with what read() gives"
            );
        }
    }

    #[test]
    fn a_workflow_that_breaks_its_contract_is_refused() {
        let error = Registry::new([orders().workflow_as::<Ship, Sailing>()]).unwrap_err().to_string();
        assert!(error.starts_with("product orders runs ship as the contract "), "{error}");
        assert!(error.ends_with("::Sailing, which calls it sail: give both one name"), "{error}");
        let error = Registry::new([orders().workflow_as::<Ship, Parked>()]).unwrap_err().to_string();
        assert!(error.starts_with("product orders runs ship on orders, and its contract "), "{error}");
        assert!(error.contains("::Parked says harbour: give both one task queue"), "{error}");
    }
}
