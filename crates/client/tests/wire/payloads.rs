//! Payloads: every way to the server goes through the codec, and what the codec did not write passes through it.

use std::collections::HashMap;

use futures::FutureExt;
use futures::future::BoxFuture;
use mainspring_client::{ClientError, Connector, Payloads, raw_json};
use mainspring_settings::{Sources, load};
use serde_json::json;
use temporalio_client::{UntypedWorkflow, WorkflowStartOptions, WorkflowTerminateOptions, tonic::Request};
use temporalio_common::MemoValues;
use temporalio_common::data_converters::{
    DataConverter, DefaultFailureConverter, MultiArgs2, PayloadCodec, PayloadConversionError, PayloadConverter,
    SerializationContextData,
};
use temporalio_common::protos::temporal::api::common::v1::{Payload, WorkflowExecution};
use temporalio_common::protos::temporal::api::failure::v1::Failure;
use temporalio_common::protos::temporal::api::history::v1::history_event::Attributes;
use temporalio_common::protos::temporal::api::workflowservice::v1::GetWorkflowExecutionHistoryRequest;

use crate::LIMIT;
use crate::server::Server;

/// Reverses the bytes and sets a mark; what has no mark it leaves alone.
struct Mark;

impl PayloadCodec for Mark {
    fn encode(&self, _: &SerializationContextData, mut payloads: Vec<Payload>) -> Coded {
        for payload in &mut payloads {
            payload.data.reverse();
            payload.metadata.insert("mark".to_owned(), vec![1]);
        }
        async { Ok(payloads) }.boxed()
    }

    fn decode(&self, _: &SerializationContextData, mut payloads: Vec<Payload>) -> Coded {
        for payload in payloads.iter_mut().filter(|payload| is_marked(payload)) {
            payload.data.reverse();
            payload.metadata.remove("mark");
        }
        async { Ok(payloads) }.boxed()
    }
}

type Coded = BoxFuture<'static, Result<Vec<Payload>, PayloadConversionError>>;

fn is_marked(payload: &Payload) -> bool {
    payload.metadata.contains_key("mark")
}

fn marking() -> DataConverter {
    DataConverter::new(PayloadConverter::default(), DefaultFailureConverter::default(), Mark)
}

#[tokio::test]
async fn everything_encoded_is_marked_and_comes_back() {
    let payloads = Payloads::new(marking());
    let value = json!({"name": "x", "n": [1, 2]});
    let memo = payloads.memo([("note".to_owned(), "y".to_owned())]).await.unwrap();
    let all = [
        (payloads.encode(&value).await.unwrap(), value.clone()),
        (payloads.encode_json(&value).await.unwrap(), value.clone()),
        (payloads.encode_json_text(" {\"name\": \"x\", \"n\": [1, 2]} ").await.unwrap(), value),
        (memo.fields["note"].clone(), json!("y")),
    ];
    for (payload, value) in all {
        assert!(is_marked(&payload));
        assert_eq!(payloads.decode_json(&payload).await.unwrap(), value);
    }
    let typed: Vec<u32> = payloads.decode(&payloads.encode(&vec![1_u32, 2]).await.unwrap()).await.unwrap();
    assert_eq!(typed, [1, 2]);
}

#[tokio::test]
async fn several_arguments_make_several_payloads_and_each_is_marked() {
    let payloads = Payloads::new(marking());
    let arguments = payloads.arguments(&MultiArgs2("x".to_owned(), 7_u8)).await.unwrap();
    assert_eq!(arguments.len(), 2);
    assert!(arguments.iter().all(is_marked));
    assert_eq!(payloads.decode::<u8>(&arguments[1]).await.unwrap(), 7);
}

