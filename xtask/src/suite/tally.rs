//! What a test run did, read from what cargo and the tests print: which binaries ran, for how long, and what each counted.
//!
//! A binary that starts and gives no result (it crashed, or was killed) has failed once. A skipped test has failed too:
//! nothing here is skipped in silence.

use std::time::Duration;

/// The counts of a run so far.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    binaries: Vec<Binary>,
}

/// One test binary, or the doc tests of one crate.
#[derive(Debug)]
struct Binary {
    name: String,
    doc: bool,
    started: Duration,
    took: Duration,
    result: Option<Counts>,
    failing: Vec<String>,
    skipped: Vec<String>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    passed: u64,
    failed: u64,
    ignored: u64,
}

impl Tally {
    /// Takes the next line of output, which came `at` after the start of the run.
    pub(crate) fn line(&mut self, line: &str, at: Duration) {
        if let Some((name, doc)) = heading(line) {
            self.end(at);
            let (result, failing, skipped) = (None, Vec::new(), Vec::new());
            self.binaries.push(Binary { name, doc, started: at, took: Duration::ZERO, result, failing, skipped });
            return;
        }
        let Some(binary) = self.binaries.last_mut() else { return };
        if let Some(counts) = result(line) {
            // Doc tests run in several groups, each with a result. Elsewhere the last one counts: the output of a
            // failed test may look like a result too, and comes before the true one.
            let before = binary.result.filter(|_| binary.doc).unwrap_or_default();
            binary.result = Some(Counts {
                passed: before.passed + counts.passed,
                failed: before.failed + counts.failed,
                ignored: before.ignored + counts.ignored,
            });
        } else if let Some((test, verdict)) = line.strip_prefix("test ").and_then(|rest| rest.rsplit_once(" ... ")) {
            match verdict.split([' ', ',']).next() {
                Some("FAILED") => binary.failing.push(test.to_owned()),
                Some("ignored") => binary.skipped.push(test.to_owned()),
                _ => {}
            }
        }
    }

    /// The run is over, `at` after its start.
    pub(crate) fn end(&mut self, at: Duration) {
        if let Some(binary) = self.binaries.last_mut()
            && binary.took.is_zero()
        {
            binary.took = at.saturating_sub(binary.started);
        }
    }

    /// Takes what another job did.
    pub(crate) fn add(&mut self, other: Self) {
        self.binaries.extend(other.binaries);
    }

    /// How many tests passed.
    pub(crate) fn passed(&self) -> u64 {
        self.binaries.iter().filter_map(|binary| binary.result).map(|counts| counts.passed).sum()
    }

    /// How many failed, counting skipped tests and binaries that gave no result.
    pub(crate) fn failed(&self) -> u64 {
        self.binaries.iter().map(|binary| binary.result.map_or(1, |counts| counts.failed + counts.ignored)).sum()
    }

    /// The faults, one line each: binary and test.
    pub(crate) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for binary in &self.binaries {
            let name = &binary.name;
            faults.extend(binary.failing.iter().map(|test| format!("{name}: {test} failed")));
            faults
                .extend(binary.skipped.iter().map(|test| format!("{name}: {test} was skipped; a skipped test fails")));
            if binary.result.is_none() {
                faults.push(format!("{name}: ended without a result; it crashed, or was killed"));
            }
        }
        faults
    }

    /// The slowest binaries, slowest first, one line each.
    pub(crate) fn slowest(&self, count: usize) -> Vec<String> {
        let mut by_time: Vec<&Binary> = self.binaries.iter().collect();
        by_time.sort_by_key(|binary| std::cmp::Reverse(binary.took));
        by_time
            .iter()
            .take(count)
            .map(|binary| {
                let tests = binary.result.map_or(0, |counts| counts.passed + counts.failed);
                format!("{:>7.1} s {tests:>5} tests  {}", binary.took.as_secs_f64(), binary.name)
            })
            .collect()
    }
}

/// The binary that a line of cargo announces, and whether it is a crate's doc tests:
/// `     Running tests/shutdown.rs (target/debug/deps/shutdown-0f…)`, `   Doc-tests mainspring`.
fn heading(line: &str) -> Option<(String, bool)> {
    let said = line.strip_prefix("  ")?.trim_start();
    if let Some(name) = said.strip_prefix("Doc-tests ") {
        return Some((format!("{name} (doc tests)"), true));
    }
    let (what, path) = said.strip_prefix("Running ")?.strip_suffix(')')?.rsplit_once(" (")?;
    let file = path.rsplit(['/', '\\']).next().unwrap_or(path);
    let name = file.rsplit_once('-').map_or(file, |(name, _hash)| name);
    Some((format!("{name} ({what})"), false))
}

/// The counts of a line `test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s`.
fn result(line: &str) -> Option<Counts> {
    let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let count = |word: &str| counts.split("; ").find_map(|part| part.strip_suffix(word)?.trim().parse().ok());
    Some(Counts { passed: count("passed")?, failed: count("failed")?, ignored: count("ignored")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One line a second.
    fn tally(output: &str) -> Tally {
        let mut tally = Tally::default();
        let mut at = Duration::ZERO;
        for line in output.lines() {
            tally.line(line, at);
            at += Duration::from_secs(1);
        }
        tally.end(at);
        tally
    }

    #[test]
    fn counts_are_summed_over_binaries_and_doc_test_groups() {
        let tally = tally(
            "     Running unittests src/lib.rs (target/debug/deps/first-0123abcd)\n\
             test a ... ok\n\
             test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 1 filtered out; finished in 0.01s\n\
             \u{20}  Doc-tests first\n\
             test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s\n\
             test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s\n",
        );
        assert_eq!((tally.passed(), tally.failed()), (6, 0));
        assert_eq!(tally.faults(), Vec::<String>::new());
        assert_eq!(
            tally.slowest(10),
            ["    3.0 s     3 tests  first (unittests src/lib.rs)", "    3.0 s     3 tests  first (doc tests)"]
        );
        assert_eq!(tally.slowest(1).len(), 1);
    }

    #[test]
    fn failed_and_skipped_tests_are_failures_with_names() {
        let tally = tally(
            "     Running tests/drain.rs (target/debug/deps/drain-0123abcd)\n\
             test by_grace ... FAILED\n\
             test later ... ignored, flaky\n\
             test result: FAILED. 4 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s\n",
        );
        assert_eq!((tally.passed(), tally.failed()), (4, 2));
        assert_eq!(
            tally.faults(),
            [
                "drain (tests/drain.rs): by_grace failed",
                "drain (tests/drain.rs): later was skipped; a skipped test fails"
            ]
        );
    }

    #[test]
    fn a_binary_that_gives_no_result_has_failed() {
        let tally = tally(
            "     Running tests/drain.rs (target/debug/deps/drain-0123abcd)\n\
             test by_grace ... ok\n\
             error: test failed, to rerun pass `-p mainspring-tests --test drain`\n",
        );
        assert_eq!((tally.passed(), tally.failed()), (0, 1));
        assert_eq!(tally.faults(), ["drain (tests/drain.rs): ended without a result; it crashed, or was killed"]);
    }

    #[test]
    fn a_result_inside_the_output_of_a_failed_test_is_not_counted() {
        let tally = tally(
            "     Running tests/ui.rs (target/debug/deps/ui-0123abcd)\n\
             test result: ok. 90 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s\n\
             test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s\n",
        );
        assert_eq!((tally.passed(), tally.failed()), (0, 1));
    }
}
