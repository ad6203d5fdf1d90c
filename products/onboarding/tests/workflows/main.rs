//! `onboarding` on a real server: each path of its workflow, with mocks; and its activities, each of them twice.

mod activities;
mod failing;
mod paths;
#[path = "../../examples/services/service.rs"]
mod service;
mod surroundings;
