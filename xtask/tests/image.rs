//! `cargo xtask image --check` as a user runs it, over a worker binary that cargo has built for the tests.

use std::{
    error::Error,
    path::{Path, PathBuf},
    process::{Command, Output},
};

type Outcome = Result<(), Box<dyn Error>>;

const XTASK: &str = env!("CARGO_BIN_EXE_xtask");
/// It needs no setting of its own.
const WORKER: &str = "general-purpose-worker";

fn check(arguments: &[&str]) -> Result<Output, Box<dyn Error>> {
    Ok(Command::new(XTASK).args(["image", "--check", "--worker", WORKER]).args(arguments).output()?)
}

/// Beside xtask; a run of this package's tests alone has not built it.
fn worker() -> Result<PathBuf, Box<dyn Error>> {
    let path = Path::new(XTASK).with_file_name(WORKER);
    if !path.is_file() {
        let built = mainspring_servers::process::cargo().args(["build", "--workspace", "--bin", WORKER]).status()?;
        assert!(built.success(), "{WORKER} does not compile");
    }
    Ok(path)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_worker_runs_in_its_image_as_pid_1_without_rights_and_leaves_on_sigterm() -> Outcome {
    let worker = worker()?;
    let done = check(&["--binary", &worker.to_string_lossy()])?;
    let (said, faults) = (text(&done.stdout), text(&done.stderr));
    assert!(done.status.success(), "{said}{faults}");
    for promise in [
        "general-purpose-worker 0.1.0 (build id ",
        "ready after ",
        "ran as PID 1, the image's user, without capabilities, without a way to new ones, on a read-only root, uid 65532",
        "executed mainspring-replay-gate on general-purpose-task-queue",
        "left with code 0, ",
        "nothing was written to its root",
    ] {
        assert!(said.contains(promise), "{promise} in {said}{faults}");
    }
    Ok(())
}

#[test]
fn a_library_that_the_base_lacks_is_named() -> Outcome {
    let worker = worker()?;
    let done = check(&["--binary", &worker.to_string_lossy(), "--without", "libgcc-s1"])?;
    let faults = text(&done.stderr);
    assert_eq!(done.status.code(), Some(1), "{}{faults}", text(&done.stdout));
    assert!(
        faults.contains("does not start in its image") && faults.contains("libgcc_s.so.1: cannot open"),
        "{faults}"
    );
    Ok(())
}

#[test]
fn a_program_that_is_no_worker_fails_with_what_it_said() -> Outcome {
    let done = check(&["--binary", "/usr/bin/env", "--env", "ONBOARDING=here"])?;
    let faults = text(&done.stderr);
    assert_eq!(done.status.code(), Some(1), "{}{faults}", text(&done.stdout));
    assert!(faults.contains("--version does not say \"build id "), "{faults}");
    assert!(faults.contains("ended before it was ready, with exit status: 0:\n"), "{faults}");
    // What it was given, and nothing of this process's surroundings.
    assert!(faults.contains("ONBOARDING=here") && faults.contains("SSL_CERT_FILE=/etc/ssl/certs/"), "{faults}");
    assert!(!faults.contains("CARGO"), "{faults}");
    Ok(())
}

#[test]
fn a_target_that_is_not_there_is_said() -> Outcome {
    let done = Command::new(XTASK).args(["image", "--check", "--worker", "nobody"]).output()?;
    assert_eq!(done.status.code(), Some(1));
    assert_eq!(text(&done.stderr), "error: Dockerfile: there is no target nobody\n");
    Ok(())
}
