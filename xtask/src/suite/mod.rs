//! `test`: the whole suite over real servers, streamed as it runs, with one total at the end.
//!
//! It builds first, so that code which does not compile is shown as that and not as a failed test. The last line is
//! `N passed, N failed`; a run of no tests, a skipped test, and a process left behind all fail.

mod tally;

use std::{
    env,
    io::{self, BufRead, BufReader, Write},
    num::NonZero,
    process::Command,
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use self::tally::Tally;
use crate::{
    failure::Failure,
    repository::{Repository, program, succeeds},
    setup,
};

/// The crates that have slow tests, by the feature that each has for them.
const SLOW_TIER: &str = "mainspring-tests/full,mainspring-command/full,general-purpose-worker/full,mainspring-logs/full,mainspring-log-entries/full,chart-tests/full";

/// Tests wait for servers most of the time, and libtest would run one a core.
const TESTS_PER_CORE: usize = 2;

/// Installs what is missing, then runs every test. `full` adds the slow tier.
pub(crate) fn run(repository: &Repository, full: bool, arguments: &[String]) -> Result<bool, Failure> {
    setup::run(full)?;
    let cargo = |more: &[&str]| {
        // `--no-fail-fast` also keeps the build going past the first crate that does not compile.
        let mut command = repository.cargo(["test", "--workspace", "--no-fail-fast"]);
        if full {
            // Slow tests live behind a feature, so that the quick tier does not even build them.
            command.args(["--features", SLOW_TIER]);
        }
        command.args(more);
        command
    };
    let mut test = cargo(&["--"]);
    test.args(arguments);
    if env::var_os("RUST_TEST_THREADS").is_none() {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        test.env("RUST_TEST_THREADS", (cores * TESTS_PER_CORE).to_string());
    }
    build_and_test(&mut cargo(&["--no-run"]), test, &mut io::stdout())
}

fn build_and_test(build: &mut Command, test: Command, out: &mut dyn Write) -> Result<bool, Failure> {
    if !succeeds(build)? {
        eprintln!("error: the tests do not compile (see above); none was run");
        return Ok(false);
    }
    let name = program(&test);
    let Run { tally, mut faults } = stream(test, out)?;
    // What cargo itself found wrong counts once each, so that the total never says 0 of a run that failed.
    let failed = tally.failed() + faults.len() as u64;
    let passed = tally.passed();
    if passed + failed == 0 {
        faults.push("no test ran; does the filter name one?".to_owned());
    }
    let well = failed == 0 && passed > 0;
    let mut report = || {
        writeln!(out, "\nslowest test binaries:")?;
        tally.slowest(10).iter().try_for_each(|line| writeln!(out, "{line}"))?;
        if !well {
            writeln!(out, "\nfaults:")?;
        }
        tally.faults().iter().chain(&faults).try_for_each(|fault| writeln!(out, "  {fault}"))?;
        writeln!(out, "\n{passed} passed, {failed} failed")
    };
    report().map_err(|source| Failure::Stream { program: name, source })?;
    Ok(well)
}

struct Run {
    tally: Tally,
    faults: Vec<String>,
}

/// Runs `cargo test`, passes each line on as it comes, and counts.
fn stream(mut command: Command, out: &mut dyn Write) -> Result<Run, Failure> {
    let name = program(&command);
    let failed = |source| Failure::Stream { program: name.clone(), source };
    // Cargo announces a binary on stderr, and the binary reports on stdout: one pipe keeps them in order.
    let (reader, writer) = io::pipe().map_err(failed)?;
    // Codes for colour would hide the words that are counted.
    command.env("CARGO_TERM_COLOR", "never").stdout(writer.try_clone().map_err(failed)?).stderr(writer);
    let start = Instant::now();
    let mut child = command.spawn().map_err(|source| Failure::Start { program: name.clone(), source })?;
    // The command holds this process's ends for writing; while it lives, the pipe has no end.
    drop(command);

    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        let mut reader = BufReader::new(reader);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).is_ok_and(|count| count > 0)
            && sender.send(String::from_utf8_lossy(&line).into_owned()).is_ok()
        {
            line.clear();
        }
    });

    let (mut tally, mut faults) = (Tally::default(), Vec::new());
    let mut seconds_without_cargo = 0;
    loop {
        match lines.recv_timeout(Duration::from_secs(1)) {
            Ok(line) => {
                out.write_all(line.as_bytes()).and_then(|()| out.flush()).map_err(failed)?;
                tally.line(line.trim_end(), start.elapsed());
            }
            Err(RecvTimeoutError::Disconnected) => break,
            // Cargo may be gone while somebody can still write: waiting for the end of the pipe could take for ever.
            // A server that is just dying gets a few seconds.
            Err(RecvTimeoutError::Timeout) => {
                seconds_without_cargo += u8::from(child.try_wait().map_err(failed)?.is_some());
                if seconds_without_cargo == 5 {
                    faults.push("a process that a test started outlived the run; it still holds the output".to_owned());
                    break;
                }
            }
        }
    }
    let status = child.wait().map_err(failed)?;
    tally.end(start.elapsed());
    if !status.success() && tally.failed() == 0 {
        faults.push(format!("cargo test ended with {status}, though no test failed; see above"));
    }
    Ok(Run { tally, faults })
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;
    use mainspring_servers::process::cargo;
    use nix::sys::signal::{Signal, kill};
    use nix::unistd::Pid;

    /// Runs the suite of a workspace of one small crate, with the real cargo.
    fn suite(source: &str, arguments: &[&str]) -> (bool, String) {
        let folder = tempfile::tempdir().unwrap();
        let manifest = "[workspace]\n[package]\nname = \"planted\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
        fs::create_dir(folder.path().join("src")).unwrap();
        fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();
        fs::write(folder.path().join("src/lib.rs"), source).unwrap();
        let mut test = planted(folder.path());
        test.arg("--").args(arguments);
        let mut out = Vec::new();
        let well = build_and_test(planted(folder.path()).arg("--no-run"), test, &mut out).unwrap();
        (well, String::from_utf8(out).unwrap())
    }

    fn planted(folder: &Path) -> Command {
        let mut command = cargo();
        command.args(["test", "--offline", "--no-fail-fast"]).current_dir(folder);
        command.env("CARGO_TARGET_DIR", folder.join("target")).env("CARGO_BUILD_BUILD_DIR", folder.join("target"));
        command
    }

    #[test]
    fn the_last_line_is_the_total_of_unit_and_doc_tests() {
        let (well, out) = suite("//! ```\n//! assert!(true);\n//! ```\n#[test]\nfn one() {}\n", &[]);
        assert!(well, "{out}");
        assert!(out.contains("planted (unittests src/lib.rs)\n"), "{out}");
        assert!(out.ends_with("\n\n2 passed, 0 failed\n"), "{out}");
    }

    #[test]
    fn a_failed_a_skipped_and_a_crashed_test_are_red_and_named() {
        let source = "#[test]\nfn bad() { panic!() }\n#[test]\n#[ignore]\nfn later() {}\n";
        let (well, out) = suite(source, &[]);
        assert!(!well);
        assert!(out.contains("  planted (unittests src/lib.rs): bad failed\n"), "{out}");
        assert!(out.contains("  planted (unittests src/lib.rs): later was skipped; a skipped test fails\n"), "{out}");
        assert!(out.ends_with("\n\n0 passed, 2 failed\n"), "{out}");

        let (well, out) = suite("#[test]\nfn worst() { std::process::abort() }\n", &[]);
        assert!(!well);
        assert!(out.contains("src/lib.rs): ended without a result; it crashed, or was killed\n"), "{out}");
        assert!(out.ends_with("\n\n0 passed, 1 failed\n"), "{out}");
    }

    #[test]
    fn a_run_of_no_tests_is_red() {
        let (well, out) = suite("#[test]\nfn one() {}\n", &["no_such_test"]);
        assert!(!well);
        assert!(out.contains("  no test ran; does the filter name one?\n"), "{out}");
        assert!(out.ends_with("\n\n0 passed, 0 failed\n"), "{out}");
    }

    #[test]
    fn code_that_does_not_compile_is_red_and_nothing_is_run() {
        let (well, out) = suite("#[test]\nfn one() { no_such_name }\n", &[]);
        assert!(!well);
        assert_eq!(out, "");
    }

    #[test]
    fn a_process_left_behind_is_red_and_does_not_hang_the_run() {
        // The child inherits the output; were it waited for, the run would take its 300 s.
        let source = "#[test]\nfn orphan() {\n    \
                      let orphan = std::process::Command::new(\"sleep\").arg(\"300\").spawn().unwrap();\n    \
                      println!(\"\\norphan {}\", orphan.id());\n}\n";
        let start = Instant::now();
        let (well, out) = suite(source, &["--nocapture"]);
        assert!(start.elapsed() < Duration::from_secs(120), "it waited for the orphan");
        let orphan = out.lines().find_map(|line| line.strip_prefix("orphan ")).unwrap_or_else(|| panic!("{out}"));
        kill(Pid::from_raw(orphan.parse().unwrap()), Signal::SIGKILL).unwrap();
        assert!(!well);
        assert!(out.contains("  a process that a test started outlived the run; it still holds the output\n"), "{out}");
        assert!(out.ends_with("\n\n1 passed, 1 failed\n"), "{out}");
    }
}
