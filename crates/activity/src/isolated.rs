//! Work in a process of its own: it may crash, leak or never end, and takes nothing along.
//!
//! The process is this very program, started anew. Its `main` asks first whether it is such a child:
//!
//! ```no_run
//! use mainspring_activity::{Isolated, isolated};
//!
//! static SOLVE: Isolated<Vec<f64>, f64> = Isolated::new("solve", |input| input.iter().sum());
//!
//! fn main() -> std::process::ExitCode {
//!     isolated::child([&SOLVE]);
//!     // mainspring::run([product()])
//! #   std::process::ExitCode::SUCCESS
//! }
//! ```
//!
//! and an activity calls `SOLVE.call(&ctx, &input).await?`.

use std::io::{Read, Write};
use std::process::Stdio;
use std::time::{Duration, SystemTime};

use mainspring_vocabulary::Failure;
use serde::Serialize;
use serde::de::DeserializeOwned;
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

/// Names the work to the child.
const NAME: &str = "MAINSPRING_ISOLATED";
/// The most that is kept of what a child says.
const SAID: usize = 4096;
/// The most that a child may answer, in bytes.
const LARGEST: u64 = 64 << 20;

/// A function that runs in a process of its own.
pub struct Isolated<I, O> {
    name: &'static str,
    work: fn(I) -> O,
}

/// One of the works that a child can do; made of an [`Isolated`].
pub trait Work: Sync {
    /// Its name.
    fn name(&self) -> &'static str;
    /// Does it: JSON in, JSON out.
    fn run(&self, input: &[u8]) -> Result<Vec<u8>, String>;
}

/// Why a process gave no result.
#[derive(Clone, Debug, PartialEq, Eq, Failure)]
#[non_exhaustive]
pub enum IsolatedError {
    /// It crashed, or was killed, for its memory perhaps.
    #[failure(retryable, message = "the process of {name} ended with {status}, without a result; it said: {said}")]
    Died {
        /// Of the work.
        name: String,
        /// Its exit code or signal.
        status: String,
        /// The end of its stderr.
        said: String,
    },
    /// More than a process may answer.
    #[failure(terminal, message = "the result of {name} is over {limit} bytes: put it elsewhere, and answer where")]
    TooLarge {
        /// Of the work.
        name: String,
        /// In bytes.
        limit: u64,
    },
    /// It was killed at the activity's deadline.
    #[failure(retryable, message = "the process of {name} was killed at the activity's deadline")]
    TimedOut {
        /// Of the work.
        name: String,
    },
    /// The operating system refused it.
    #[failure(retryable, message = "the process of {name} could not be started: {reason}")]
    NotStarted {
        /// Of the work.
        name: String,
        /// Its word.
        reason: String,
    },
    /// Input or result are no JSON for their types.
    #[failure(terminal, message = "the {what} of {name} does not fit its type: {reason}")]
    Unreadable {
        /// Of the work.
        name: String,
        /// Input or result.
        what: &'static str,
        /// Serde's word.
        reason: String,
    },
}

impl<I, O> Isolated<I, O> {
    /// Work by that name, which no other of the program has.
    pub const fn new(name: &'static str, work: fn(I) -> O) -> Self {
        Self { name, work }
    }
}

impl<I: Serialize, O: DeserializeOwned> Isolated<I, O> {
    /// Does it in a process of its own, which is killed when the activity is cancelled, at the activity's deadline, when
    /// the future is dropped, and when this process ends.
    ///
    /// What the work prints, to stdout too, is kept for the case that it dies; its result goes by a pipe of its own.
    ///
    /// # Errors
    /// An [`IsolatedError`], or the cancellation of the activity.
    pub async fn call(&self, ctx: &ActivityContext, input: &I) -> Result<O, ActivityError> {
        tokio::select! {
            outcome = self.answer(ctx, input) => Ok(outcome?),
            () = ctx.cancelled() => Err(ActivityError::cancelled()),
        }
    }

