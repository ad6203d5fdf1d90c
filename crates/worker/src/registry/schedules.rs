//! The schedules of products: declared beside the workflows that they start, checked when a registry is built.

use std::collections::BTreeMap;

use mainspring_schedules::{Owner, Schedule};

use super::{Product, Registry, RegistryError};

impl Product {
    /// Declares a schedule of one of its workflows, on its task queue: `mainspring schedules apply` brings it about.
    ///
    /// ```
    /// use mainspring_schedules::Schedule;
    /// use mainspring_worker::Product;
    ///
    /// let sweep = Schedule::untyped("nightly-sweep", "sweep", [serde_json::json!(30)]).cron("0 3 * * *");
    /// let product = Product::new("billing", "billing").schedule(sweep);
    /// # drop(product);
    /// ```
    #[must_use]
    pub fn schedule(mut self, schedule: Schedule) -> Self {
        self.schedules.push(schedule);
        self
    }

    /// Its schedules, as its own and on the task queue that its workers poll.
    pub fn schedules(&self) -> impl Iterator<Item = Schedule> + use<'_> {
        let owner = Owner::product(self.name());
        self.schedules.iter().map(move |schedule| schedule.clone().owner(owner.clone()).task_queue(self.queue()))
    }
}

impl Registry {
    /// Every schedule of every product, with its owner and its task queue.
    pub fn schedules(&self) -> Vec<Schedule> {
        self.products.iter().flat_map(Product::schedules).collect()
    }
}

/// Everything that is wrong with the schedules of these products, at once.
pub(super) fn check(products: &[Product]) -> Result<(), RegistryError> {
    let mut faults = Vec::new();
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    for product in products {
        for schedule in &product.schedules {
            let mut add =
                |text: String| faults.push(format!("schedule {} of product {}: {text}", schedule.id(), product.name()));
            schedule.faults().iter().for_each(|fault| add(fault.to_string()));
            let workflow = schedule.workflow();
            if !workflow.is_empty() && !product.workflow_names().any(|name| name == workflow) {
                let has: Vec<&str> = product.workflow_names().collect();
                let has = if has.is_empty() { "none".to_owned() } else { has.join(", ") };
                add(format!("workflow: the product has no workflow {workflow}; it has {has}"));
            }
            // A queue of its own choice would start workflows where no worker knows them.
            if !schedule.queue().is_empty() && schedule.queue() != product.home_queue() {
                add(format!("task_queue: leave it out, it is the product's, {}", product.home_queue()));
            }
            if schedule.owned_by().is_some_and(|owner| *owner != Owner::product(product.name())) {
                add("owner: leave it out, it is the product".to_owned());
            }
            if let Some(first) = seen.insert(schedule.id(), product.name()) {
                add(format!("id: product {first} has a schedule of that id, too: give one of them another"));
            }
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(RegistryError::Schedules { faults }) }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;
    use temporalio_macros::{workflow, workflow_methods};
    use temporalio_sdk::{WorkflowContext, WorkflowResult};

    use super::*;
    use crate::QueueMoves;

    #[workflow]
    #[derive(Default)]
    struct Sweep;

    #[workflow_methods]
    impl Sweep {
        #[run(name = "sweep")]
        async fn run(_ctx: &mut WorkflowContext<Self>, _days: u64) -> WorkflowResult<()> {
            Ok(())
        }
    }

    fn billing(schedules: impl IntoIterator<Item = Schedule>) -> Product {
        schedules.into_iter().fold(Product::new("billing", "invoices").workflow::<Sweep>(), Product::schedule)
    }

    #[test]
    fn a_schedule_is_its_products_and_on_its_queue_wherever_that_was_moved() {
        let registry = Registry::new([billing([Schedule::new("nightly", &Sweep::run, 30).cron("0 3 * * *")])]).unwrap();
        let placed = |registry: &Registry| {
            let schedules = registry.schedules();
            let [schedule] = &schedules[..] else { panic!("it has one") };
            let owner = schedule.owned_by().map(Owner::to_string);
            (schedule.workflow().to_owned(), schedule.queue().to_owned(), owner)
        };
        let owner = Some("product:billing".to_owned());
        assert_eq!(placed(&registry), ("sweep".to_owned(), "invoices".to_owned(), owner.clone()));
        let moved = registry.moved(&QueueMoves::parse("billing=blue").unwrap()).unwrap();
        assert_eq!(placed(&moved), ("sweep".to_owned(), "blue".to_owned(), owner));
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once_with_its_field() {
        let wrong = Schedule::untyped("nightly", "swep", [json!(30)])
            .cron("0 25 * * *")
            .time_zone("Europe/Berlijn")
            .every(Duration::ZERO)
            .task_queue("elsewhere")
            .start("2026-02-01T00:00:00Z".parse().unwrap())
            .end("2026-01-01T00:00:00Z".parse().unwrap());
        let said =
            Registry::new([billing([wrong, Schedule::new("nightly", &Sweep::run, 30)])]).unwrap_err().to_string();
        let lines = [
            "intervals: every 0s is too often: 1s is the least",
            "cron: \"0 25 * * *\": hour \"25\": \"25\" is not 0 to 23",
            "time_zone: there is no zone \"Europe/Berlijn\": write a name of the IANA database such as Europe/Berlin or UTC",
            "end: 2026-01-01T00:00:00Z is before the start, 2026-02-01T00:00:00Z: there is no time between",
            "workflow: the product has no workflow swep; it has sweep",
            "task_queue: leave it out, it is the product's, invoices",
            "id: product billing has a schedule of that id, too: give one of them another",
        ];
        let lines = lines.map(|line| format!("schedule nightly of product billing: {line}"));
        assert_eq!(said.lines().collect::<Vec<_>>(), lines);
    }
}
