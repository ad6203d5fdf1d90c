//! What a child does not learn of this process's surroundings.

use std::env;
use std::process::Command;

/// Keeps the variables whose names begin so from a command, which would inherit them.
pub fn forget_variables(command: &mut Command, prefixes: &[&str]) {
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if prefixes.iter().any(|prefix| text.starts_with(prefix)) {
            command.env_remove(&name);
        }
    }
}