#[tokio::test]
async fn a_failure_whose_words_were_encoded_is_read() {
    let payloads = Payloads::new(marking());
    let words = payloads.encode_json(&json!({"message": "card declined", "stack_trace": ""})).await.unwrap();
    let failure = Failure {
        message: "Encoded failure".to_owned(),
        encoded_attributes: Some(words),
        cause: Some(Box::new(Failure { message: "no money".to_owned(), ..Default::default() })),
        ..Default::default()
    };
    let error = payloads.failure(failure).await.unwrap();
    assert_eq!(error.failure().message, "card declined");
    assert_eq!(error.cause().unwrap().failure().message, "no money");
}

#[tokio::test]
async fn what_the_codec_did_not_write_passes_through() {
    let plain = Payloads::new(DataConverter::default()).encode(&7_u8).await.unwrap();
    assert!(!is_marked(&plain));
    assert_eq!(Payloads::new(marking()).decode::<u8>(&plain).await.unwrap(), 7);
}

#[tokio::test]
async fn json_text_keeps_its_digits_and_a_text_that_is_none_is_refused() {
    let payloads = Payloads::new(DataConverter::default());
    let digits = "12345678901234567890123";
    assert_eq!(payloads.encode_json_text(digits).await.unwrap().data, digits.as_bytes());
    let error = payloads.encode_json_text("{name: 1}").await.unwrap_err().to_string();
    assert!(error.starts_with("the text is not JSON: key must be a string at line 1 column 2."), "{error}");
}

#[tokio::test]
async fn a_payload_without_json_is_described() {
    let payloads = Payloads::new(marking());
    let of = |encoding: &str| Payload {
        metadata: HashMap::from([("encoding".to_owned(), encoding.as_bytes().to_vec())]),
        data: vec![0, 159],
        ..Default::default()
    };
    assert_eq!(payloads.decode_json(&of("binary/null")).await.unwrap(), json!(null));
    let error = payloads.decode_json(&of("binary/protobuf")).await.unwrap_err();
    assert!(matches!(error, ClientError::Binary { .. }));
    assert_eq!(error.to_string(), "the payload holds 2 bytes of binary/protobuf, which has no form in JSON");
    let error = payloads.decode_json(&of("json/plain")).await.unwrap_err().to_string();
    assert!(error.starts_with("the payload (json/plain, 2 bytes) could not be read: "), "{error}");
}

/// The SDK's client goes through the codec by itself, also for what has no type: pinned, for nothing of ours is between.
#[tokio::test]
async fn the_sdks_untyped_start_puts_arguments_and_memo_through_the_codec() {
    let server = Server::shared().await;
    let settings = load(&Sources::from_pairs([("TEMPORAL_ADDRESS", server.address.to_string().as_str())])).unwrap();
    let connector = Connector::new(settings).unwrap().with_data_converter(marking());
    let link = connector.connect(LIMIT).await.unwrap();
    let mut memo = MemoValues::new();
    memo.insert("note", "y".to_owned());
    let options = WorkflowStartOptions::new("payloads-task-queue", "payloads-untyped").memo(memo).build();
    let handle =
        link.start_workflow(UntypedWorkflow::new("anything"), raw_json("{\"a\": 1}").unwrap(), options).await.unwrap();
    let request = GetWorkflowExecutionHistoryRequest {
        namespace: "default".to_owned(),
        execution: Some(WorkflowExecution { workflow_id: "payloads-untyped".to_owned(), run_id: String::new() }),
        ..Default::default()
    };
    let mut service = link.connection().workflow_service();
    let history = service.get_workflow_execution_history(Request::new(request)).await.unwrap().into_inner().history;
    let Some(Attributes::WorkflowExecutionStartedEventAttributes(started)) =
        history.unwrap().events.remove(0).attributes
    else {
        panic!("the first event is not the start");
    };
    let input = &started.input.unwrap().payloads[0];
    let note = &started.memo.unwrap().fields["note"];
    assert!(is_marked(input) && is_marked(note));
    assert_eq!(connector.payloads().decode_json(input).await.unwrap(), json!({"a": 1}));
    assert_eq!(connector.payloads().decode_json(note).await.unwrap(), json!("y"));
    handle.terminate(WorkflowTerminateOptions::default()).await.unwrap();
}
