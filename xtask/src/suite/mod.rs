//! `test`: the whole suite over real servers, with one total at the end.
//!
//! It builds first, so that code which does not compile is shown as that and not as a failed test. Cargo would run one
//! test binary after the other, which wait for servers half of the time: here some run at once, and what each wrote is
//! shown as it ends. The last line is `N passed, N failed`; a run of no tests, a skipped test, and a process left behind
//! all fail.

mod jobs;
mod lanes;
mod tally;

use std::{
    env,
    io::{self, Write},
    num::NonZero,
    process::Command,
    thread,
};

use self::{lanes::Ended, tally::Tally};
use crate::{failure::Failure, repository::Repository, setup};

/// The crates that have slow tests, by the feature that each has for them.
const SLOW_TIER: &str = "mainspring-tests/full,mainspring-command/full,general-purpose-worker/full,mainspring-logs/full,mainspring-log-entries/full,chart-tests/full";

/// Tests wait for servers most of the time, and libtest would run one a core. The binaries that run at once share them.
const TESTS_PER_CORE: usize = 2;

/// Installs what is missing, then runs every test, so many binaries at once. `full` adds the slow tier.
pub(crate) fn run(
    repository: &Repository,
    full: bool,
    at_once: NonZero<usize>,
    arguments: &[String],
) -> Result<bool, Failure> {
    setup::run(full)?;
    let threads = env::var("RUST_TEST_THREADS").unwrap_or_else(|_| {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        (cores * TESTS_PER_CORE).div_ceil(at_once.get()).to_string()
    });
    let cargo = || {
        // `--no-fail-fast` also keeps the build going past the first crate that does not compile.
        let mut command = repository.cargo(["test", "--workspace", "--no-fail-fast"]);
        if full {
            // Slow tests live behind a feature, so that the quick tier does not even build them.
            command.args(["--features", SLOW_TIER]);
        }
        command
    };
    build_and_test(&cargo, at_once, &threads, arguments, &mut io::stdout())
}

fn build_and_test(
    cargo: &dyn Fn() -> Command,
    at_once: NonZero<usize>,
    threads: &str,
    arguments: &[String],
    out: &mut dyn Write,
) -> Result<bool, Failure> {
    let Some(binaries) = jobs::built(cargo().arg("--no-run"), arguments)? else {
        eprintln!("error: the tests do not compile (see above); none was run");
        return Ok(false);
    };
    let mut jobs = vec![jobs::doc_tests(cargo(), arguments)];
    jobs.extend(binaries);
    for job in &mut jobs {
        job.command.env("RUST_TEST_THREADS", threads);
    }
    let shown = |source| Failure::Stream { program: "cargo xtask test".to_owned(), source };
    let mut all = Ended::default();
    lanes::run(jobs, at_once.get(), |ended| {
        all.tally.add(ended.tally);
        all.faults.extend(ended.faults);
        out.write_all(&ended.output).and_then(|()| out.flush()).map_err(shown)
    })?;
    report(&all.tally, all.faults, out).map_err(shown)
}

