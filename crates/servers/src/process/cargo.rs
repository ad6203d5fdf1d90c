//! Cargo, as a child of a program that cargo may itself have started.

use std::env;
use std::process::Command;

use super::forget_variables;

/// The cargo that runs this program, else the one on `PATH`, with an environment as clean as a shell's.
///
/// `cargo run` and `cargo test` describe to a program its own package. Passed on, that makes build scripts which watch
/// those names (ring's does) run again, and with them half the dependency tree, at every change between the two.
pub fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    forget_variables(&mut command, &["CARGO_PKG_", "CARGO_MANIFEST_"]);
    command
}
