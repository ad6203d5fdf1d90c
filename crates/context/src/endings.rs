//! What has to be done between an activity's return and its report.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

/// How an attempt returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ended {
    /// With a result.
    Completed,
    /// With an error, or a panic.
    Failed,
    /// As cancelled.
    Cancelled,
    /// Another process will complete it.
    Later,
}

type Ending = Box<dyn FnOnce(Ended) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

/// Work that waits for the attempt's return, and that its report waits for. Cheap to clone.
#[derive(Clone, Default)]
pub struct Endings(Arc<Mutex<Vec<Ending>>>);

impl Endings {
    /// Adds a piece of work. The worker gives all of it two seconds, and a quarter of one in a drain.
    pub fn add<F>(&self, ending: impl FnOnce(Ended) -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let ending: Ending = Box::new(move |ended| Box::pin(ending(ended)));
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(ending);
    }

    /// Does it, in the order in which it was added. For whoever runs activities.
    pub async fn run(&self, ended: Ended) {
        let endings = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        for ending in endings {
            ending(ended).await;
        }
    }
}

impl fmt::Debug for Endings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endings").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_piece_is_done_once_and_in_order() {
        let endings = Endings::default();
        let seen = Arc::new(Mutex::new(Vec::new()));
        for n in 1..=2 {
            let seen = seen.clone();
            endings.add(move |ended| async move { seen.lock().unwrap().push((n, ended)) });
        }
        endings.run(Ended::Failed).await;
        endings.run(Ended::Completed).await;
        assert_eq!(*seen.lock().unwrap(), [(1, Ended::Failed), (2, Ended::Failed)]);
    }
}
