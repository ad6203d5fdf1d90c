//! Search attributes: those that every workflow bears which Mainspring starts, and those that a namespace knows.

use std::collections::BTreeMap;

use serde_json::Value;
use temporalio_client::grpc::OperatorService;
use temporalio_client::tonic::{Code, Request, Status};
use temporalio_common::protos::temporal::api::enums::v1::IndexedValueType;
use temporalio_common::protos::temporal::api::operatorservice::v1::{
    AddSearchAttributesRequest, ListSearchAttributesRequest,
};
use temporalio_common::search_attributes::{SearchAttributeKey, SearchAttributeUpdate, SearchAttributes};

use crate::Link;

/// Who started the workflow: `user@host` of a command, the identity of a service.
pub const STARTED_BY: SearchAttributeKey<String> = SearchAttributeKey::keyword("MainspringStartedBy");
/// The product that the workflow belongs to.
pub const PRODUCT: SearchAttributeKey<String> = SearchAttributeKey::keyword("MainspringProduct");
/// The input's `team_id`, where that is an integer.
pub const TEAM_ID: SearchAttributeKey<i64> = SearchAttributeKey::int("MainspringTeamId");

/// The standing attributes by name, with their types.
pub fn standing_types() -> [(&'static str, IndexedValueType); 3] {
    [
        (STARTED_BY.name(), STARTED_BY.indexed_value_type()),
        (PRODUCT.name(), PRODUCT.indexed_value_type()),
        (TEAM_ID.name(), TEAM_ID.indexed_value_type()),
    ]
}

/// The standing attributes of a workflow that is about to be started.
///
/// ```
/// use mainspring_client::search_attributes::{TEAM_ID, standing};
///
/// let attributes = standing("ada@engine", Some("billing"), &serde_json::json!({ "team_id": 2 }));
/// assert_eq!(attributes.get(&TEAM_ID), Some(2));
/// ```
pub fn standing(started_by: &str, product: Option<&str>, input: &Value) -> SearchAttributes {
    let started_by = Some(STARTED_BY.try_value_set(started_by.to_owned()));
    let product = product.map(|product| PRODUCT.try_value_set(product.to_owned()));
    let team = input.get("team_id").and_then(Value::as_i64).map(|team| TEAM_ID.try_value_set(team));
    let set: Vec<SearchAttributeUpdate> = [started_by, product, team].into_iter().flatten().flatten().collect();
    SearchAttributes::new(set)
}

/// Whether a start was refused only because the namespace does not know an attribute: it may be tried without.
pub fn is_unknown(status: &Status) -> bool {
    status.code() == Code::InvalidArgument && status.message().to_ascii_lowercase().contains("search attribute")
}

impl Link {
    /// The custom search attributes of the namespace.
    ///
    /// # Errors
    /// The server's word, or the network's.
    pub async fn search_attributes(&self) -> Result<BTreeMap<String, IndexedValueType>, Status> {
        use temporalio_client::NamespacedClient;
        let request = ListSearchAttributesRequest { namespace: self.client().namespace() };
        let answer = self.operator().list_search_attributes(Request::new(request)).await?.into_inner();
        let typed = |kind| IndexedValueType::try_from(kind).unwrap_or(IndexedValueType::Unspecified);
        Ok(answer.custom_attributes.into_iter().map(|(name, kind)| (name, typed(kind))).collect())
    }

    /// Adds custom search attributes to the namespace. Temporal Cloud refuses it: there the account's administrators do.
    ///
    /// # Errors
    /// The server's word, `AlreadyExists` among them, or the network's.
    pub async fn add_search_attributes<'a>(
        &self,
        attributes: impl IntoIterator<Item = (&'a str, IndexedValueType)>,
    ) -> Result<(), Status> {
        use temporalio_client::NamespacedClient;
        let search_attributes = attributes.into_iter().map(|(name, kind)| (name.to_owned(), kind.into())).collect();
        let request = AddSearchAttributesRequest { search_attributes, namespace: self.client().namespace() };
        self.operator().add_search_attributes(Request::new(request)).await.map(drop)
    }

    fn operator(&self) -> Box<dyn OperatorService> {
        self.client().connection().operator_service()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_workflow_bears_who_started_it_its_product_and_its_team() {
        let attributes = standing("ada@engine", Some("billing"), &json!({ "team_id": 2 }));
        assert_eq!(attributes.get(&STARTED_BY).as_deref(), Some("ada@engine"));
        assert_eq!(attributes.get(&PRODUCT).as_deref(), Some("billing"));
        assert_eq!(attributes.get(&TEAM_ID), Some(2));
        for input in [json!(null), json!({ "team_id": "2" }), json!({ "team_id": 2.5 }), json!([2])] {
            let attributes = standing("ada@engine", None, &input);
            assert_eq!(attributes.keys().collect::<Vec<_>>(), ["MainspringStartedBy"], "{input}");
        }
    }
}
