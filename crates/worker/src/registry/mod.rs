//! The products that a binary knows: the single source of queue → workflows, activities and settings.
//!
//! A [`Product`] is a value that a product's crate builds; a [`Registry`] is a set of them that has been checked.
//! Nothing here talks to a server.

mod error;
mod product;
mod setup;

use std::collections::BTreeMap;

pub use error::RegistryError;
pub(crate) use product::Registration;
pub use product::{ActivitySet, Product};
pub use setup::{Setup, SetupError};

/// Products whose names, workflows and activities do not collide.
///
/// ```
/// use mainspring_worker::{Product, Registry};
///
/// let empty = Product::new("billing", "billing-task-queue");
/// let error = Registry::new([empty]).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "product billing registers nothing on billing-task-queue: give it a workflow or activities"
/// );
/// ```
#[derive(Clone, Debug)]
pub struct Registry {
    products: Vec<Product>,
}

impl Registry {
    /// Checks the products against each other.
    ///
    /// # Errors
    /// Two products of one name; one workflow or activity name twice on a queue; a product or queue without anything;
    /// an empty name.
    pub fn new(products: impl IntoIterator<Item = Product>) -> Result<Self, RegistryError> {
        let products: Vec<Product> = products.into_iter().collect();
        if products.is_empty() {
            return Err(RegistryError::NoProducts);
        }
        let mut names = BTreeMap::new();
        let mut workflows: BTreeMap<(&str, &str), &str> = BTreeMap::new();
        let mut activities: BTreeMap<(&str, &str), &str> = BTreeMap::new();
        for product in &products {
            product.check()?;
            if names.insert(product.name(), ()).is_some() {
                return Err(RegistryError::ProductTwice { product: product.name().to_owned() });
            }
            for name in product.workflow_names() {
                refuse_twice(&mut workflows, product, "workflow", name)?;
            }
            for name in product.activity_names() {
                refuse_twice(&mut activities, product, "activity", name)?;
            }
        }
        Ok(Self { products })
    }

    /// The products, in the order in which they were given.
    pub fn products(&self) -> &[Product] {
        &self.products
    }

    /// The product of that name.
    pub fn product(&self, name: &str) -> Option<&Product> {
        self.products.iter().find(|product| product.name() == name)
    }

    /// Every queue with the products on it, by name of the queue.
    pub fn queues(&self) -> BTreeMap<&str, Vec<&Product>> {
        let mut queues: BTreeMap<&str, Vec<&Product>> = BTreeMap::new();
        for product in &self.products {
            queues.entry(product.queue()).or_default().push(product);
        }
        queues
    }

    /// The queues that handle a workflow of that type.
    pub fn queues_of_workflow(&self, workflow_type: &str) -> Vec<&str> {
        let mut queues: Vec<&str> = self
            .products
            .iter()
            .filter(|product| product.workflow_names().any(|name| name == workflow_type))
            .map(Product::queue)
            .collect();
        queues.dedup();
        queues
    }

    /// The same registry without the products that `keep` refuses. `None` when nothing is left.
    pub fn filter(&self, mut keep: impl FnMut(&Product) -> bool) -> Option<Self> {
        let products: Vec<Product> = self.products.iter().filter(|product| keep(product)).cloned().collect();
        (!products.is_empty()).then_some(Self { products })
    }
}

fn refuse_twice<'a>(
    seen: &mut BTreeMap<(&'a str, &'a str), &'a str>,
    product: &'a Product,
    kind: &'static str,
    name: &'a str,
) -> Result<(), RegistryError> {
    match seen.insert((product.queue(), name), product.name()) {
        None => Ok(()),
        Some(first) => Err(RegistryError::NameTwice {
            kind,
            name: name.to_owned(),
            queue: product.queue().to_owned(),
            first: first.to_owned(),
            second: product.name().to_owned(),
        }),
    }
}
