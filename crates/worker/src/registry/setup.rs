//! What a product's activities are connected with: its settings, once, at start.

use std::sync::Arc;

use mainspring_settings::{Section, SettingsError, Sources};

/// Any error that a product's own code returns while it connects its dependencies.
pub type SetupError = Box<dyn std::error::Error + Send + Sync>;

/// Handed to the function that connects a product's activities.
#[derive(Clone, Debug)]
pub struct Setup {
    sources: Arc<Sources>,
}

impl Setup {
    /// From the sources of this process, or from those of a test.
    pub const fn new(sources: Arc<Sources>) -> Self {
        Self { sources }
    }

    /// The product's settings. They were checked before, if the product declared them with
    /// [`Product::settings`](crate::Product::settings).
    ///
    /// # Errors
    /// Every value that does not parse or is missing, a line each.
    pub fn settings<S: Section>(&self) -> Result<S, SettingsError> {
        mainspring_settings::load(&self.sources)
    }
}
