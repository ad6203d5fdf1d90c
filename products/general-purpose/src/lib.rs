//! The product `general-purpose`: workflows that no other product owns.
// What the SDK's macros make of workflows and activities has no docs and no `Debug`.
#![allow(missing_docs, missing_debug_implementations)]

pub mod activities;
mod dataset;
pub mod workflows;

pub use dataset::Processed;
use general_purpose_contract::{Activities, NoOp, ProcessLargeDataset, TASK_QUEUE};
use mainspring::Product;

/// What its workers run.
pub fn product() -> Product {
    Product::new("general-purpose", TASK_QUEUE)
        .example(r#"workflow execute no-op '{"arg": "1", "batch_export_id": "test", "team_id": 2}'"#)
        .workflow_as::<workflows::NoOp, NoOp>()
        .activities(
            |_setup| async { Ok(activities::Echo) },
            |set| set.activity_as(activities::Echo::no_op, Activities::no_op),
        )
        .workflow_as::<workflows::ProcessLargeDataset, ProcessLargeDataset>()
        .activities(
            |_setup| async { Ok(activities::Datasets::default()) },
            |set| {
                set.activity_as(activities::Datasets::process_dataset, Activities::process_dataset)
                    .progress::<Processed>()
            },
        )
}

#[cfg(test)]
mod tests {
    use mainspring::{Registry, RegistryError};

    #[test]
    fn the_product_keeps_to_its_contract() -> Result<(), RegistryError> {
        let registry = Registry::new([super::product()])?;
        let product = &registry.products()[0];
        assert_eq!(product.workflow_names().collect::<Vec<_>>(), ["no-op", "process-large-dataset"]);
        assert_eq!(product.activity_names().collect::<Vec<_>>(), ["no-op-activity", "process_dataset"]);
        Ok(())
    }
}
