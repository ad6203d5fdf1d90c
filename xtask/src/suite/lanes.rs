//! Runs jobs, some at a time, and gives what each wrote whole, once it has ended.

use std::{
    io::{self, BufRead, BufReader},
    process::Stdio,
    sync::{
        Mutex, PoisonError,
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};

use super::{jobs::Job, tally::Tally};
use crate::{failure::Failure, repository::program};

/// How long a dying server may still hold the output of a job that has ended.
const LINGER: Duration = Duration::from_secs(5);

/// What a job did.
#[derive(Debug, Default)]
pub(super) struct Ended {
    pub(super) output: Vec<u8>,
    pub(super) tally: Tally,
    /// What is wrong beside failed tests.
    pub(super) faults: Vec<String>,
}

/// Runs the jobs in their order, so many at a time, says on stderr when each begins, and gives it to `ended` as it ends.
pub(super) fn run(
    jobs: Vec<Job>,
    at_once: usize,
    mut ended: impl FnMut(Ended) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let total = jobs.len();
    let jobs = Mutex::new((1..).zip(jobs));
    let next = || jobs.lock().unwrap_or_else(PoisonError::into_inner).next();
    let (sender, results) = mpsc::channel();
    thread::scope(|lanes| {
        for _ in 0..at_once {
            let (next, sender) = (&next, sender.clone());
            lanes.spawn(move || {
                while let Some((number, job)) = next() {
                    eprintln!("[{number:>3}/{total}] {}", job.name);
                    // Nobody hears the others when one could not be run, or not be shown.
                    if sender.send(one(job)).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        results.into_iter().try_for_each(|result| ended(result?))
    })
}

/// Runs a job to its end, and counts.
fn one(Job { name, heading, mut command }: Job) -> Result<Ended, Failure> {
    let failed = |source| Failure::Stream { program: name.clone(), source };
    // Cargo announces doc tests on stderr, and they report on stdout: one pipe keeps them in order.
    let (reader, writer) = io::pipe().map_err(failed)?;
    // Codes for colour would hide the words that are counted.
    command.env("CARGO_TERM_COLOR", "never").stdin(Stdio::null());
    command.stdout(writer.try_clone().map_err(failed)?).stderr(writer);
    let start = Instant::now();
    let program = program(&command);
    let mut child = command.spawn().map_err(|source| Failure::Start { program, source })?;
    // The command holds this process's ends for writing; while it lives, the pipe has no end.
    drop(command);

    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        let mut reader = BufReader::new(reader);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).is_ok_and(|count| count > 0)
            && sender.send(std::mem::take(&mut line)).is_ok()
        {}
    });

    let mut ended = Ended::default();
    let take = |ended: &mut Ended, line: &[u8]| {
        ended.output.extend_from_slice(line);
        ended.tally.line(String::from_utf8_lossy(line).trim_end(), start.elapsed());
    };
    take(&mut ended, heading.as_bytes());
    let mut gone: Option<Instant> = None;
    loop {
        match lines.recv_timeout(Duration::from_secs(1)) {
            Ok(line) => take(&mut ended, &line),
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {}
        }
        // The job may be gone while somebody can still write: waiting for the end of the pipe could take for ever.
        if gone.is_none() && child.try_wait().map_err(failed)?.is_some() {
            gone = Some(Instant::now());
        }
        if gone.is_some_and(|gone| gone.elapsed() > LINGER) {
            let fault = "a process that a test started outlived its tests; it still holds their output";
            ended.faults.push(format!("{name}: {fault}"));
            break;
        }
    }
    let status = child.wait().map_err(failed)?;
    ended.tally.end(start.elapsed());
    if !status.success() && ended.tally.failed() == 0 {
        ended.faults.push(format!("{name} ended with {status}, though no test failed; see above"));
    }
    Ok(ended)
}
