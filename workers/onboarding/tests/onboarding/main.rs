//! `onboarding` from end to end: the worker binary, Temporal's dev server, and the services over HTTP.

mod failing;
mod rig;
mod running;
mod surviving;
