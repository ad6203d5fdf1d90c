//! The registry's workflows as a history is replayed on them: with the layers that a worker puts around them.

use mainspring_replay::Code;
use temporalio_common::data_converters::DataConverter;
use temporalio_sdk::workflow_replayer::WorkflowReplayerOptions;

use super::{Product, Registry};
use crate::layers::replayed_workflow_layer;

impl Registry {
    /// The workflows of one of its products, as a worker of `namespace` runs them: calls go where the product was moved to,
    /// nothing is logged, and [`Product::workflow_interceptor`]s are there. What [`Product::customize`] does to a worker's
    /// options is not: the SDK has no way from those to a replay's.
    pub fn code_of(&self, product: &Product, namespace: &str, converter: DataConverter) -> Code {
        let options = WorkflowReplayerOptions::new().namespace(namespace).data_converter(converter);
        let mut options = options.task_queue(product.queue()).build();
        product.replay_registrations().for_each(|register| register(&mut options));
        options.workflow_interceptor(replayed_workflow_layer(self.routes()));
        for interceptor in product.workflow_interceptors() {
            options.workflow_interceptor(interceptor.clone());
        }
        Code::new(product.workflow_names().map(str::to_owned), options)
    }
}
