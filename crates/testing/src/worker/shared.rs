//! What the workers of a test binary share: a runtime that outlives every test, and a connection for each server.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use mainspring_caller::{Caller, CallerError};
use mainspring_client::{ClientError, Connector};
use mainspring_settings::Sources;
use parking_lot::Mutex;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::OnceCell;

/// A test's own runtime ends with it, and a connection lives on the runtime that made it.
static RUNTIME: LazyLock<std::io::Result<Runtime>> =
    LazyLock::new(|| Builder::new_multi_thread().worker_threads(1).thread_name("kit").enable_all().build());

type Callers = Mutex<HashMap<String, Arc<OnceCell<Caller>>>>;

static CALLERS: LazyLock<Callers> = LazyLock::new(Callers::default);

/// Runs it where it outlives the test.
pub(crate) fn spawn<F>(future: F) -> Option<tokio::task::JoinHandle<F::Output>>
where
    F: Future<Output: Send> + Send + 'static,
{
    RUNTIME.as_ref().ok().map(|runtime| runtime.spawn(future))
}

/// The caller of that server, one for the whole test binary.
pub(crate) async fn caller(address: &str) -> Result<Caller, CallerError> {
    let cell = CALLERS.lock().entry(address.to_owned()).or_default().clone();
    let address = address.to_owned();
    let connecting = cell.get_or_try_init(|| async {
        let connect = async move {
            let sources = Sources::from_pairs([("TEMPORAL_ADDRESS", address.as_str())]);
            let settings = mainspring_settings::load(&sources).map_err(|error| unset(&error))?;
            Caller::through(&Connector::new(settings)?).await
        };
        match spawn(connect) {
            Some(connecting) => connecting.await.map_err(|error| unset(&error))?,
            None => Err(unset(&"the operating system refused a runtime")),
        }
    });
    connecting.await.cloned()
}

fn unset(error: &dyn std::fmt::Display) -> CallerError {
    ClientError::BadSetting { setting: "TEMPORAL_ADDRESS".to_owned(), reason: error.to_string() }.into()
}