/// Writes the slowest binaries, every fault, and the total. `true`: all is well.
fn report(tally: &Tally, mut faults: Vec<String>, out: &mut dyn Write) -> io::Result<bool> {
    // What is wrong beside failed tests counts once each, so that the total never says 0 of a run that failed.
    let failed = tally.failed() + faults.len() as u64;
    let passed = tally.passed();
    if passed + failed == 0 {
        faults.push("no test ran; does the filter name one?".to_owned());
    }
    let well = failed == 0 && passed > 0;
    writeln!(out, "\nslowest test binaries:")?;
    tally.slowest(10).iter().try_for_each(|line| writeln!(out, "{line}"))?;
    if !well {
        writeln!(out, "\nfaults:")?;
    }
    tally.faults().iter().chain(&faults).try_for_each(|fault| writeln!(out, "  {fault}"))?;
    writeln!(out, "\n{passed} passed, {failed} failed")?;
    Ok(well)
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        time::{Duration, Instant},
    };

    use super::*;
    use mainspring_servers::process::cargo;
    use nix::sys::signal::{Signal, kill};
    use nix::unistd::Pid;

    /// Runs the suite of a workspace of one small crate, with the real cargo: its library, and tests of its own.
    fn suite_of(source: &str, tests: &[(&str, &str)], at_once: usize, arguments: &[&str]) -> (bool, String) {
        let folder = tempfile::tempdir().unwrap();
        let manifest = "[workspace]\n[package]\nname = \"planted\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
        fs::create_dir(folder.path().join("src")).unwrap();
        fs::create_dir(folder.path().join("tests")).unwrap();
        fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();
        fs::write(folder.path().join("src/lib.rs"), source).unwrap();
        for (name, test) in tests {
            fs::write(folder.path().join("tests").join(name), test).unwrap();
        }
        let cargo = || {
            let mut command = cargo();
            command.args(["test", "--offline", "--no-fail-fast"]).current_dir(folder.path());
            let target = folder.path().join("target");
            command.env("CARGO_TARGET_DIR", &target).env("CARGO_BUILD_BUILD_DIR", target);
            command
        };
        let arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        let mut out = Vec::new();
        let well = build_and_test(&cargo, NonZero::new(at_once).unwrap(), "2", &arguments, &mut out).unwrap();
        (well, String::from_utf8(out).unwrap())
    }

    fn suite(source: &str, arguments: &[&str]) -> (bool, String) {
        suite_of(source, &[], 2, arguments)
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
        assert!(out.contains("  planted (unittests src/lib.rs): a process that a test started outlived its tests; it still holds their output\n"), "{out}");
        assert!(out.ends_with("\n\n1 passed, 1 failed\n"), "{out}");
    }

    #[test]
    fn a_test_runs_in_its_package_and_knows_nothing_of_xtask() {
        let source = "#[test]\nfn here() {\n    \
                      let folder = std::env::current_dir().unwrap();\n    \
                      assert_eq!(std::env::var_os(\"CARGO_MANIFEST_DIR\").unwrap(), folder);\n    \
                      assert!(folder.join(\"src/lib.rs\").is_file());\n    \
                      assert_eq!(std::env::var_os(\"CARGO_PKG_NAME\"), None);\n    \
                      assert_eq!(std::env::var(\"RUST_TEST_THREADS\").unwrap(), \"2\");\n}\n";
        let (well, out) = suite(source, &[]);
        assert!(well, "{out}");
    }

    /// Leaves a file, and waits for that of another.
    fn meets(own: &str, other: &str) -> String {
        format!(
            "#[test]\nfn meets() {{\n    \
             std::fs::write(\"{own}\", \"\").unwrap();\n    \
             let from = std::time::Instant::now();\n    \
             while !std::path::Path::new(\"{other}\").exists() {{\n        \
             assert!(from.elapsed().as_secs() < 60, \"{other} never came\");\n        \
             std::thread::sleep(std::time::Duration::from_millis(5));\n    }}\n}}\n"
        )
    }

    #[test]
    fn some_binaries_run_at_once_and_each_is_shown_whole() {
        let (one, other) = (meets("one", "other"), meets("other", "one"));
        let (well, out) = suite_of("", &[("one.rs", &one), ("other.rs", &other)], 2, &[]);
        assert!(well, "{out}");
        for name in ["one", "other"] {
            let shown =
                out.split("     Running ").find(|part| part.starts_with(&format!("tests/{name}.rs ("))).unwrap();
            assert!(shown.contains("\ntest meets ... ok\n\ntest result: ok. 1 passed; "), "{out}");
        }
        assert!(out.ends_with("\n\n2 passed, 0 failed\n"), "{out}");
    }

    #[test]
    fn one_at_a_time_they_keep_to_their_order() {
        let first = "#[test]\nfn leaves() { std::fs::write(\"left\", \"\").unwrap() }\n";
        let then = "#[test]\nfn finds() { assert!(std::path::Path::new(\"left\").exists()) }\n";
        let (well, out) = suite_of("", &[("b.rs", then), ("a.rs", first)], 1, &[]);
        assert!(well, "{out}");
    }
}
