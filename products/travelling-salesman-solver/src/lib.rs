//! The product `travelling-salesman-solver`: a search that keeps a core busy for as long as it is given, and loses at
//! most one round of it when its worker dies.
// What the SDK's macros make of workflows and activities has no docs and no `Debug`.
#![allow(missing_docs, missing_debug_implementations)]

pub mod activities;
mod map;
mod search;
pub mod workflows;

use mainspring::Product;
pub use travelling_salesman_solver_contract as contract;
use travelling_salesman_solver_contract::{Activities, TASK_QUEUE, TravellingSalesman};

/// What its workers run.
pub fn product() -> Product {
    Product::new("travelling-salesman-solver", TASK_QUEUE)
        .example(concat!(
            r#"workflow execute travelling-salesman '{"rounds": 3, "instance": "NAME: square\nTYPE: TSP\nDIMENSION: 4\n"#,
            r#"EDGE_WEIGHT_TYPE: EUC_2D\nNODE_COORD_SECTION\n1 0 0\n2 9 9\n3 9 0\n4 0 9\nEOF"}'"#
        ))
        .workflow_as::<workflows::TravellingSalesman, TravellingSalesman>()
        .activities(
            |_setup| async { Ok(activities::Solver) },
            |set| set.activity_as(activities::Solver::improve_tour, Activities::improve_tour).progress::<activities::Found>(),
        )
}

#[cfg(test)]
mod tests {
    use mainspring::{Registry, RegistryError};
    use temporalio_common::{QueryDefinition, SignalDefinition};
    use travelling_salesman_solver_contract::{BetterTour, GetBestLength};

    use super::workflows::TravellingSalesman;

    #[test]
    fn the_product_keeps_to_its_contract() -> Result<(), RegistryError> {
        let registry = Registry::new([super::product()])?;
        let product = &registry.products()[0];
        assert_eq!(product.workflow_names().collect::<Vec<_>>(), ["travelling-salesman"]);
        assert_eq!(product.activity_names().collect::<Vec<_>>(), ["improve_tour"]);
        assert_eq!(SignalDefinition::name(&BetterTour), SignalDefinition::name(&TravellingSalesman::better_tour));
        assert_eq!(QueryDefinition::name(&GetBestLength), QueryDefinition::name(&TravellingSalesman::best_length));
        Ok(())
    }
}
