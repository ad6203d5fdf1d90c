//! The workflow layer: scope, span and the replaying flag at each poll, what a worker's thread is busy with, and the
//! queue that a call really goes to.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use mainspring_context::{LocalCall, Message, Scope, Workflow};
use parking_lot::Mutex;
use temporalio_common::protos::temporal::api::common::v1::Payload;
use temporalio_sdk::WorkflowContextView;
use temporalio_sdk::workflow_interceptors::{
    CancellableWorkflowOutboundFuture, ContinueAsNewInput, ContinueAsNewResult, ExecuteWorkflowInput,
    ExecuteWorkflowResult, HandleQueryInput, HandleQueryResult, HandleSignalInput, HandleSignalResult,
    HandleUpdateInput, HandleUpdateResult, InitializeWorkflowInput, InitializeWorkflowOutput, ScheduleActivityInput,
    ScheduleActivityResult, ScheduleLocalActivityInput, StartChildWorkflowInput, StartChildWorkflowResult,
    SyncWorkflowInterceptorContext, ValidateUpdateInput, ValidateUpdateResult, WorkflowInterceptor,
    WorkflowInterceptorConstructor, WorkflowInterceptorContext, WorkflowInterceptorFuture, WorkflowNext,
};
use tracing::Span;

use super::AttemptCap;
use crate::registry::{Callee, Routes};

/// What a worker's thread runs right now: nothing can interrupt workflow code, so the watchdog must be able to name it.
#[derive(Debug, Default)]
pub(crate) struct Busy(Mutex<Option<(Arc<Workflow>, Instant)>>);

impl Busy {
    /// The workflow that has held the thread, and since when.
    pub(crate) fn with(&self) -> Option<(Arc<Workflow>, Instant)> {
        self.0.lock().clone()
    }
}

struct Idle<'a>(&'a Busy);

impl Drop for Idle<'_> {
    fn drop(&mut self) {
        *self.0.0.lock() = None;
    }
}

/// Makes the layer for every workflow of one worker.
pub(crate) fn workflow_layer(
    busy: Arc<Busy>,
    routes: Arc<Routes>,
    cap: Option<AttemptCap>,
) -> WorkflowInterceptorConstructor {
    WorkflowInterceptorConstructor::new(move |view: &WorkflowContextView| {
        WorkflowLayer::new(view, busy.clone(), routes.clone(), cap, false)
    })
}

/// The same for a replay of saved histories: nothing is logged, also past the history's end, and nothing is counted.
pub(crate) fn replayed_workflow_layer(routes: Arc<Routes>) -> WorkflowInterceptorConstructor {
    WorkflowInterceptorConstructor::new(move |view: &WorkflowContextView| {
        WorkflowLayer::new(view, Arc::default(), routes.clone(), None, true)
    })
}

struct WorkflowLayer {
    workflow: Arc<Workflow>,
    span: Span,
    busy: Arc<Busy>,
    routes: Arc<Routes>,
    cap: Option<AttemptCap>,
    /// Calls of local activities so far.
    locals: AtomicU32,
    /// Within which a task of this workflow has to end.
    task_timeout: Duration,
    /// Nothing that happens here is for real.
    is_replay: bool,
}

impl WorkflowLayer {
    fn new(
        view: &WorkflowContextView,
        busy: Arc<Busy>,
        routes: Arc<Routes>,
        cap: Option<AttemptCap>,
        is_replay: bool,
    ) -> Self {
        let workflow = Arc::new(Workflow {
            namespace: view.namespace().to_owned(),
            task_queue: view.task_queue().to_owned(),
            workflow_id: view.workflow_id().to_owned(),
            workflow_run_id: view.run_id().to_owned(),
            workflow_type: view.workflow_type().to_owned(),
            attempt: view.attempt(),
        });
        let span = tracing::info_span!(
            "workflow",
            workflow_namespace = workflow.namespace,
            task_queue = workflow.task_queue,
            workflow_id = workflow.workflow_id,
            workflow_run_id = workflow.workflow_run_id,
            workflow_type = workflow.workflow_type,
            attempt = workflow.attempt,
        );
        let task_timeout = view.task_timeout().unwrap_or_default();
        Self { workflow, span, busy, routes, cap, locals: AtomicU32::new(0), task_timeout, is_replay }
    }

