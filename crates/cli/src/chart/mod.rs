//! The values of the chart `temporal-worker`, as far as the registry knows what is right: task queues, worker binaries and
//! settings. What else can be wrong with them Helm refuses, by the chart's schema and its own checks.

mod check;
mod generate;
mod worker;

use mainspring_worker::{Product, Registry};

pub(crate) use check::check;
pub(crate) use generate::values;

use crate::binary::of_queue;

/// The worker binary of a queue that these products are on.
fn binary(queue: &str, products: &[&Product]) -> String {
    of_queue(queue, products.first().map_or(queue, |product| product.name()))
}

/// Every worker binary, with its queue.
fn all_binaries(registry: &Registry) -> Vec<(String, &str)> {
    registry.queues().into_iter().map(|(queue, products)| (binary(queue, &products), queue)).collect()
}

#[cfg(test)]
mod tests {
    // What the SDK's macros make of it has no docs and no `Debug`.
    #![allow(missing_docs, missing_debug_implementations, unreachable_pub)]

    use mainspring_settings::{Reader, Section};
    use temporalio_macros::activities;
    use temporalio_sdk::activities::{ActivityContext, ActivityError};

    use super::*;

    pub struct Counting;

    #[activities]
    impl Counting {
        #[activity(name = "count")]
        pub async fn count(_ctx: ActivityContext, upto: u64) -> Result<u64, ActivityError> {
            Ok(upto)
        }
    }

    struct StockSettings;

    impl Section for StockSettings {
        const NAME: &'static str = "stock";

        fn read(reader: &mut Reader<'_>) -> Self {
            reader.field("STOCK_LIMIT").doc("How much may be ordered at once").required_string();
            Self
        }
    }

    fn product(name: &str, queue: &str) -> Product {
        Product::new(name, queue)
            .activities(|_setup| async { Ok(Counting) }, |set| set.activity_unchecked(Counting::count))
    }

    /// Orders on a queue of their name, and stock, which needs a setting, on one of another name.
    pub(super) fn registry() -> Registry {
        let stock = product("stock", "warehouse").settings::<StockSettings>();
        Registry::new([product("orders", "orders-task-queue"), stock]).unwrap()
    }

    #[test]
    fn a_binary_is_called_after_the_first_product_where_the_queues_name_cannot_be() {
        let (orders, stock) = (product("orders", "any"), product("stock", "any"));
        assert_eq!(binary("General_Purpose.1", &[&stock, &orders]), "stock-worker");
    }
}
