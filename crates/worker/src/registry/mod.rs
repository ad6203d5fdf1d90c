//! The products that a binary knows: the single source of queue → workflows, activities and settings.
//!
//! A [`Product`] is a value that a product's crate builds; a [`Registry`] is a set of them that has been checked.
//! Nothing here talks to a server.

mod activity_set;
mod attributes;
mod error;
mod logs;
mod moves;
mod product;
#[cfg(test)]
mod refusals;
mod replayed;
mod schedules;
mod setup;
mod stand_in;
mod workflow;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use activity_set::{ActivityEntry, ActivitySet, ProgressType};
pub use attributes::DeclaredAttribute;
pub use error::RegistryError;
pub use moves::QueueMoves;
pub(crate) use moves::{Callee, Routes};
pub use product::Product;
pub(crate) use product::Registration;
pub use setup::{Setup, SetupError};
pub use stand_in::StandIn;
pub use workflow::WorkflowEntry;

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
    routes: Arc<Routes>,
}

impl Registry {
    /// Checks the products against each other.
    ///
    /// # Errors
    /// Two products of one name; one workflow or activity name twice on a queue; a product or queue without anything;
    /// an empty name; a name that begins with `mainspring-`; one search attribute with two types; one workflow type with two
    /// log sources; timeouts of an activity that do not hold
    /// ([`Timeouts::breaches`](mainspring_vocabulary::Timeouts::breaches)), all of them at once; schedules that are wrong, all of
    /// them at once.
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
        let breaches: Vec<String> = products.iter().flat_map(Product::activity_breaches).collect();
        if !breaches.is_empty() {
            return Err(RegistryError::Activities { breaches });
        }
        attributes::declared(&products)?;
        logs::check(&products)?;
        schedules::check(&products)?;
        Ok(Self { products, routes: Arc::default() })
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

    /// Every workflow of every product, in the order in which they were given.
    pub fn workflows(&self) -> impl Iterator<Item = WorkflowEntry<'_>> {
        self.products.iter().flat_map(Product::workflows)
    }

    /// The workflow of that type; of several on different queues, the first.
    pub fn workflow(&self, workflow_type: &str) -> Option<WorkflowEntry<'_>> {
        self.workflows().find(|workflow| workflow.name() == workflow_type)
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

    /// The same products, some on other queues than their own; calls from workflow code follow them.
    ///
    /// # Errors
    /// As [`Registry::new`]: products may collide where they were moved to.
    pub fn moved(&self, moves: &QueueMoves) -> Result<Self, RegistryError> {
        let place = |product: &Product| {
            let queue = moves.of(product.name()).or_else(|| moves.of(product.home_queue()));
            queue.map_or_else(|| product.clone(), |queue| product.clone().on_queue(queue))
        };
        let moved = Self::new(self.products.iter().map(place))?;
        let names: Vec<&str> = self.products.iter().map(Product::name).collect();
        let strangers = moves.iter().filter(|(name, _)| !names.contains(name));
        Ok(moved.with_routes(strangers))
    }

    /// The same products, all on one queue; calls from workflow code follow them.
    ///
    /// # Errors
    /// As [`Registry::new`]: two of them may have a workflow or an activity of one name.
    pub fn on_one_queue(&self, task_queue: &str) -> Result<Self, RegistryError> {
        let products = self.products.iter().map(|product| product.clone().on_queue(task_queue));
        Ok(Self::new(products)?.with_routes(std::iter::empty()))
    }

    /// The same products with these activities in place of their own of the same name: for tests. A type of activities
    /// of which each has a stand-in is not connected.
    ///
    /// # Errors
    /// [`RegistryError::NoSuchActivity`] for one that no product has.
    pub fn with_stand_ins(mut self, stand_ins: impl IntoIterator<Item = StandIn>) -> Result<Self, RegistryError> {
        let stand_ins: Vec<StandIn> = stand_ins.into_iter().collect();
        let known: Vec<String> =
            self.products.iter().flat_map(|product| product.activity_names().map(str::to_owned)).collect();
        if let Some(stranger) = stand_ins.iter().find(|stand_in| !known.iter().any(|name| name == stand_in.name())) {
            return Err(RegistryError::NoSuchActivity { name: stranger.name().to_owned(), known: known.join(", ") });
        }
        let place = |product: Product| {
            let names: Vec<String> = product.activity_names().map(str::to_owned).collect();
            let its = stand_ins.iter().filter(|stand_in| names.iter().any(|name| name == stand_in.name()));
            product.stand_ins(its.cloned())
        };
        self.products = self.products.into_iter().map(place).collect();
        Ok(self)
    }

    fn with_routes<'a>(self, queues: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let mut routes = Routes::default();
        queues.for_each(|(home, queue)| routes.queue(home, queue));
        for product in self.products.iter().filter(|product| product.queue() != product.home_queue()) {
            let (home, queue) = (product.home_queue(), product.queue());
            product.workflow_names().for_each(|name| routes.name(home, Callee::Workflow, name, queue));
            product.activity_names().for_each(|name| routes.name(home, Callee::Activity, name, queue));
        }
        Self { products: self.products, routes: Arc::new(routes) }
    }

    pub(crate) fn routes(&self) -> Arc<Routes> {
        self.routes.clone()
    }

    /// The same registry without the products that `keep` refuses. `None` when nothing is left.
    pub fn filter(&self, mut keep: impl FnMut(&Product) -> bool) -> Option<Self> {
        let products: Vec<Product> = self.products.iter().filter(|product| keep(product)).cloned().collect();
        (!products.is_empty()).then(|| Self { products, routes: self.routes.clone() })
    }
}

