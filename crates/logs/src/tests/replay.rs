//! Invariant 4: nothing is logged from a replay.

use mainspring_context::{Scope, Workflow};

use super::{logged, parsed};
use crate::form::Form;

fn messages(replaying: bool) -> Vec<String> {
    let (text, _) = logged(Form::Json, 4096, "trace,temporalio=trace", || {
        let _scope = Scope::workflow(Workflow::default(), replaying).enter();
        tracing::error!("of the product");
        tracing::error!(target: "temporalio_sdk", "an error of the SDK");
        tracing::warn!(target: "temporalio_sdk_core::worker", "a warning of the SDK");
        tracing::info!(target: "temporalio_sdk", "chatter of the SDK");
    });
    parsed(&text).iter().map(|line| line["msg"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn while_replaying_only_the_sdks_complaints_are_logged() {
    assert_eq!(messages(true), ["an error of the SDK", "a warning of the SDK"]);
}

#[test]
fn past_the_replay_everything_is_logged() {
    assert_eq!(messages(false).len(), 4);
}
