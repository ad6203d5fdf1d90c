//! The activity.

use new_product_contract::{ComposeActivity, GreetError, GreetInput};
use temporalio_macros::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError};

/// Greets. What its activities need, a connection say, is a field of it, made once a worker in `product()`.
#[derive(Clone, Copy, Debug)]
pub struct Greeter;

#[activities]
impl Greeter {
    /// Composes a greeting.
    ///
    /// # Errors
    /// [`GreetError`].
    #[activity(definition = ComposeActivity)]
    pub async fn compose(_ctx: ActivityContext, input: GreetInput) -> Result<String, ActivityError> {
        if input.name.is_empty() {
            return Err(GreetError::NoName.into());
        }
        tracing::info!(name = input.name, "composed");
        Ok(format!("Hello, {}!", input.name))
    }
}
