//! The workflows.

mod onboarding;

pub use onboarding::Onboarding;
