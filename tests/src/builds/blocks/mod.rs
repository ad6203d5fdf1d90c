//! It blocks its thread: what nobody may wait for.

use std::io::Write;

use temporalio_common::data_converters::RawValue;
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{WorkflowContext, WorkflowResult};

#[workflow]
#[derive(Default)]
pub struct Change;

#[workflow_methods]
impl Change {
    #[run(name = "change")]
    pub async fn run(_ctx: &mut WorkflowContext<Self>, _name: RawValue) -> WorkflowResult<()> {
        // No log line, for nothing is logged from a replay.
        drop(writeln!(std::io::stderr(), "it blocks now"));
        loop {
            std::thread::park();
        }
    }
}
