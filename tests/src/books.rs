//! A product on a queue of its own, for which no test runs a worker: the management command starts its workflows.

use mainspring::Product;
use mainspring::vocabulary::Contract;
use serde::{Deserialize, Serialize};
use temporalio_common::WorkflowDefinition;
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{WorkflowContext, WorkflowResult};

/// One invoice, whose number is the workflow's id.
#[derive(Serialize, Deserialize, schemars::JsonSchema)]
pub struct Invoice {
    number: u64,
}

#[derive(Clone, Copy, Debug, Default)]
pub struct Book;

impl WorkflowDefinition for Book {
    type Input = Invoice;
    type Output = u64;

    fn name(&self) -> &'static str {
        "book"
    }
}

impl Contract for Book {
    const TASK_QUEUE: &'static str = "lab-books";
    const WORKFLOW_ID: Option<fn(&Invoice) -> String> = Some(|invoice| format!("invoice-{}", invoice.number));
}

#[workflow]
#[derive(Default)]
pub struct Booking;

#[workflow_methods]
impl Booking {
    #[run(name = "book")]
    pub async fn run(_ctx: &mut WorkflowContext<Self>, invoice: Invoice) -> WorkflowResult<u64> {
        Ok(invoice.number)
    }
}

pub fn product() -> Product {
    Product::new("books", Book::TASK_QUEUE).workflow_as::<Booking, Book>()
}
