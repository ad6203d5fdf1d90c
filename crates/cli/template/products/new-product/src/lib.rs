//! The product `new-product`.
// What the SDK's macros make of workflows and activities has no docs and no `Debug`.
#![allow(missing_docs, missing_debug_implementations)]

pub mod activities;
pub mod workflows;

use mainspring::Product;
pub use new_product_contract as contract;
use new_product_contract::{Activities, Greet, TASK_QUEUE};

use activities::Greeter;

/// What its workers run.
pub fn product() -> Product {
    Product::new("new-product", TASK_QUEUE)
        .example(r#"workflow execute new-product-greet '{"name": "Ada"}'"#)
        .workflow_as::<workflows::Greet, Greet>()
        .activities(|_setup| async { Ok(Greeter) }, |set| set.activity_as(Greeter::compose, Activities::compose))
}

#[cfg(test)]
mod tests {
    use mainspring::{Registry, RegistryError};

    #[test]
    fn the_product_keeps_to_its_contract() -> Result<(), RegistryError> {
        let registry = Registry::new([super::product()])?;
        let product = &registry.products()[0];
        assert_eq!((product.name(), product.queue()), ("new-product", super::TASK_QUEUE));
        assert_eq!(product.workflow_names().collect::<Vec<_>>(), ["new-product-greet"]);
        assert_eq!(product.activity_names().collect::<Vec<_>>(), ["new-product-compose"]);
        Ok(())
    }
}
