//! Every SIGINT and SIGTERM, in order, from a thread that nothing else runs on.

use std::future::Future;

use signal_hook::consts::{SIGINT, SIGTERM};
use tokio::sync::mpsc;

use crate::exit::{self, Failure};

/// The signals that this process gets from now on.
pub(crate) struct Signals(mpsc::Receiver<i32>);

impl Signals {
    /// # Errors
    /// The operating system refuses them, or a thread for them.
    pub(crate) fn listen() -> Result<Self, Failure> {
        let refused = |error: std::io::Error| Failure::Other(format!("signals cannot be handled: {error}"));
        let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM]).map_err(refused)?;
        let (tell, told) = mpsc::channel(8);
        let listen = move || {
            for signal in signals.forever() {
                if tell.blocking_send(signal).is_err() {
                    signal_hook::low_level::exit(i32::from(exit::INTERRUPTED));
                }
            }
        };
        std::thread::Builder::new().name("signals".to_owned()).spawn(listen).map_err(refused)?;
        Ok(Self(told))
    }

    /// The next signal's number.
    pub(crate) async fn next(&mut self) -> i32 {
        // The sender lives on a thread that never ends.
        self.0.recv().await.unwrap_or(SIGINT)
    }

    /// What `work` gives, unless a signal comes first.
    pub(crate) async fn unless<T>(&mut self, work: impl Future<Output = T>) -> Result<T, Failure> {
        tokio::select! {
            done = work => Ok(done),
            _ = self.next() => Err(Failure::Interrupted("interrupted".to_owned())),
        }
    }
}