    /// Runs a step of the workflow's code. A panic goes on to the SDK, which fails the workflow task; here it is counted
    /// apart from tasks that fail for other reasons, such as an input that does not decode.
    fn step<T>(&self, replaying: bool, code: impl FnOnce() -> T) -> T {
        self.step_in(&self.scope(replaying), code)
    }

    fn scope(&self, replaying: bool) -> Scope {
        Scope::workflow(self.workflow.clone(), replaying || self.is_replay)
    }

    fn step_in<T>(&self, scope: &Scope, code: impl FnOnce() -> T) -> T {
        let _span = self.span.enter();
        let _scope = scope.enter();
        *self.busy.0.lock() = Some((self.workflow.clone(), Instant::now()));
        let _idle = Idle(&self.busy);
        catch_unwind(AssertUnwindSafe(code)).unwrap_or_else(|panic| {
            if !self.is_replay {
                crate::metrics::workflow_task_failed(&self.workflow.workflow_type);
            }
            resume_unwind(panic)
        })
    }

    /// The named queue, or the one that the callee was moved to.
    fn route(&self, named: &mut Option<String>, callee: Callee, name: &str) {
        if let Some(queue) = named.as_deref().and_then(|queue| self.routes.of(queue, callee, name)) {
            *named = Some(queue.to_owned());
        }
    }

    /// Makes the future of `#[run]` or of a message's handler, and polls it, in its scope.
    fn each_poll<'a, T: 'a>(
        &'a self,
        context: WorkflowInterceptorContext,
        message: Option<Message>,
        make: impl FnOnce() -> WorkflowInterceptorFuture<'a, T>,
    ) -> WorkflowInterceptorFuture<'a, T> {
        let message = message.map(Arc::new);
        let scope = move || match &message {
            Some(message) => self.scope(context.is_replaying_history_events()).handling(message.clone()),
            None => self.scope(context.is_replaying_history_events()),
        };
        let mut future = Box::pin(self.step_in(&scope(), make));
        WorkflowInterceptorFuture::new(std::future::poll_fn(move |cx| -> Poll<T> {
            self.step_in(&scope(), || future.as_mut().poll(cx))
        }))
    }
}

impl WorkflowInterceptor for WorkflowLayer {
    fn initialize_workflow(
        &self,
        _context: WorkflowContextView,
        input: InitializeWorkflowInput,
        next: WorkflowNext<'_, InitializeWorkflowInput, InitializeWorkflowOutput>,
    ) -> InitializeWorkflowOutput {
        // The SDK does not say here whether it replays, so `#[init]` never logs.
        self.step(true, || next.run(input))
    }

