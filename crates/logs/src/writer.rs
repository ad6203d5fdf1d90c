//! The bounded buffer between those who log and the stream, and the thread that empties it.
//!
//! A caller only copies its line into the buffer under a lock that is never held during I/O. A stream that is slow,
//! stuck or closed costs lines, which are counted, and nothing else.
//! (`tracing-appender` bounds lines and not bytes, loses a failed write uncounted, and prints when it cannot flush.)

use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::LogsError;

/// What waits to be written, in bytes; as much again may be on its way to the stream.
pub(crate) const CAPACITY: usize = 4 * 1024 * 1024;
/// A buffer that grew in a burst is given back above this size.
const KEPT: usize = 256 * 1024;
/// After a batch the thread looks again so soon, without being woken: a caller that has to wake it pays for a system call.
const LINGER: Duration = Duration::from_millis(1);
/// How long [`LogGuard`] waits when it is dropped.
const DROP_FLUSH: Duration = Duration::from_secs(1);

/// Where lines go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    /// A worker's logs are its data.
    Stdout,
    /// A command's data is its result, so its logs stay out of the way.
    Stderr,
}

impl Destination {
    pub(crate) fn is_terminal(self) -> bool {
        match self {
            Self::Stdout => io::stdout().is_terminal(),
            Self::Stderr => io::stderr().is_terminal(),
        }
    }

    /// A handle of its own: `std`'s would be locked for as long as a write hangs, and a panic that wants to print
    /// would hang with it.
    pub(crate) fn open(self) -> Result<File, LogsError> {
        let (stream, handle) = match self {
            Self::Stdout => ("stdout", io::stdout().as_fd().try_clone_to_owned()),
            Self::Stderr => ("stderr", io::stderr().as_fd().try_clone_to_owned()),
        };
        handle.map(File::from).map_err(|source| LogsError::Stream { stream, source })
    }
}

/// What happened to lines so far. Cheap to clone; every clone counts on.
#[derive(Clone, Debug, Default)]
pub struct LogStats(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    written: AtomicU64,
    lost: AtomicU64,
    cut: AtomicU64,
}

impl LogStats {
    /// Lines that the stream took.
    pub fn written(&self) -> u64 {
        self.0.written.load(Ordering::Relaxed)
    }

    /// Lines that the stream did not take: the buffer was full, or a write failed.
    pub fn lost(&self) -> u64 {
        self.0.lost.load(Ordering::Relaxed)
    }

    /// Lines that were longer than allowed, and lost a part.
    pub fn cut(&self) -> u64 {
        self.0.cut.load(Ordering::Relaxed)
    }
}

/// Keeps the logs of a process. When dropped it waits up to a second for lines that are not written yet; lines that
/// come later are still taken.
#[derive(Debug)]
#[must_use = "lines that are not written yet are lost when the process ends, unless the guard flushes them"]
pub struct LogGuard(Arc<Shared>);

impl LogGuard {
    /// Waits until every line so far is written or lost, at most `within`. True when none is left.
    pub fn flush(&self, within: Duration) -> bool {
        let deadline = Instant::now() + within;
        let mut state = self.0.state.lock();
        let all = state.taken;
        while state.settled < all {
            if self.0.settled.wait_until(&mut state, deadline).timed_out() {
                return state.settled >= all;
            }
        }
        true
    }

    /// What happened to lines so far.
    pub fn stats(&self) -> LogStats {
        self.0.stats.clone()
    }
}

impl Drop for LogGuard {
    fn drop(&mut self) {
        self.flush(DROP_FLUSH);
    }
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    work: Condvar,
    settled: Condvar,
    stats: LogStats,
}

#[derive(Debug, Default)]
struct State {
    waiting: Vec<u8>,
    /// Lines that were ever put into `waiting`.
    taken: u64,
    /// Those of them that are written or lost.
    settled: u64,
    writer_sleeps: bool,
    closed: bool,
}

/// The callers' side. The thread ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Sink {
    shared: Arc<Shared>,
    capacity: usize,
}

impl Sink {
    /// Takes a line with its line break, or counts it as lost.
    pub(crate) fn write(&self, line: &str) {
        let mut state = self.shared.state.lock();
        if state.waiting.len() + line.len() > self.capacity {
            drop(state);
            self.shared.stats.0.lost.fetch_add(1, Ordering::Relaxed);
            return;
        }
        state.waiting.extend_from_slice(line.as_bytes());
        state.taken += 1;
        // Once is enough.
        let wake = std::mem::take(&mut state.writer_sleeps);
        drop(state);
        if wake {
            self.shared.work.notify_one();
        }
    }

    pub(crate) fn count_cut(&self) {
        self.shared.stats.0.cut.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.shared.state.lock().closed = true;
        self.shared.work.notify_one();
    }
}

/// Starts the thread that writes to `stream`.
pub(crate) fn start(stream: Box<dyn Write + Send>, capacity: usize) -> Result<(Sink, LogGuard), LogsError> {
    let shared = Arc::new(Shared::default());
    let of_thread = Arc::clone(&shared);
    std::thread::Builder::new()
        .name("mainspring-logs".to_owned())
        .spawn(move || write_all(&of_thread, stream))
        .map_err(|source| LogsError::Thread { source })?;
    Ok((Sink { shared: Arc::clone(&shared), capacity }, LogGuard(shared)))
}

fn write_all(shared: &Shared, mut stream: Box<dyn Write + Send>) {
    let mut batch = Vec::new();
    let mut before = 0;
    let mut lingers = false;
    loop {
        let mut state = shared.state.lock();
        state.settled = before;
        shared.settled.notify_all();
        while state.waiting.is_empty() {
            if state.closed {
                return;
            }
            if lingers {
                lingers = false;
                shared.work.wait_for(&mut state, LINGER);
            } else {
                state.writer_sleeps = true;
                shared.work.wait(&mut state);
                state.writer_sleeps = false;
            }
        }
        lingers = true;
        std::mem::swap(&mut batch, &mut state.waiting);
        let lines = state.taken - before;
        before = state.taken;
        drop(state);
        let lost = write_batch(&mut stream, &batch).min(lines);
        shared.stats.0.written.fetch_add(lines - lost, Ordering::Relaxed);
        shared.stats.0.lost.fetch_add(lost, Ordering::Relaxed);
        batch.clear();
        batch.shrink_to(KEPT);
    }
}

/// Writes what it can; the number of lines that it could not. The next batch tries again: a full disk may empty.
fn write_batch(stream: &mut dyn Write, mut batch: &[u8]) -> u64 {
    while !batch.is_empty() {
        match stream.write(batch) {
            Ok(0) => break,
            Ok(n) => batch = &batch[n..],
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // Somebody who shares the pipe made it non-blocking. Nobody waits for this thread.
            Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::sleep(Duration::from_millis(5)),
            Err(_) => break,
        }
    }
    batch.iter().filter(|byte| **byte == b'\n').count() as u64
}
