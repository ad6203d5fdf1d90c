//! A contract as a contract crate writes it.

use mainspring_caller::Contract;
use temporalio_common::{QueryDefinition, SignalDefinition, UpdateDefinition, WorkflowDefinition};

/// No worker polls its queue: all it does is to be started.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Invoice;

impl WorkflowDefinition for Invoice {
    type Input = u64;
    type Output = String;

    fn name(&self) -> &'static str {
        "invoice"
    }
}

impl Contract for Invoice {
    const TASK_QUEUE: &'static str = "invoices-without-a-worker";
    const WORKFLOW_ID: Option<fn(&u64) -> String> = Some(|number| format!("invoice-{number}"));
}

/// The same without an id that follows from its input.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Letter;

impl WorkflowDefinition for Letter {
    type Input = ();
    type Output = ();

    fn name(&self) -> &'static str {
        "letter"
    }
}

impl Contract for Letter {
    const TASK_QUEUE: &'static str = "letters-without-a-worker";
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Pay;

impl SignalDefinition for Pay {
    type Workflow = Invoice;
    type Input = String;

    fn name(&self) -> &'static str {
        "pay"
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Due;

impl QueryDefinition for Due {
    type Workflow = Invoice;
    type Input = ();
    type Output = u64;

    fn name(&self) -> &'static str {
        "due"
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Remind;

impl UpdateDefinition for Remind {
    type Workflow = Invoice;
    type Input = String;
    type Output = u32;

    fn name(&self) -> &'static str {
        "remind"
    }
}
