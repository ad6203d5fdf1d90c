//! The one thread of the process that beats, for all activities. Nothing else runs on it but the payload codec, which
//! must not block anywhere in the SDK: so nothing that user code does holds a beat back.

use std::sync::OnceLock;

use tokio::runtime::{Builder, Handle};

static THREAD: OnceLock<Result<Handle, String>> = OnceLock::new();

/// Its runtime; the thread starts with the first activity that beats.
pub(super) fn handle() -> Result<&'static Handle, String> {
    THREAD.get_or_init(start).as_ref().map_err(Clone::clone)
}

fn start() -> Result<Handle, String> {
    let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
    let handle = runtime.handle().clone();
    let live = move || runtime.block_on(std::future::pending::<()>());
    std::thread::Builder::new().name("heartbeats".to_owned()).spawn(live).map_err(|error| error.to_string())?;
    Ok(handle)
}
