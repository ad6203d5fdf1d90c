//! What a start carries beside its input: the standing search attributes, and the header that hands a trace on.

use std::collections::HashMap;

use mainspring_client::search_attributes::standing;
use mainspring_traces::StartSpan;
use serde_json::Value;
use temporalio_common::protos::temporal::api::common::v1::{Header, Payload, SearchAttributes};

use super::input::Input;
use super::server::Server;
use crate::exit::Failure;

/// The standing search attributes, and over them what the command line gives. Without the standing ones for a namespace
/// that does not know them. The server indexes them all, so they do not go through the codec.
pub(super) fn search_attributes(
    server: &Server,
    product: Option<&str>,
    inputs: &[Input],
    given: &[(String, String)],
    with_standing: bool,
) -> Option<SearchAttributes> {
    let mut indexed_fields = HashMap::new();
    if with_standing {
        let input = inputs.first().map_or(&Value::Null, Input::value);
        indexed_fields = standing(&server.started_by, product, input).into_proto().indexed_fields;
    }
    indexed_fields.extend(given.iter().map(|(key, json)| {
        let metadata = [("encoding".to_owned(), b"json/plain".to_vec())].into();
        (key.clone(), Payload { metadata, data: json.trim().as_bytes().to_vec(), ..Default::default() })
    }));
    (!indexed_fields.is_empty()).then_some(SearchAttributes { indexed_fields })
}

pub(super) async fn header(server: &Server, span: Option<&StartSpan>) -> Result<Option<Header>, Failure> {
    let Some(span) = span else { return Ok(None) };
    let (name, carrier) = span.header();
    let payload = server.payloads.encode_json(&carrier).await.map_err(|error| Failure::Other(error.to_string()))?;
    Ok(Some(Header { fields: [(name.to_owned(), payload)].into() }))
}