    fn execute<'a>(
        &'a self,
        context: WorkflowInterceptorContext,
        input: ExecuteWorkflowInput,
        next: WorkflowNext<'a, ExecuteWorkflowInput, WorkflowInterceptorFuture<'a, ExecuteWorkflowResult>>,
    ) -> WorkflowInterceptorFuture<'a, ExecuteWorkflowResult> {
        self.each_poll(context, None, || next.run(input))
    }

    fn handle_signal<'a>(
        &'a self,
        context: WorkflowInterceptorContext,
        input: HandleSignalInput,
        next: WorkflowNext<'a, HandleSignalInput, WorkflowInterceptorFuture<'a, HandleSignalResult>>,
    ) -> WorkflowInterceptorFuture<'a, HandleSignalResult> {
        let message = Message { name: input.name().to_owned(), update_id: None };
        self.each_poll(context, Some(message), || next.run(input))
    }

    fn handle_update<'a>(
        &'a self,
        context: WorkflowInterceptorContext,
        input: HandleUpdateInput,
        next: WorkflowNext<'a, HandleUpdateInput, WorkflowInterceptorFuture<'a, HandleUpdateResult>>,
    ) -> WorkflowInterceptorFuture<'a, HandleUpdateResult> {
        let message = Message { name: input.name().to_owned(), update_id: Some(input.id().to_owned()) };
        self.each_poll(context, Some(message), || next.run(input))
    }

    fn handle_query(
        &self,
        context: SyncWorkflowInterceptorContext,
        input: HandleQueryInput,
        next: WorkflowNext<'_, HandleQueryInput, HandleQueryResult>,
    ) -> HandleQueryResult {
        self.step(context.is_replaying_history_events(), || next.run(input))
    }

    fn schedule_activity(
        &self,
        _context: WorkflowInterceptorContext,
        mut input: ScheduleActivityInput,
        next: WorkflowNext<'static, ScheduleActivityInput, CancellableWorkflowOutboundFuture<ScheduleActivityResult>>,
    ) -> CancellableWorkflowOutboundFuture<ScheduleActivityResult> {
        let name = input.activity_type().to_owned();
        self.route(&mut input.options_mut().task_queue, Callee::Activity, &name);
        if let Some(cap) = self.cap {
            let options = input.options_mut();
            options.retry_policy = Some(cap.put(options.retry_policy.take()));
        }
        next.run(input)
    }

    fn schedule_local_activity(
        &self,
        _context: WorkflowInterceptorContext,
        mut input: ScheduleLocalActivityInput,
        next: WorkflowNext<
            'static,
            ScheduleLocalActivityInput,
            CancellableWorkflowOutboundFuture<ScheduleActivityResult>,
        >,
    ) -> CancellableWorkflowOutboundFuture<ScheduleActivityResult> {
        if let Some(cap) = self.cap {
            let options = input.options_mut();
            options.retry_policy = cap.put(Some(options.retry_policy.clone()));
        }
        let number = match input.options().activity_id {
            // An id of the workflow's own is kept from attempt to attempt.
            Some(_) => 0,
            None => self.locals.fetch_add(1, Ordering::Relaxed) + 1,
        };
        let call = LocalCall { number, task_timeout: self.task_timeout };
        input.headers_mut().insert(LocalCall::HEADER.to_owned(), header(call));
        next.run(input)
    }

    fn start_child_workflow(
        &self,
        _context: WorkflowInterceptorContext,
        mut input: StartChildWorkflowInput,
        next: WorkflowNext<
            'static,
            StartChildWorkflowInput,
            CancellableWorkflowOutboundFuture<StartChildWorkflowResult>,
        >,
    ) -> CancellableWorkflowOutboundFuture<StartChildWorkflowResult> {
        let name = input.workflow_type().to_owned();
        self.route(&mut input.options_mut().task_queue, Callee::Workflow, &name);
        next.run(input)
    }

    fn continue_as_new(
        &self,
        _context: SyncWorkflowInterceptorContext,
        mut input: ContinueAsNewInput,
        next: WorkflowNext<'static, ContinueAsNewInput, ContinueAsNewResult>,
    ) -> ContinueAsNewResult {
        let name = self.workflow.workflow_type.clone();
        self.route(&mut input.options_mut().task_queue, Callee::Workflow, &name);
        next.run(input)
    }

    fn validate_update(
        &self,
        context: SyncWorkflowInterceptorContext,
        input: ValidateUpdateInput,
        next: WorkflowNext<'_, ValidateUpdateInput, ValidateUpdateResult>,
    ) -> ValidateUpdateResult {
        self.step(context.is_replaying_history_events(), || next.run(input))
    }
}

fn header(call: LocalCall) -> Payload {
    let metadata = [("encoding".to_owned(), b"binary/plain".to_vec())].into();
    Payload { metadata, data: call.to_bytes(), ..Payload::default() }
}
