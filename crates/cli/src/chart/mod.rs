//! The values of the chart `temporal-worker`, as far as the registry knows what is right: task queues, worker binaries and
//! settings. What else can be wrong with them Helm refuses, by the chart's schema and its own checks.

mod check;
mod generate;
mod worker;

use mainspring_worker::{Product, Registry};

pub(crate) use check::check;
pub(crate) use generate::values;

/// How worker binaries end: that of `orders`, or of `orders-task-queue`, is `orders-worker`.
const WORKER: &str = "-worker";
const TASK_QUEUE: &str = "-task-queue";

/// The worker binary of a queue, as `new product` names it: after the queue; after the first product, where no crate could
/// bear the queue's name.
fn binary(queue: &str, products: &[&Product]) -> String {
    let stem = queue.strip_suffix(TASK_QUEUE).unwrap_or(queue);
    let letters = stem.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-');
    let fits = letters && stem.starts_with(|letter: char| letter.is_ascii_lowercase()) && !stem.ends_with('-');
    let name = products.first().filter(|_| !fits).map_or(stem, |product| product.name());
    format!("{name}{WORKER}")
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
    fn a_binary_is_called_after_its_queue_or_after_its_first_product() {
        let (orders, stock) = (product("orders", "any"), product("stock", "any"));
        assert_eq!(binary("orders-task-queue", &[&stock, &orders]), "orders-worker");
        assert_eq!(binary("warehouse", &[&stock]), "warehouse-worker");
        assert_eq!(binary("General_Purpose.1", &[&stock, &orders]), "stock-worker");
    }
}