    async fn answer(&self, ctx: &ActivityContext, input: &I) -> Result<O, IsolatedError> {
        let name = || self.name.to_owned();
        let not_started = |error: std::io::Error| IsolatedError::NotStarted { name: name(), reason: error.to_string() };
        let unreadable = |what, error: serde_json::Error| IsolatedError::Unreadable {
            name: name(),
            what,
            reason: error.to_string(),
        };
        let input = serde_json::to_vec(input).map_err(|error| unreadable("input", error))?;
        let mut command = Command::new(std::env::current_exe().map_err(not_started)?);
        command.env(NAME, self.name).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.kill_on_drop(true).spawn().map_err(not_started)?;
        let (Some(mut stdin), Some(stdout), Some(stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(not_started(std::io::Error::other("it has no pipes")));
        };
        let talk = async {
            let mut said = Vec::new();
            let mut stderr = stderr;
            let mut buffer = [0; 1024];
            while let Ok(count @ 1..) = stderr.read(&mut buffer).await {
                said.extend_from_slice(&buffer[..count]);
                let surplus = said.len().saturating_sub(SAID);
                said.drain(..surplus);
            }
            String::from_utf8_lossy(&said).trim().to_owned()
        };
        let give = async {
            // A child that has died does not read; how it died says more than this.
            let length = (input.len() as u64).to_be_bytes();
            let _ = stdin.write_all(&length).await;
            let _ = stdin.write_all(&input).await;
            let _ = stdin.flush().await;
            // It stays open: its end tells the child that this process is gone.
            stdin
        };
        let take = async {
            let mut output = Vec::new();
            // A pipe that breaks is a child that has died.
            let _ = stdout.take(LARGEST).read_to_end(&mut output).await;
            output
        };
        let ended = async {
            let (_stdin, output, said) = futures::join!(give, take, talk);
            (child.wait().await, output, said)
        };
        let (status, output, said) = tokio::select! {
            ended = ended => ended,
            () = tokio::time::sleep(left(ctx)) => return Err(IsolatedError::TimedOut { name: name() }),
        };
        if output.len() as u64 == LARGEST {
            return Err(IsolatedError::TooLarge { name: name(), limit: LARGEST });
        }
        let status = status.map_err(not_started)?;
        if !status.success() {
            return Err(IsolatedError::Died { name: name(), status: status.to_string(), said });
        }
        serde_json::from_slice(&output).map_err(|error| unreadable("result", error))
    }
}

/// Until the activity's deadline.
fn left(ctx: &ActivityContext) -> Duration {
    let deadline = ctx.info().deadline.map(|deadline| deadline.duration_since(SystemTime::now()).unwrap_or_default());
    // Temporal's own longest: no activity has more than ten years.
    deadline.unwrap_or(Duration::from_secs(10 * 365 * 24 * 3600))
}

impl<I: DeserializeOwned, O: Serialize> Work for Isolated<I, O> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn run(&self, input: &[u8]) -> Result<Vec<u8>, String> {
        let input = serde_json::from_slice(input).map_err(|error| format!("its input does not fit: {error}"))?;
        serde_json::to_vec(&(self.work)(input)).map_err(|error| format!("its result is no JSON: {error}"))
    }
}

impl<I, O> std::fmt::Debug for Isolated<I, O> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Isolated").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Does the work and ends the process, if this one was started for it; else returns at once. The first line of `main`.
pub fn child<const N: usize>(works: [&dyn Work; N]) {
    let Some(name) = std::env::var_os(NAME) else { return };
    let code = match serve(&name.to_string_lossy(), &works) {
        Ok(()) => 0,
        Err(reason) => {
            let _ = writeln!(std::io::stderr(), "{reason}");
            70
        }
    };
    #[expect(clippy::exit, reason = "the whole life of this process was that work")]
    std::process::exit(code);
}

fn serve(name: &str, works: &[&dyn Work]) -> Result<(), String> {
    let work = works.iter().find(|work| work.name() == name);
    let work = work.ok_or_else(|| format!("this program has no isolated work {name:?}: list it in isolated::child"))?;
    // What it prints must not get into its result.
    let apart = nix::unistd::dup(std::io::stdout()).and_then(|apart| {
        nix::unistd::dup2_stdout(std::io::stderr())?;
        Ok(std::fs::File::from(apart))
    });
    let mut apart = apart.map_err(|error| format!("its output cannot be set up: {error}"))?;
    let mut stdin = std::io::stdin();
    let unread = |error: std::io::Error| format!("no input came: {error}");
    let mut length = [0; 8];
    stdin.read_exact(&mut length).map_err(unread)?;
    let mut input = Vec::new();
    (&mut stdin).take(u64::from_be_bytes(length)).read_to_end(&mut input).map_err(unread)?;
    // Whoever asked holds the other end open for as long as it wants the result.
    std::thread::spawn(move || {
        let _ = stdin.read(&mut [0; 1]);
        #[expect(clippy::exit, reason = "nobody is left who wants the result")]
        std::process::exit(71);
    });
    let output = work.run(&input)?;
    apart.write_all(&output).and_then(|()| apart.flush()).map_err(|error| format!("nobody takes its result: {error}"))
}
