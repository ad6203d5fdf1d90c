//! What an installation says while it runs: bars on a terminal, plain lines elsewhere, always on stderr.

use std::fmt;
use std::io::{self, IsTerminal as _, Write as _};
use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Where progress goes.
#[derive(Clone)]
pub struct Progress(Sink);

#[derive(Clone)]
enum Sink {
    Silent,
    Terminal,
    Lines(Arc<dyn Fn(&str) + Send + Sync>),
}

impl Progress {
    /// To stderr: bars when that is a terminal, else a line for each step.
    pub fn stderr() -> Self {
        if io::stderr().is_terminal() { Self(Sink::Terminal) } else { Self::lines(write_line) }
    }

    /// Nowhere.
    pub fn silent() -> Self {
        Self(Sink::Silent)
    }

    /// A line for each step, to `write`.
    pub fn lines(write: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Sink::Lines(Arc::new(write)))
    }

    pub(crate) fn say(&self, line: &str) {
        match &self.0 {
            Sink::Silent => {}
            Sink::Terminal => write_line(line),
            Sink::Lines(write) => write(line),
        }
    }

    /// A step that takes time: its bar stands until it is dropped.
    pub(super) fn step(&self, what: &str, bytes: Option<u64>) -> Step {
        if !matches!(self.0, Sink::Terminal) {
            self.say(what);
            return Step(None);
        }
        let (bar, template) = match bytes {
            Some(bytes) => (ProgressBar::new(bytes), "{msg} {bar:20} {bytes}/{total_bytes} {eta}"),
            None => (ProgressBar::new_spinner(), "{spinner} {msg} {elapsed}"),
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(what.to_owned());
        bar.enable_steady_tick(Duration::from_millis(100));
        Step(Some(bar))
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self.0 {
            Sink::Silent => "Progress(silent)",
            Sink::Terminal => "Progress(terminal)",
            Sink::Lines(_) => "Progress(lines)",
        })
    }
}

fn write_line(line: &str) {
    // Nobody is left to tell when stderr is closed.
    let _ = writeln!(io::stderr(), "{line}");
}

/// A step under way.
pub(super) struct Step(Option<ProgressBar>);

impl Step {
    pub(super) fn advance(&mut self, bytes: u64) {
        if let Some(bar) = &self.0 {
            bar.inc(bytes);
        }
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
