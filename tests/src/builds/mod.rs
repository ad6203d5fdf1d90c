//! One workflow over the whole life of a patch, a folder for each build of it. Which one this "build" has, LAB_BUILD says.

mod after;
mod before;
mod beside;
mod blocks;
mod chosen;
mod deprecated;
mod patched;

use std::time::Duration;

use mainspring::Product;
use temporalio_sdk::{ActivityOptions, WorkflowContext, WorkflowResult};

use crate::activities::{Lab, all};

/// The product in that build.
pub fn product(build: &str, queue: &str) -> Product {
    let product = Product::new("changing", queue).activities(|_setup| async { Ok(Lab) }, all);
    match build {
        "before" => product.workflow::<before::Change>(),
        "patched" => product.workflow::<patched::Change>(),
        // A second workflow, in a file that names no patch.
        "two" => product.workflow::<patched::Change>().workflow::<beside::Beside>(),
        "blocks" => product.workflow_unchecked::<blocks::Change>(),
        "chosen" => product.workflow::<chosen::Change>(),
        "deprecated" => product.workflow::<deprecated::Change>(),
        _ => product.workflow::<after::Change>(),
    }
}

async fn call<W>(ctx: &WorkflowContext<W>, text: &str) -> WorkflowResult<()> {
    let options = ActivityOptions::start_to_close_timeout(Duration::from_secs(30));
    ctx.execute_activity(Lab::echo, text.to_owned(), options).await?;
    Ok(())
}

async fn wait<W>(ctx: &WorkflowContext<W>) {
    ctx.timer(Duration::from_millis(10)).await;
}
