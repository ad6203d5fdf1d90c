//! Restarts a dev server that is broken for good. Up to modernc.org/sqlite 1.50, a request that is cancelled at the end of
//! a statement leaves it open; as long as one is, SQLite takes an interruption to be for every statement, and the server
//! has one connection. The CLI that we build has a newer driver. One of `PATH`, or a downloaded one, may not.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::oneshot;

use super::{NAME, Running, ready};
use crate::error::ServersError;
use crate::process::OwnedProcess;

/// What such a server answers, from SQLite.
const SYMPTOM: &str = "interrupted (9)";
/// Between two looks.
const PERIOD: Duration = Duration::from_secs(1);
/// One interrupted request proves nothing: it may have been somebody's own.
const IN_A_ROW: u32 = 3;

/// A thread, for a server may outlive the runtime that it was started on. Dropping it ends what it does.
pub(super) struct Watch {
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    pub(super) fn start(server: Arc<Running>) -> Result<Self, ServersError> {
        let program = server.program.clone();
        let failed = |source| ServersError::Spawn {
            name: "the watch over the Temporal dev server".into(),
            program: program.clone(),
            source,
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let (end, ended) = oneshot::channel();
        let watch = move || {
            runtime.block_on(async {
                tokio::select! {
                    () = watch(&server) => {}
                    _ = ended => {}
                }
            });
        };
        let thread = thread::Builder::new().name("dev-server-watch".into()).spawn(watch).map_err(failed)?;
        Ok(Self { end: Some(end), thread: Some(thread) })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        drop(self.end.take());
        // A server that it was just starting is killed before this returns.
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn watch(server: &Running) {
    let mut in_a_row = 0;
    loop {
        tokio::time::sleep(PERIOD).await;
        let asked = server.process();
        let answer = ready::ask_for(server.address(), server.namespace()).await;
        in_a_row = if answer.is_err_and(|reason| reason.contains(SYMPTOM)) { in_a_row + 1 } else { 0 };
        if in_a_row == IN_A_ROW {
            heal(server, &asked).await;
            in_a_row = 0;
        }
    }
}

async fn heal(server: &Running, asked: &Arc<OwnedProcess>) {
    let _turn = server.turn.lock().await;
    // Else somebody stopped it meanwhile, or started another.
    if asked.exit().is_some() || !Arc::ptr_eq(asked, &server.process()) {
        return;
    }
    let state = if server.options.keeps_its_state() {
        "its database file keeps what it knows"
    } else {
        "what it had in memory is lost, and with a database file it would not be"
    };
    let address = server.address();
    let progress = &server.options.means.progress;
    progress.say(&format!(
        "{NAME} at {address} answers \"{SYMPTOM}\" to everything, a known fault of Temporal CLIs with modernc.org/sqlite \
         older than 1.51; it is restarted: {state}"
    ));
    match server.restart().await {
        Ok(()) => progress.say(&format!("{NAME} at {address} answers again")),
        Err(error) => progress.say(&format!("{NAME} at {address} could not be restarted: {error}")),
    }
}
