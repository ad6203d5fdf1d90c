//! The signal that a worker is going away. The host fires it before it tells the SDK, so an activity can save its
//! place while it still has time (the SDK shows an activity nothing until it cancels it).

use std::future::Future;

use tokio_util::sync::CancellationToken;

/// Fires once, when the worker starts to shut down. Cheap to clone; the default one never fires.
#[derive(Clone, Debug, Default)]
pub struct Shutdown(CancellationToken);

impl Shutdown {
    /// True from the moment the worker was asked to stop.
    pub fn is_worker_shutdown(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Ends when the worker is asked to stop; at once, if that has happened.
    pub fn wait(&self) -> impl Future<Output = ()> + Send + 'static {
        self.0.clone().cancelled_owned()
    }
}

/// The host's side of a [`Shutdown`].
#[derive(Debug, Default)]
pub struct ShutdownTrigger(CancellationToken);

impl ShutdownTrigger {
    /// A signal that has not fired.
    pub fn new() -> Self {
        Self::default()
    }

    /// Tells everyone who holds the signal. A second call does nothing.
    pub fn fire(&self) {
        self.0.cancel();
    }

    /// The side that activities hold.
    pub fn signal(&self) -> Shutdown {
        Shutdown(self.0.clone())
    }
}

/// The shutdown signal of the activity that this thread runs; outside an activity one that never fires.
///
/// ```
/// # async fn work() {}
/// # async fn save() {}
/// # async fn activity() {
/// tokio::select! {
///     () = work() => {}
///     () = mainspring_context::shutdown().wait() => save().await,
/// }
/// # }
/// ```
pub fn shutdown() -> Shutdown {
    crate::activity().map(|activity| activity.shutdown.clone()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Activity, Scope};

    #[tokio::test]
    async fn an_activity_sees_its_workers_shutdown() {
        let trigger = ShutdownTrigger::new();
        let scope = Scope::activity(Activity { shutdown: trigger.signal(), ..Activity::default() });
        scope
            .wrap(async {
                assert!(!shutdown().is_worker_shutdown());
                trigger.fire();
                shutdown().wait().await;
                assert!(shutdown().is_worker_shutdown());
            })
            .await;
    }

    #[test]
    fn outside_an_activity_it_never_fires() {
        assert!(!shutdown().is_worker_shutdown());
    }
}
