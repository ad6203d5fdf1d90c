//! The input of a schedule's workflows, kept as the value that it is until there is a converter and a codec to encode it.

use std::sync::Arc;

use futures::future::{BoxFuture, FutureExt};
use mainspring_client::{ClientError, Payloads};
use serde_json::Value;
use temporalio_common::data_converters::TemporalSerializable;
use temporalio_common::protos::temporal::api::common::v1::Payload;

type Encode = dyn Fn(&Payloads) -> BoxFuture<'static, Result<Vec<Payload>, ClientError>> + Send + Sync;

/// A workflow's arguments.
#[derive(Clone)]
pub(crate) struct Input(Arc<Encode>);

impl Input {
    pub(crate) fn typed<T: TemporalSerializable + Send + Sync + 'static>(value: T) -> Self {
        Self(Arc::new(move |payloads| payloads.arguments(&value).boxed()))
    }

    /// A value each.
    pub(crate) fn json(arguments: Vec<Value>) -> Self {
        let arguments = Arc::new(arguments);
        Self(Arc::new(move |payloads| {
            let (payloads, arguments) = (payloads.clone(), arguments.clone());
            async move {
                let mut encoded = Vec::new();
                for argument in arguments.iter() {
                    encoded.push(payloads.encode_json(argument).await?);
                }
                Ok(encoded)
            }
            .boxed()
        }))
    }

    pub(crate) async fn encode(&self, payloads: &Payloads) -> Result<Vec<Payload>, ClientError> {
        (self.0)(payloads).await
    }
}
