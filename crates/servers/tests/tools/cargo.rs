//! `cargo install`, by the real cargo, of a crate that no registry has: what is said when it fails, and when there is no
//! cargo. That it works, `cargo xtask setup` shows on each new machine.

use std::path::PathBuf;

use mainspring_servers::ServersError;
use mainspring_servers::tools::{Progress, Tool, Toolbox};

fn tool() -> Tool {
    Tool::new("Hello", "hello", "1.8.9").manual("greet by hand").crate_name("hello")
}

/// The folder of the cargo that runs this test.
fn cargos_folder() -> PathBuf {
    PathBuf::from(std::env::var_os("CARGO").unwrap()).parent().unwrap().to_owned()
}

#[test]
fn without_cargo_the_error_says_what_was_tried_and_what_helps() {
    let folder = tempfile::tempdir().unwrap();
    let error = Toolbox::new(folder.path()).provide(&tool(), &Progress::silent()).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "Hello 1.8.9 is not on this machine, and could not be installed:\n  \
             PATH: no program `hello` in any folder of PATH\n  \
             cache: no program `hello` in {}\n  \
             cargo install: no program `cargo` in any folder of PATH\n\
             What helps: greet by hand; or install Rust's cargo (https://rustup.rs)",
            folder.path().join("tools").display()
        )
    );
}

#[test]
fn a_failed_build_shows_what_cargo_said() {
    let folder = tempfile::tempdir().unwrap();
    let toolbox = Toolbox::new(folder.path()).search_path(cargos_folder());
    // A name that cargo refuses before it asks any registry.
    let tool = Tool::new("Hello", "hello", "1.8.9").crate_name("no such crate");
    let ServersError::NotInstalled { attempts, .. } = toolbox.provide(&tool, &Progress::silent()).unwrap_err() else {
        panic!("another error")
    };
    let said = attempts.last().unwrap().error.to_string();
    assert!(said.starts_with("`cargo install no such crate@1.8.9 --locked` failed (exit status: "), "{said}");
    assert!(said.contains("invalid character"), "{said}");
}
