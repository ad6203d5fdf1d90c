//! A worker binary that a test runs: its lines are waited for, its signals sent, its end told.

use std::collections::VecDeque;
use std::process::Stdio;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;

use crate::TestError;

/// The longest wait for a line or an end.
const PATIENCE: Duration = Duration::from_secs(60);

/// A process under test. Killed when it is dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    lines: mpsc::UnboundedReceiver<String>,
    seen: VecDeque<String>,
}

/// How a process ended.
#[derive(Debug)]
pub struct Exit {
    /// Its exit code; 128 and the signal's number when a signal ended it.
    pub code: i32,
    /// From the call to the end.
    pub took: Duration,
    /// Every line of stdout and stderr that had not been waited for.
    pub lines: Vec<String>,
}

impl Exit {
    /// The lines that are JSON with that message.
    pub fn logged(&self, message: &str) -> Vec<Value> {
        let values = self.lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        values.filter(|value| value["msg"] == message).collect()
    }
}

impl Process {
    /// Runs a program with that environment and nothing of Temporal's from this one.
    ///
    /// # Errors
    /// It could not be run.
    pub fn spawn<'a>(
        program: &str,
        arguments: &[&str],
        env: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, TestError> {
        let mut command = Command::from(crate::program(program));
        command.args(arguments).envs(env).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.kill_on_drop(true).spawn()?;
        // A test that waits for no line must not hold the process up by a full pipe.
        #[allow(clippy::disallowed_methods)]
        let (tell, lines) = mpsc::unbounded_channel();
        if let Some(out) = child.stdout.take() {
            read(out, tell.clone());
        }
        if let Some(err) = child.stderr.take() {
            read(err, tell);
        }
        Ok(Self { child, lines, seen: VecDeque::new() })
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.id().unwrap_or_default()
    }

    /// Waits for a line that has `text` in it; lines before it are passed over.
    ///
    /// # Errors
    /// The process ended, or a minute passed, without such a line; the message shows those that came.
    pub async fn line(&mut self, text: &str) -> Result<String, TestError> {
        self.line_within(text, PATIENCE).await
    }

    /// Waits for such a line for so long.
    ///
    /// # Errors
    /// As [`Process::line`], after that time.
    pub async fn line_within(&mut self, text: &str, patience: Duration) -> Result<String, TestError> {
        let mut passed = Vec::new();
        let found = tokio::time::timeout(patience, async {
            while let Some(line) = self.lines.recv().await {
                if line.contains(text) {
                    return Some(line);
                }
                passed.push(line);
            }
            None
        });
        let found = found.await;
        let told =
            |how: &str| -> TestError { format!("{how} without a line with {text:?}:\n{}", passed.join("\n")).into() };
        match found {
            Ok(Some(line)) => {
                self.seen.extend(passed);
                Ok(line)
            }
            Ok(None) => Err(told("the process ended")),
            Err(_) => Err(told(&format!("{patience:?} passed"))),
        }
    }

    /// Hears no more of it: the pipe of its stdout, or stderr, closes at its next line there.
    pub fn close_output(&mut self) {
        self.lines.close();
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        if let Some(pid) = self.child.id().and_then(|pid| i32::try_from(pid).ok()) {
            // One that has ended already is what the test finds out next.
            let _ = kill(Pid::from_raw(pid), signal);
        }
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// It still runs after a minute.
    pub async fn end(self) -> Result<Exit, TestError> {
        self.end_within(PATIENCE).await
    }

    /// Waits for its end for so long.
    ///
    /// # Errors
    /// It still runs then.
    pub async fn end_within(mut self, patience: Duration) -> Result<Exit, TestError> {
        use std::os::unix::process::ExitStatusExt;
        let from = Instant::now();
        let waited = tokio::time::timeout(patience, self.child.wait()).await;
        let status = waited.map_err(|_| format!("it still runs after {patience:?}"))??;
        let took = from.elapsed();
        let mut lines: Vec<String> = self.seen.into();
        while let Some(line) = self.lines.recv().await {
            lines.push(line);
        }
        let code = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default());
        Ok(Exit { code, took, lines })
    }

    /// Kills it as the kernel would for lack of memory, and waits until it is gone.
    ///
    /// # Errors
    /// As [`Process::end`].
    pub async fn kill9(self) -> Result<Exit, TestError> {
        self.signal(Signal::SIGKILL);
        self.end().await
    }
}

fn read(from: impl AsyncRead + Unpin + Send + 'static, tell: mpsc::UnboundedSender<String>) {
    tokio::spawn(async move {
        let mut lines = BufReader::new(from).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            if tell.send(line).is_err() {
                break;
            }
        }
    });
}
