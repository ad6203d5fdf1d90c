//! `mainspring replay` and `mainspring patches`, over builds of one workflow on a real server.

mod capturing;
mod checking;
mod gating;
mod patching;
mod rig;
mod variants;
