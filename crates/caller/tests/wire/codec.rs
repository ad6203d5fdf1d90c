//! Every payload that a caller sends goes through the codec, on each of the three ways to start.

use std::cell::Cell;
use std::marker::PhantomData;

use futures::FutureExt;
use futures::future::BoxFuture;
use mainspring_caller::settings::{Sources, load};
use mainspring_caller::{CALL_LIMIT, Caller, CallerError};
use mainspring_client::Connector;
use mainspring_servers::proxy::WireProxy;
use temporalio_common::QueryDefinition;
use temporalio_common::data_converters::{
    DataConverter, DefaultFailureConverter, PayloadCodec, PayloadConversionError, PayloadConverter,
    SerializationContextData,
};
use temporalio_common::protos::temporal::api::common::v1::Payload;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;

use crate::invoice::{Invoice, Pay, Remind};
use crate::starts::{events, started};
use crate::{number, refusal, server};

/// Sets a mark.
struct Mark;

type Coded = BoxFuture<'static, Result<Vec<Payload>, PayloadConversionError>>;

impl PayloadCodec for Mark {
    fn encode(&self, _: &SerializationContextData, mut payloads: Vec<Payload>) -> Coded {
        for payload in &mut payloads {
            payload.metadata.insert("mark".to_owned(), vec![1]);
        }
        async { Ok(payloads) }.boxed()
    }

    fn decode(&self, _: &SerializationContextData, payloads: Vec<Payload>) -> Coded {
        async { Ok(payloads) }.boxed()
    }
}

/// A caller whose codec sets the mark.
async fn marking(address: &str) -> Caller {
    converting(address, PayloadConverter::default()).await
}

/// The same, with a payload converter of its own.
async fn converting(address: &str, converter: PayloadConverter) -> Caller {
    let settings = load(&Sources::from_pairs([("TEMPORAL_ADDRESS", address)])).unwrap();
    let converter = DataConverter::new(converter, DefaultFailureConverter::default(), Mark);
    Caller::through(&Connector::new(settings).unwrap().with_data_converter(converter)).await.unwrap()
}

/// A query with an argument, of which one can be made that is `Send` and no more.
struct Share(PhantomData<Cell<u8>>);

impl QueryDefinition for Share {
    type Workflow = Invoice;
    type Input = u32;
    type Output = u32;

    fn name(&self) -> &'static str {
        "share"
    }
}

#[tokio::test]
async fn arguments_of_a_start_and_of_a_signal_are_encoded() {
    let caller = marking(&server().await.to_string()).await;
    let alone = caller.start(Invoice, number()).await.unwrap();
    alone.signal(Pay, "cash".to_owned()).await.unwrap();
    let together = caller.start(Invoice, number()).with_signal(Pay, "card".to_owned()).await.unwrap();
    for run in [alone, together] {
        let mut payloads = started(&caller, &run).await.input.unwrap().payloads;
        for event in events(&caller, &run).await {
            if let Attributes::WorkflowExecutionSignaledEventAttributes(signal) = event {
                payloads.extend(signal.input.unwrap().payloads);
            }
        }
        assert_eq!(payloads.len(), 2);
        assert!(payloads.iter().all(|payload| payload.metadata.contains_key("mark")), "{payloads:?}");
    }
}

#[tokio::test]
async fn arguments_of_a_start_with_an_update_are_encoded() {
    let proxy = WireProxy::builder(server().await).capture("ExecuteMultiOperation").start().await.unwrap();
    let caller = marking(&proxy.address()).await;
    // Nobody answers an update without a worker; what counts is what was sent.
    let sent = tokio::select! {
        ended = caller.start(Invoice, number()).with_update(Remind, "now".to_owned()) => panic!("{}", refusal(ended)),
        sent = proxy.wait_for(|record| record.body.is_some(), CALL_LIMIT) => sent.unwrap().body.unwrap(),
    };
    assert_eq!(sent.windows(4).filter(|window| window == b"mark").count(), 2, "{sent:?}");
}

#[tokio::test]
async fn the_argument_of_a_query_is_encoded_by_its_connectors_converter() {
    let proxy = WireProxy::builder(server().await).capture("QueryWorkflow").start().await.unwrap();
    let ask = async |converter| {
        let caller = converting(&proxy.address(), converter).await;
        let run = caller.workflow(Invoice, "nobody");
        // A web backend's handler has to be `Send`.
        let asking: BoxFuture<'_, _> = run.query(Share(PhantomData), 4).boxed();
        refusal(asking.await)
    };
    assert!(matches!(ask(PayloadConverter::default()).await, CallerError::NotFound { .. }));
    let sent = proxy.records_of("QueryWorkflow").remove(0).body.unwrap();
    assert!(sent.windows(4).any(|window| window == b"mark"), "{sent:?}");
    // This one writes nothing that is not wrapped.
    assert!(matches!(ask(PayloadConverter::UseWrappers).await, CallerError::Payload { .. }));
    assert_eq!(proxy.count_of("QueryWorkflow"), 1);
}
