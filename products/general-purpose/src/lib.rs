//! The product `general-purpose`: workflows that no other product owns.
// What the SDK's macros make of workflows and activities has no docs and no `Debug`.
#![allow(missing_docs, missing_debug_implementations)]

pub mod activities;
pub mod workflows;

use general_purpose_contract::TASK_QUEUE;
use mainspring::Product;

/// What its workers run.
pub fn product() -> Product {
    Product::new("general-purpose", TASK_QUEUE)
        .example(r#"workflow execute no-op '{"arg": "1", "batch_export_id": "test", "team_id": 2}'"#)
        .workflow::<workflows::NoOp>()
        .activities(|_setup| async { Ok(activities::Echo) }, |set| set.activity(activities::Echo::no_op))
}

#[cfg(test)]
mod tests {
    use temporalio_common::WorkflowDefinition;

    #[test]
    fn the_contract_and_the_product_name_their_workflows_alike() {
        let product = super::product();
        assert_eq!(product.workflow_names().collect::<Vec<_>>(), [general_purpose_contract::NoOp.name()]);
        assert_eq!(product.activity_names().collect::<Vec<_>>(), ["no-op-activity"]);
    }
}
