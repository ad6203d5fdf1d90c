//! `products`: the registry.

use std::fmt::Write;

use mainspring_worker::{Registry, WorkflowEntry};
use serde_json::{Value, json};

use crate::arguments::Output;
use crate::exit::Failure;
use crate::print;

pub(crate) fn run(registry: &Registry, output: Output) -> Result<(), Failure> {
    if output == Output::Json {
        let list: Vec<_> = registry
            .products()
            .iter()
            .map(|product| {
                json!({
                    "name": product.name(),
                    "task_queue": product.queue(),
                    "workflows": product.workflows().map(workflow).collect::<Vec<_>>(),
                    "activities": product.activity_names().collect::<Vec<_>>(),
                })
            })
            .collect();
        return print(&json!({ "products": list }).to_string());
    }
    let mut text = String::new();
    for product in registry.products() {
        let _ = writeln!(text, "{} on {}", product.name(), product.queue());
        let _ = writeln!(text, "  workflows   {}", product.workflow_names().collect::<Vec<_>>().join(", "));
        let _ = writeln!(text, "  activities  {}", product.activity_names().collect::<Vec<_>>().join(", "));
    }
    print(text.trim_end())
}

/// `input_schema` is null where nobody checks the input.
fn workflow(entry: WorkflowEntry<'_>) -> Value {
    json!({ "type": entry.name(), "derives_id": entry.derives_id(), "input_schema": entry.schema() })
}
