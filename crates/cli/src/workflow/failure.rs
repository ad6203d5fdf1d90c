//! What Temporal keeps of a failure, through the codec, as a sentence and as JSON.

use mainspring_client::Payloads;
use serde_json::{Map, Value, json};
use temporalio_common::data_converters::{DataConverter, SerializationContextData, WorkflowSerializationContext};
use temporalio_common::payload_visitor::decode_payloads;
use temporalio_common::protos::temporal::api::common::v1::Payloads as Arguments;
use temporalio_common::protos::temporal::api::enums::v1::TimeoutType;
use temporalio_common::protos::temporal::api::failure::v1::Failure as Kept;
use temporalio_common::protos::temporal::api::failure::v1::failure::FailureInfo as Info;

use super::server::Server;

/// Payloads as JSON; one that has no form in JSON is told by its encoding and size.
pub(crate) async fn values(payloads: &Payloads, kept: Option<&Arguments>) -> Vec<Value> {
    let mut values = Vec::new();
    for payload in kept.into_iter().flat_map(|kept| &kept.payloads) {
        let value = payloads.decode_json(payload).await;
        values.push(value.unwrap_or_else(|error| Value::String(format!("({error})"))));
    }
    values
}

/// A failure and its causes, decoded.
#[derive(Debug)]
pub(crate) struct Told {
    text: String,
    json: Value,
}

impl Told {
    pub(crate) async fn of(server: &Server, kept: &Kept) -> Self {
        use temporalio_client::NamespacedClient;
        let mut kept = kept.clone();
        let converter: &DataConverter = server.link().client().data_converter();
        let context = SerializationContextData::Workflow(WorkflowSerializationContext::new());
        // What the codec cannot read is told as it is.
        let _ = decode_payloads(&mut kept, converter.codec(), &context).await;
        Self { text: text(&kept), json: as_json(&kept) }
    }

    /// One that went through no codec.
    pub(crate) fn plain(kept: &Kept) -> Self {
        Self { text: text(kept), json: as_json(kept) }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// As JSON, with the sentence beside it.
    pub(crate) fn shown(self) -> Value {
        let mut shown = self.json;
        shown["text"] = Value::String(self.text);
        shown
    }
}

/// Some SDKs put the message and the stack among the encoded parts.
fn message(kept: &Kept) -> String {
    let hidden = kept.encoded_attributes.as_ref();
    let hidden = hidden.and_then(|payload| serde_json::from_slice::<Value>(&payload.data).ok());
    match hidden.as_ref().and_then(|hidden| hidden["message"].as_str()) {
        Some(message) => message.to_owned(),
        None => kept.message.clone(),
    }
}

fn text(kept: &Kept) -> String {
    let message = message(kept);
    let said = match &kept.failure_info {
        Some(Info::ApplicationFailureInfo(info)) if !info.r#type.is_empty() => format!("{}: {message}", info.r#type),
        Some(Info::ActivityFailureInfo(info)) => {
            let name = info.activity_type.as_ref().map_or("", |kind| &kind.name);
            format!("activity {name} failed")
        }
        Some(Info::ChildWorkflowExecutionFailureInfo(info)) => {
            let id = info.workflow_execution.as_ref().map_or("", |child| &child.workflow_id);
            format!("child workflow {id} failed")
        }
        Some(Info::TimeoutFailureInfo(info)) => format!("{message} ({})", timeout(info.timeout_type)),
        Some(Info::CanceledFailureInfo(_)) if message.is_empty() => "cancelled".to_owned(),
        Some(Info::TerminatedFailureInfo(_)) if message.is_empty() => "terminated".to_owned(),
        _ => message,
    };
    match kept.cause.as_deref().map(text) {
        Some(cause) if said.ends_with(&cause) => said,
        Some(cause) => format!("{said}: {cause}"),
        None => said,
    }
}

fn as_json(kept: &Kept) -> Value {
    let mut told = Map::new();
    told.insert("message".to_owned(), json!(message(kept)));
    match &kept.failure_info {
        Some(Info::ApplicationFailureInfo(info)) => {
            told.insert("type".to_owned(), json!(info.r#type));
            told.insert("non_retryable".to_owned(), json!(info.non_retryable));
        }
        Some(Info::ActivityFailureInfo(info)) => {
            told.insert("activity_id".to_owned(), json!(info.activity_id));
            told.insert("activity_type".to_owned(), json!(info.activity_type.as_ref().map(|kind| &kind.name)));
        }
        Some(Info::ChildWorkflowExecutionFailureInfo(info)) => {
            let child = info.workflow_execution.as_ref().map(|child| &child.workflow_id);
            told.insert("child_workflow_id".to_owned(), json!(child));
        }
        Some(Info::TimeoutFailureInfo(info)) => {
            told.insert("timeout".to_owned(), json!(timeout(info.timeout_type)));
        }
        _ => {}
    }
    if let Some(cause) = &kept.cause {
        told.insert("cause".to_owned(), as_json(cause));
    }
    Value::Object(told)
}

fn timeout(kind: i32) -> &'static str {
    match TimeoutType::try_from(kind) {
        Ok(TimeoutType::StartToClose) => "StartToClose",
        Ok(TimeoutType::ScheduleToStart) => "ScheduleToStart",
        Ok(TimeoutType::ScheduleToClose) => "ScheduleToClose",
        Ok(TimeoutType::Heartbeat) => "Heartbeat",
        _ => "Timeout",
    }
}