/// Begins the names of what the framework adds to a worker.
const RESERVED: &str = "mainspring-";

fn refuse_twice<'a>(
    seen: &mut BTreeMap<(&'a str, &'a str), &'a str>,
    product: &'a Product,
    kind: &'static str,
    name: &'a str,
) -> Result<(), RegistryError> {
    if name.starts_with(RESERVED) {
        let (product, name) = (product.name().to_owned(), name.to_owned());
        return Err(RegistryError::Reserved { product, kind, name, prefix: RESERVED });
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn product(name: &str, queue: &str, activity: &'static str) -> Product {
        Product::named_for_test(name, queue, activity)
    }

    #[test]
    fn calls_follow_a_product_by_its_name_and_a_queue_by_its_own() {
        let registry = Registry::new([product("a", "shared", "one"), product("b", "shared", "two")]).unwrap();
        let moves = QueueMoves::parse("b=blue,elsewhere=green").unwrap();
        let moved = registry.moved(&moves).unwrap();
        assert_eq!(moved.queues().into_keys().collect::<Vec<_>>(), ["blue", "shared"]);
        let routes = moved.routes();
        assert_eq!(routes.of("shared", Callee::Activity, "one"), None, "its queue's other product stays");
        assert_eq!(routes.of("shared", Callee::Activity, "two"), Some("blue"));
        assert_eq!(routes.of("elsewhere", Callee::Workflow, "any"), Some("green"));
        let kept = moved.filter(|product| product.name() == "a").unwrap();
        assert_eq!(
            kept.routes().of("shared", Callee::Activity, "two"),
            Some("blue"),
            "a caller need not hold the callee"
        );
    }

    #[test]
    fn the_frameworks_own_names_are_refused() {
        assert_eq!(
            Registry::new([product("a", "one", "mainspring-replay-histories")]).unwrap_err().to_string(),
            "activity mainspring-replay-histories of product a: names that begin with mainspring- are the framework's \
             own, give it another"
        );
    }

    #[test]
    fn products_that_collide_where_they_were_moved_to_are_refused() {
        let registry = Registry::new([product("a", "one", "same"), product("b", "two", "same")]).unwrap();
        let moves = QueueMoves::parse("b=one").unwrap();
        assert_eq!(
            registry.moved(&moves).unwrap_err().to_string(),
            "activity same is registered twice on one: by product a and by product b"
        );
        assert_eq!(
            registry.on_one_queue("all").unwrap_err().to_string(),
            "activity same is registered twice on all: by product a and by product b"
        );
    }
}
