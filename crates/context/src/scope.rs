//! The scope of one activity attempt or one workflow run, and how it gets onto a thread.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::{Endings, Shutdown};

thread_local! {
    static CURRENT: RefCell<Option<Scope>> = const { RefCell::new(None) };
}

/// One attempt of an activity, as Temporal describes it.
#[derive(Clone, Debug, Default)]
pub struct Activity {
    /// Namespace that the activity runs in.
    pub namespace: String,
    /// Task queue that it was polled from.
    pub task_queue: String,
    /// Workflow that scheduled it; `None` for a standalone activity.
    pub workflow_id: Option<String>,
    /// Run of that workflow.
    pub workflow_run_id: Option<String>,
    /// Type of that workflow.
    pub workflow_type: Option<String>,
    /// Id of the activity, unique within its run.
    pub activity_id: String,
    /// Type under which it is registered.
    pub activity_type: String,
    /// Attempt, from 1.
    pub attempt: u32,
    /// The shutdown of the worker that runs it. Never fires outside a worker.
    pub shutdown: Shutdown,
    /// What the attempt's report has to wait for.
    pub endings: Endings,
}

/// One run of a workflow.
#[derive(Clone, Debug, Default)]
pub struct Workflow {
    /// Namespace that the workflow runs in.
    pub namespace: String,
    /// Task queue that its tasks come from.
    pub task_queue: String,
    /// The id that its starter chose.
    pub workflow_id: String,
    /// The run, of which an id may have many.
    pub workflow_run_id: String,
    /// Type under which it is registered.
    pub workflow_type: String,
    /// Attempt of the workflow, from 1.
    pub attempt: u32,
}

/// The signal or update that a workflow's code handles.
#[derive(Clone, Debug, Default)]
pub struct Message {
    /// Its name on the wire.
    pub name: String,
    /// The id that its caller chose; `None` for a signal, which has none.
    pub update_id: Option<String>,
}

#[derive(Clone, Debug)]
enum Kind {
    Activity(Arc<Activity>),
    Workflow(Arc<Workflow>, bool, Option<Arc<Message>>),
}

/// What a thread runs. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Scope(Kind);

impl Scope {
    /// The scope of an activity attempt.
    pub fn activity(activity: impl Into<Arc<Activity>>) -> Self {
        Self(Kind::Activity(activity.into()))
    }

    /// The scope of a workflow run; `replaying` while the SDK feeds it history that has already happened.
    pub fn workflow(workflow: impl Into<Arc<Workflow>>, replaying: bool) -> Self {
        Self(Kind::Workflow(workflow.into(), replaying, None))
    }

    /// The same, in the handler of that message. An activity's scope stays as it is.
    #[must_use]
    pub fn handling(self, message: impl Into<Arc<Message>>) -> Self {
        match self.0 {
            Kind::Workflow(workflow, replaying, _) => Self(Kind::Workflow(workflow, replaying, Some(message.into()))),
            activity @ Kind::Activity(_) => Self(activity),
        }
    }

    /// The activity, when this is the scope of one.
    pub fn as_activity(&self) -> Option<&Arc<Activity>> {
        match &self.0 {
            Kind::Activity(activity) => Some(activity),
            Kind::Workflow(..) => None,
        }
    }

    /// The workflow, when this is the scope of one.
    pub fn as_workflow(&self) -> Option<&Arc<Workflow>> {
        match &self.0 {
            Kind::Workflow(workflow, ..) => Some(workflow),
            Kind::Activity(_) => None,
        }
    }

    /// The message, when this is the scope of its handler.
    pub fn as_message(&self) -> Option<&Arc<Message>> {
        match &self.0 {
            Kind::Workflow(_, _, message) => message.as_ref(),
            Kind::Activity(_) => None,
        }
    }

    /// True while the workflow's code is fed history: nothing may be logged or produced then.
    pub fn is_replaying(&self) -> bool {
        matches!(self.0, Kind::Workflow(_, true, _))
    }

