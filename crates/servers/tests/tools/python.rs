//! Python without Python, and a Python that cannot make an environment. With a real one the tests in `tests/tests/python.rs` run.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use mainspring_servers::tools::{Progress, Toolbox};

#[test]
fn without_python_it_says_what_to_install() {
    let folder = tempfile::tempdir().unwrap();
    let error = Toolbox::new(folder.path()).python_with("temporalio", "1.35.0", &Progress::silent()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no program `python3` in any folder of PATH; install Python 3.10 or newer with its module venv"
    );
}

#[test]
fn what_python_said_is_shown_and_the_next_attempt_begins_anew() {
    let folder = tempfile::tempdir().unwrap();
    let python = folder.path().join("python3");
    fs::write(&python, "#!/bin/sh\necho 'No module named venv' >&2\nexit 1\n").unwrap();
    fs::set_permissions(&python, Permissions::from_mode(0o755)).unwrap();
    let toolbox = Toolbox::new(folder.path().join("cache")).search_path(folder.path());
    for _ in 0..2 {
        let error = toolbox.python_with("temporalio", "1.35.0", &Progress::silent()).unwrap_err().to_string();
        assert!(error.starts_with(&format!("`{} -m venv --clear ", python.display())), "{error}");
        assert!(error.contains("No module named venv") && error.contains("What helps: Python 3.10"), "{error}");
    }
}
