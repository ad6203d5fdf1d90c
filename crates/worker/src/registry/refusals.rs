//! What an operator reads when products cannot run together, or a product forgot an activity.

use std::sync::Arc;
use std::time::Duration;

use mainspring_settings::Sources;
use mainspring_vocabulary::{ActivityContract, NoFailures, Timeouts};
use temporalio_common::ActivityDefinition;
use temporalio_macros::{activities, workflow, workflow_methods};
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use temporalio_sdk::{WorkflowContext, WorkflowResult};

use super::{ActivityEntry, Product, Registry, Setup};

#[workflow]
#[derive(Default)]
struct Refund;

#[workflow_methods]
impl Refund {
    #[run(name = "refund")]
    async fn run(_ctx: &mut WorkflowContext<Self>) -> WorkflowResult<()> {
        Ok(())
    }
}

struct Payments;

#[activities]
impl Payments {
    #[activity(name = "charge")]
    async fn charge(_ctx: ActivityContext, cents: u64) -> Result<u64, ActivityError> {
        Ok(cents)
    }

    #[activity(name = "settle")]
    async fn settle(_ctx: ActivityContext, cents: u64) -> Result<u64, ActivityError> {
        Ok(cents)
    }
}

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

impl ActivityContract for payments::Charge {
    type Failures = NoFailures;
    const TIMEOUTS: Timeouts = Timeouts::start_to_close(secs(10));
}

impl ActivityContract for payments::Settle {
    type Failures = NoFailures;
    const TIMEOUTS: Timeouts = Timeouts::start_to_close(secs(60)).heartbeat(secs(20));
}

/// What another crate says of `charge`.
struct Hasty;

impl ActivityDefinition for Hasty {
    type Input = u64;
    type Output = u64;

    fn name(&self) -> &'static str {
        "settle"
    }
}

impl ActivityContract for Hasty {
    type Failures = NoFailures;
    const TIMEOUTS: Timeouts = Timeouts::start_to_close(secs(31)).schedule_to_close(secs(30));
}

fn refunds(name: &str, queue: &str) -> Product {
    Product::new(name, queue).workflow::<Refund>()
}

fn payments(name: &str, queue: &str) -> Product {
    let connect = |_setup| async { Ok(Payments) };
    Product::new(name, queue).activities(connect, |set| set.activity(Payments::charge).activity(Payments::settle))
}

fn refused(products: impl IntoIterator<Item = Product>) -> String {
    Registry::new(products).unwrap_err().to_string()
}

#[test]
fn no_products_at_all() {
    assert_eq!(refused([]), "no products: a worker needs at least one");
}

#[test]
fn two_products_of_one_name_even_on_two_queues() {
    let said = refused([refunds("billing", "one"), payments("billing", "two")]);
    assert_eq!(said, "two products are named billing: give one of them another name");
}

#[test]
fn a_product_or_queue_whose_name_is_none() {
    let is_not =
        |what: &str, name: &str| format!("{what} {name} is not a name: use letters, digits, '-', '_', '.' or ':'");
    assert_eq!(refused([refunds("", "queue")]), is_not("product", "\"\""));
    assert_eq!(refused([refunds("my billing", "queue")]), is_not("product", "\"my billing\""));
    assert_eq!(refused([refunds("billing", "a\nqueue")]), is_not("task queue", "\"a\\nqueue\""));
    assert!(Registry::new([refunds("Billing-2", "billing_v1.0:blue")]).is_ok());
}

#[test]
fn a_product_of_nothing() {
    let nothing = "product billing registers nothing on invoices: give it a workflow or activities";
    assert_eq!(refused([Product::new("billing", "invoices")]), nothing);
    let no_activity = Product::new("billing", "invoices").activities(|_setup| async { Ok(Payments) }, |set| set);
    assert_eq!(refused([no_activity]), nothing, "activities of which none is listed are none");
}

#[test]
fn one_workflow_or_activity_twice_on_a_queue() {
    let said = refused([refunds("billing", "money"), payments("shop", "money"), refunds("returns", "money")]);
    assert_eq!(said, "workflow refund is registered twice on money: by product billing and by product returns");
    let said = refused([payments("billing", "money"), payments("shop", "money")]);
    assert_eq!(said, "activity charge is registered twice on money: by product billing and by product shop");
    let said = refused([refunds("billing", "money").workflow::<Refund>()]);
    assert_eq!(said, "workflow refund is registered twice on money: by product billing and by product billing");
    let apart = [refunds("billing", "one"), refunds("returns", "two")];
    assert!(Registry::new(apart).is_ok(), "on another queue it is another");
}

#[test]
fn timeouts_that_do_not_hold_and_another_name_all_at_once() {
    let hasty = |name: &str, queue: &str| {
        Product::new(name, queue)
            .activities(|_setup| async { Ok(Payments) }, |set| set.activity_as(Payments::charge, Hasty))
    };
    let said = refused([hasty("billing", "one"), payments("shop", "two"), hasty("returns", "three")]);
    let marker = std::any::type_name::<Hasty>();
    let lines = [
        "its start-to-close timeout is 31s and it has no heartbeat timeout, so a dead worker would go unnoticed for that \
         long: give it a heartbeat timeout, and let it beat, or 30s at most",
        "its schedule-to-close timeout is 30s, less than one attempt of 31s may take: give it that or more",
        &format!("its contract {marker} calls it settle: give both one name, best by #[activity(definition = …)]"),
    ];
    let of = |product: &str| lines.map(|line| format!("activity charge of product {product}: {line}"));
    assert_eq!(said.lines().collect::<Vec<_>>(), [of("billing"), of("returns")].concat());
}

#[test]
fn a_contract_tells_the_timeouts() {
    let registry = Registry::new([payments("billing", "money")]).unwrap();
    let timeouts: Vec<_> = registry.products()[0].activity_entries().filter_map(ActivityEntry::timeouts).collect();
    assert_eq!(timeouts, [payments::Charge::TIMEOUTS, payments::Settle::TIMEOUTS]);
}

#[tokio::test]
async fn an_activity_that_is_not_listed() {
    let setup = Setup::new(Arc::new(Sources::from_pairs([])));
    assert!(payments("billing", "money").connect(&setup).await.is_ok());
    let forgetful = Product::new("billing", "money")
        .activities(|_setup| async { Ok(Payments) }, |set| set.activity(Payments::charge));
    let Err(error) = forgetful.connect(&setup).await else { panic!("it was not missed") };
    let of = std::any::type_name::<Payments>();
    assert_eq!(error.to_string(), format!("activity settle of {of} is not listed: add it to the product's activities"));
}
