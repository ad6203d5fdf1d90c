//! The last lines of a child's output, in a ring of bounded size. A child is never held up by it.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, PipeReader, Read as _};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use tokio::sync::watch;

/// Lines kept.
const KEPT: usize = 100;
/// Bytes of one line; a longer one is cut into several.
const LINE: u64 = 4096;

/// What a child said last.
#[derive(Debug)]
pub(super) struct Output {
    name: String,
    ring: Mutex<Ring>,
    ended: Condvar,
    /// Changes with every line and at the end.
    news: watch::Sender<()>,
    /// Told every line.
    listener: Option<Listener>,
}

/// What is done with every line of a child, on the thread that reads it.
pub(super) struct Listener(pub(super) Box<dyn Fn(&str) + Send + Sync>);

impl std::fmt::Debug for Listener {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Listener")
    }
}

#[derive(Debug, Default)]
struct Ring {
    lines: VecDeque<String>,
    ended: bool,
}

impl Output {
    pub(super) fn new(name: &str, listener: Option<Listener>) -> Self {
        let news = watch::Sender::new(());
        Self { name: name.to_owned(), ring: Mutex::default(), ended: Condvar::new(), news, listener }
    }

    /// Reads until the other end is closed.
    pub(super) fn read(&self, pipe: PipeReader) {
        let mut pipe = BufReader::new(pipe);
        let mut bytes = Vec::new();
        while matches!(pipe.by_ref().take(LINE).read_until(b'\n', &mut bytes), Ok(1..)) {
            self.push(String::from_utf8_lossy(&bytes).trim_end().to_owned());
            bytes.clear();
        }
        self.ring.lock().ended = true;
        self.ended.notify_all();
        self.news.send_replace(());
    }

    fn push(&self, line: String) {
        match &self.listener {
            Some(listener) => (listener.0)(&line),
            None => tracing::debug!(process = self.name, "{line}"),
        }
        let mut ring = self.ring.lock();
        if ring.lines.len() == KEPT {
            ring.lines.pop_front();
        }
        ring.lines.push_back(line);
        drop(ring);
        self.news.send_replace(());
    }

    pub(super) fn lines(&self) -> Vec<String> {
        self.ring.lock().lines.iter().cloned().collect()
    }

    pub(super) fn wait_for_end(&self, limit: Duration) {
        let mut ring = self.ring.lock();
        self.ended.wait_while_for(&mut ring, |ring| !ring.ended, limit);
    }

    /// The first kept line that contains `text`; `None` when the output ends without one.
    pub(super) async fn wait_for_line(&self, text: &str) -> Option<String> {
        let mut news = self.news.subscribe();
        loop {
            let (line, ended) = {
                let ring = self.ring.lock();
                (ring.lines.iter().find(|line| line.contains(text)).cloned(), ring.ended)
            };
            if line.is_some() || ended {
                return line;
            }
            news.changed().await.ok()?;
        }
    }
}
