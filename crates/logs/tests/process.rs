//! What installed logs do to a process whose stdout is healthy, closed, or a pipe that nobody reads.
//!
//! Each test runs this program again, for itself alone, as the process that logs. That one reports on stderr.
#![allow(clippy::unwrap_used)]

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::{Duration, Instant};

use mainspring_logs::{Destination, LogSettings};

/// How the process is to log: one that is patient lets its lines be written before it goes on.
const LOGGER: &str = "LOGS_TEST_LOGGER";
const PATIENT: &str = "patient";
const HURRIED: &str = "hurried";
const LINES: u64 = 50_000;
/// So many fit into the buffer, and more.
const PORTION: u64 = 5_000;

/// A process that has installed its logs, and waits for the end of its stdin to begin.
struct Logger {
    child: Child,
    said: BufReader<ChildStderr>,
}

/// What it said in the end.
struct Outcome {
    flushed: bool,
    written: u64,
    lost: u64,
    logging: Duration,
}

impl Logger {
    fn start(test: &str, pace: &str) -> Self {
        if let Ok(pace) = std::env::var(LOGGER) {
            log(&pace);
        }
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", test, "--nocapture"]).env(LOGGER, pace);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap());
        let mut ready = String::new();
        said.read_line(&mut ready).unwrap();
        assert_eq!(ready, "ready\n");
        Self { child, said }
    }

    /// Lets it log, and waits for its word and its end.
    fn end(mut self) -> Outcome {
        let begin = Instant::now();
        drop(self.child.stdin.take());
        let mut said = String::new();
        self.said.read_to_string(&mut said).unwrap();
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{status}: {said}");
        assert!(begin.elapsed() < Duration::from_secs(120), "it took {:?}", begin.elapsed());
        let numbers: Vec<u64> = said.split_whitespace().map(|word| word.parse().unwrap()).collect();
        let [flushed, written, lost, logging] = numbers[..] else { panic!("nothing else is said: {said}") };
        Outcome { flushed: flushed == 1, written, lost, logging: Duration::from_millis(logging) }
    }
}

/// Logs when it is told to, says how it went, and leaves: not by the harness, which prints to stdout.
#[allow(clippy::exit, clippy::print_stderr)]
fn log(pace: &str) -> ! {
    let (portion, limit) =
        if pace == PATIENT { (PORTION, Duration::from_secs(60)) } else { (LINES, Duration::from_millis(500)) };
    let logs = mainspring_logs::install(&LogSettings::default(), Destination::Stdout).unwrap();
    let second = mainspring_logs::install(&LogSettings::default(), Destination::Stdout).unwrap_err();
    assert!(second.to_string().starts_with("another tracing subscriber or logger is installed"), "{second}");
    eprintln!("ready");
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
    let begin = Instant::now();
    let mut flushed = true;
    for i in 0..LINES {
        if i.is_multiple_of(portion) {
            flushed &= logs.flush(limit);
        }
        tracing::info!(i, filling = "a line of about two hundred bytes with everything that is always in it", "line");
    }
    let logging = begin.elapsed().as_millis();
    flushed &= logs.flush(limit);
    let stats = mainspring_logs::stats().unwrap();
    eprintln!("{} {} {} {logging}", u8::from(flushed), stats.written(), stats.lost());
    std::process::exit(0);
}

#[test]
fn a_healthy_stdout_gets_every_line() {
    let mut logger = Logger::start("a_healthy_stdout_gets_every_line", PATIENT);
    let stdout = BufReader::new(logger.child.stdout.take().unwrap());
    let reader = std::thread::spawn(move || {
        // The harness has a line before.
        let lines = stdout.lines().map(Result::unwrap).filter(|line| line.starts_with('{'));
        let number = |line: String| serde_json::from_str::<serde_json::Value>(&line).unwrap()["i"].as_u64().unwrap();
        lines.map(number).collect::<Vec<u64>>()
    });
    let outcome = logger.end();
    let seen = reader.join().unwrap();
    assert!(outcome.flushed && seen.iter().copied().eq(0..LINES), "{} of {LINES}", seen.len());
    assert_eq!((outcome.written, outcome.lost), (LINES, 0));
}

#[test]
fn a_closed_stdout_costs_every_line_and_no_more() {
    let mut logger = Logger::start("a_closed_stdout_costs_every_line_and_no_more", PATIENT);
    drop(logger.child.stdout.take());
    let outcome = logger.end();
    assert!(outcome.flushed);
    assert_eq!((outcome.written, outcome.lost), (0, LINES));
}

#[test]
fn a_pipe_that_nobody_reads_blocks_nobody() {
    let mut logger = Logger::start("a_pipe_that_nobody_reads_blocks_nobody", HURRIED);
    let mut unread = logger.child.stdout.take().unwrap();
    let outcome = logger.end();
    assert!(!outcome.flushed, "a full pipe cannot be flushed");
    // What is in the buffers is neither written nor lost yet.
    assert!(outcome.lost > 0 && outcome.written + outcome.lost < LINES, "{} {}", outcome.written, outcome.lost);
    assert!(outcome.logging < Duration::from_secs(60), "logging took {:?}", outcome.logging);
    let mut rest = String::new();
    unread.read_to_string(&mut rest).unwrap();
    let whole = rest.lines().filter(|line| line.ends_with('}')).count() as u64;
    assert!(whole > 0 && whole <= LINES - outcome.lost, "{whole} lines came, {} were counted as lost", outcome.lost);
}
