//! A child process that never outlives this one. It sits in a process group of its own, so that Ctrl-C in a terminal
//! reaches only us and we decide the order; dropping it kills the group; its output is kept, the last 100 lines.
//! On Linux the kernel also kills it when this process dies in any way, `kill -9` included. Elsewhere that last part is
//! missing: a child survives a `kill -9` of its parent.

mod cargo;
mod environment;
mod output;
mod spawner;

use std::fmt;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use parking_lot::{Condvar, Mutex};
use tokio::sync::watch;

use crate::error::ServersError;
pub use cargo::cargo;
pub use environment::forget_variables;
use output::{Listener, Output};

/// How long `drop` waits for a killed child to be gone. A process in the kernel's hands can take longer; it is dying all the same.
const DROP_LIMIT: Duration = Duration::from_secs(5);
/// How long the end of the output may lag behind the end of the process.
const OUTPUT_LAG: Duration = Duration::from_millis(500);

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exit(Option<ExitStatus>);

impl Exit {
    /// Whether it ended with code 0.
    pub fn success(self) -> bool {
        self.0.is_some_and(|status| status.success())
    }

    /// Its exit code; `None` when a signal ended it.
    pub fn code(self) -> Option<i32> {
        self.0.and_then(|status| status.code())
    }

    /// The signal that ended it.
    pub fn signal(self) -> Option<i32> {
        self.0.and_then(|status| status.signal())
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(status) => status.fmt(formatter),
            None => formatter.write_str("somebody else collected its exit status"),
        }
    }
}

/// A running child. Dropping it kills its process group and waits until it is gone, which takes milliseconds.
pub struct OwnedProcess {
    name: String,
    pid: Pid,
    end: Arc<End>,
    output: Arc<Output>,
}

/// The end of the child. The lock is held whenever the child is collected or signalled: so a signal never goes to
/// a stranger who got the same process id.
#[derive(Debug)]
struct End {
    exit: Mutex<Option<Exit>>,
    came: Condvar,
    told: watch::Sender<Option<Exit>>,
}

impl OwnedProcess {
    /// Starts `command` with no input and with its output captured; `name` is what errors call it.
    /// Blocks for the milliseconds of a fork.
    ///
    /// # Errors
    /// [`ServersError::Spawn`] when there is no such program, or the machine has no process or thread left.
    pub fn start(name: impl Into<String>, command: Command) -> Result<Self, ServersError> {
        Self::named(name.into(), command, None)
    }

    /// The same, and calls `listener` with every line, on the thread that reads them: slow work there holds the child up.
    ///
    /// # Errors
    /// As [`OwnedProcess::start`].
    pub fn start_heard(
        name: impl Into<String>,
        command: Command,
        listener: impl Fn(&str) + Send + Sync + 'static,
    ) -> Result<Self, ServersError> {
        Self::named(name.into(), command, Some(Listener(Box::new(listener))))
    }

    fn named(name: String, mut command: Command, listener: Option<Listener>) -> Result<Self, ServersError> {
        let program = PathBuf::from(command.get_program());
        Self::launch(&name, &mut command, listener).map_err(|source| ServersError::Spawn { name, program, source })
    }

    fn launch(name: &str, command: &mut Command, listener: Option<Listener>) -> std::io::Result<Self> {
        let (reading, writing) = std::io::pipe()?;
        command.stdin(Stdio::null()).stdout(writing.try_clone()?).stderr(writing).process_group(0);
        let owned = std::mem::replace(command, Command::new(""));
        let child = spawner::spawn(owned)?;
        let process = Self {
            name: name.to_owned(),
            pid: Pid::from_raw(child.id().cast_signed()),
            end: Arc::new(End { exit: Mutex::new(None), came: Condvar::new(), told: watch::Sender::new(None) }),
            output: Arc::new(Output::new(name, listener)),
        };
        let output = Arc::clone(&process.output);
        let reader = thread::Builder::new().name("child-output".into()).spawn(move || output.read(reading));
        let (end, output, pid) = (Arc::clone(&process.end), Arc::clone(&process.output), process.pid);
        let watcher = thread::Builder::new().name("child-end".into()).spawn(move || end.watch(child, pid, &output));
        if let Err(error) = reader.and(watcher) {
            // Nobody may be left to collect the child, so this does not wait for it as `drop` would.
            let _ = killpg(process.pid, Signal::SIGKILL);
            process.end.set(Exit(None));
            return Err(error);
        }
        Ok(process)
    }

