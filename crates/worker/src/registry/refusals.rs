//! What an operator reads when products cannot run together, or a product forgot an activity.

use std::sync::Arc;

use mainspring_settings::Sources;
use temporalio_macros::{activities, workflow, workflow_methods};
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use temporalio_sdk::{WorkflowContext, WorkflowResult};

use super::{Product, Registry, Setup};

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
