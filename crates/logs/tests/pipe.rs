//! Invariant 3, on a real pipe that nobody reads.
#![allow(clippy::unwrap_used)]

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use mainspring_logs::{Destination, LogSettings, install};
use mainspring_settings::Sources;

const LINES: u64 = 200_000;

#[test]
fn a_pipe_that_nobody_reads_holds_nobody_and_loses_by_the_count() {
    // This test's own program writes the lines; its stdout is a pipe that is not read until it has told its counts.
    if std::env::var_os("PIPE_TEST_WRITER").is_some() {
        let settings: LogSettings = mainspring_settings::load(&Sources::from_pairs([])).unwrap();
        let guard = install(&settings, Destination::Stdout).unwrap();
        let from = Instant::now();
        for n in 0..LINES {
            tracing::info!(n, "a line that nobody reads");
        }
        let took = from.elapsed();
        let stats = guard.stats();
        eprintln!("counts {} {} {}", stats.handed, stats.lost, took.as_millis());
        drop(guard);
        // Not by the harness, which would print to the pipe that nobody reads.
        #[allow(clippy::exit)]
        std::process::exit(0);
    }
    let test = "a_pipe_that_nobody_reads_holds_nobody_and_loses_by_the_count";
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]).env("PIPE_TEST_WRITER", "1");
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut unread = child.stdout.take().unwrap();
    let mut talk = String::new();
    child.stderr.take().unwrap().read_to_string(&mut talk).unwrap();
    assert!(child.wait().unwrap().success(), "{talk}");
    let counts = talk.lines().find_map(|line| line.strip_prefix("counts ")).unwrap_or_else(|| panic!("{talk}"));
    let [handed, lost, millis] = counts.split(' ').map(|n| n.parse::<u64>().unwrap()).collect::<Vec<_>>()[..] else {
        panic!("{counts}")
    };
    assert_eq!(handed, LINES);
    assert!(lost > 0 && lost < LINES, "{lost} of {LINES} were lost");
    assert!(Duration::from_millis(millis) < Duration::from_secs(20), "the caller was held for {millis} ms");
    let mut rest = String::new();
    unread.read_to_string(&mut rest).unwrap();
    let whole = rest.lines().filter(|line| line.ends_with('}')).count() as u64;
    assert!(whole > 0 && whole <= LINES - lost, "{whole} lines came, {lost} were counted as lost");
}