    /// Makes this the scope of the current thread until the guard is dropped. For blocking code; async code is
    /// wrapped instead, because it may move to another thread at every await.
    #[must_use = "the scope ends when the guard is dropped"]
    pub fn enter(&self) -> Entered {
        Entered { before: CURRENT.replace(Some(self.clone())), _on_this_thread: std::marker::PhantomData }
    }

    /// A future that is polled inside this scope, on whichever thread polls it.
    pub const fn wrap<F: Future>(self, future: F) -> InScope<F> {
        InScope { future, scope: self }
    }
}

/// Ends the scope of this thread when dropped, and brings back the one before.
#[derive(Debug)]
pub struct Entered {
    before: Option<Scope>,
    _on_this_thread: std::marker::PhantomData<*const ()>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        CURRENT.set(self.before.take());
    }
}

pin_project! {
    /// See [`Scope::wrap`].
    #[derive(Debug)]
    pub struct InScope<F> {
        #[pin]
        future: F,
        scope: Scope,
    }
}

impl<F: Future> Future for InScope<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _entered = this.scope.enter();
        this.future.poll(cx)
    }
}

/// The scope of this thread; `None` outside activities and workflows.
pub fn current() -> Option<Scope> {
    CURRENT.with_borrow(Clone::clone)
}

/// The activity attempt that this thread runs.
pub fn activity() -> Option<Arc<Activity>> {
    CURRENT.with_borrow(|scope| scope.as_ref().and_then(|s| s.as_activity().cloned()))
}

/// The workflow run that this thread runs.
pub fn workflow() -> Option<Arc<Workflow>> {
    CURRENT.with_borrow(|scope| scope.as_ref().and_then(|s| s.as_workflow().cloned()))
}

/// The signal or update whose handler this thread runs.
pub fn message() -> Option<Arc<Message>> {
    CURRENT.with_borrow(|scope| scope.as_ref().and_then(|s| s.as_message().cloned()))
}

/// True while this thread replays a workflow. Costs one look at a thread-local, so every log line may ask.
pub fn is_replaying() -> bool {
    CURRENT.with_borrow(|scope| scope.as_ref().is_some_and(Scope::is_replaying))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(n: u32) -> Scope {
        Scope::activity(Activity { attempt: n, ..Activity::default() })
    }

    #[test]
    fn a_guard_brings_back_the_scope_before() {
        let outer = attempt(1).enter();
        {
            let _inner = attempt(2).enter();
            assert_eq!(activity().expect("inside").attempt, 2);
        }
        assert_eq!(activity().expect("inside").attempt, 1);
        drop(outer);
        assert!(current().is_none());
    }

    #[test]
    fn a_panic_inside_leaves_no_scope_behind() {
        let seen = std::panic::catch_unwind(|| {
            let _entered = attempt(7).enter();
            panic!("on purpose");
        });
        assert!(seen.is_err());
        assert!(current().is_none());
    }

    #[tokio::test]
    async fn futures_on_one_thread_keep_their_scopes_apart() {
        let read = |n| {
            attempt(n).wrap(async move {
                for _ in 0..10 {
                    assert_eq!(activity().expect("inside").attempt, n);
                    tokio::task::yield_now().await;
                }
            })
        };
        tokio::join!(read(1), read(2));
        assert!(current().is_none());
    }

    #[test]
    fn only_a_handler_has_a_message() {
        let run = Scope::workflow(Workflow::default(), false);
        let handler = run.clone().handling(Message { name: "approve".into(), update_id: Some("7".into()) });
        let _run = run.enter();
        assert!(message().is_none());
        let _handler = handler.enter();
        assert_eq!(message().expect("inside").name, "approve");
        assert!(workflow().is_some());
        assert!(attempt(1).handling(Message::default()).as_message().is_none());
    }

    #[test]
    fn only_a_workflow_replays() {
        assert!(!attempt(1).is_replaying());
        let replaying = Scope::workflow(Workflow::default(), true);
        let _entered = replaying.enter();
        assert!(is_replaying());
        assert!(activity().is_none());
        assert!(workflow().is_some());
    }
}