    /// What errors call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its process id, which is that of its process group too.
    pub fn pid(&self) -> u32 {
        self.pid.as_raw().cast_unsigned()
    }

    /// How it ended, if it has.
    pub fn exit(&self) -> Option<Exit> {
        *self.end.exit.lock()
    }

    /// The last 100 lines of its output and error output, in order of arrival, oldest first; lines over 4 KiB are cut up.
    pub fn last_lines(&self) -> Vec<String> {
        self.output.lines()
    }

    /// Waits until one of the kept lines contains `text`, and returns that line. Has no time limit of its own.
    ///
    /// # Errors
    /// [`ServersError::NoLine`] when the output ends first.
    pub async fn wait_for_line(&self, text: &str) -> Result<String, ServersError> {
        self.output.wait_for_line(text).await.ok_or_else(|| ServersError::NoLine {
            name: self.name.clone(),
            text: text.to_owned(),
            lines: self.last_lines(),
        })
    }

    /// Waits for its end. May be dropped and called again.
    pub async fn wait(&self) -> Exit {
        let mut told = self.end.told.subscribe();
        // The sender lives in `self`, so it cannot be gone.
        told.wait_for(Option::is_some).await.ok().and_then(|exit| *exit).unwrap_or(Exit(None))
    }

    /// Waits for its end on a thread that may block, at most for `limit`.
    pub fn wait_blocking(&self, limit: Duration) -> Option<Exit> {
        let mut exit = self.end.exit.lock();
        self.end.came.wait_while_for(&mut exit, |exit| exit.is_none(), limit);
        *exit
    }

    /// Asks it to end (SIGTERM to its group), and kills it when it has not within `limit`.
    pub async fn stop(&self, limit: Duration) -> Exit {
        self.signal(Signal::SIGTERM);
        match tokio::time::timeout(limit, self.wait()).await {
            Ok(exit) => exit,
            Err(_) => self.kill().await,
        }
    }

    /// Kills its group (SIGKILL) and waits until it is gone.
    pub async fn kill(&self) -> Exit {
        self.signal(Signal::SIGKILL);
        self.wait().await
    }

    fn signal(&self, signal: Signal) {
        let exit = self.end.exit.lock();
        if exit.is_none() {
            let _ = killpg(self.pid, signal);
        }
    }
}

impl Drop for OwnedProcess {
    fn drop(&mut self) {
        self.signal(Signal::SIGKILL);
        if self.wait_blocking(DROP_LIMIT).is_none() {
            tracing::warn!(name = self.name, pid = self.pid(), "a killed process is still not gone");
        }
    }
}

impl fmt::Debug for OwnedProcess {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("OwnedProcess")
            .field("name", &self.name)
            .field("pid", &self.pid())
            .field("exit", &self.exit())
            .finish_non_exhaustive()
    }
}

impl End {
    /// Runs on a thread of its own until the child has ended.
    fn watch(&self, child: Child, pid: Pid, output: &Output) {
        self.set(self.collect(child, pid, output));
    }

    /// On Linux the child is first waited for without collecting it: while it is a zombie its group can still be
    /// killed, so what it started itself goes with it, and the output that follows is complete.
    #[cfg(target_os = "linux")]
    fn collect(&self, mut child: Child, pid: Pid, output: &Output) -> Exit {
        use nix::errno::Errno;
        use nix::sys::wait::{Id, WaitPidFlag, waitid};
        while waitid(Id::Pid(pid), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT) == Err(Errno::EINTR) {}
        let _ = killpg(pid, Signal::SIGKILL);
        output.wait_for_end(OUTPUT_LAG);
        let mut exit = self.exit.lock();
        *exit.insert(Exit(child.wait().ok()))
    }

    #[cfg(not(target_os = "linux"))]
    fn collect(&self, mut child: Child, _pid: Pid, output: &Output) -> Exit {
        let exit = loop {
            let mut exit = self.exit.lock();
            if let Some(end) = child.try_wait().transpose() {
                break *exit.insert(Exit(end.ok()));
            }
            drop(exit);
            thread::sleep(Duration::from_millis(20));
        };
        output.wait_for_end(OUTPUT_LAG);
        exit
    }

    fn set(&self, exit: Exit) {
        *self.exit.lock() = Some(exit);
        self.came.notify_all();
        self.told.send_replace(Some(exit));
    }
}
