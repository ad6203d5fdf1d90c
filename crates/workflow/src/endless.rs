//! Loops without an end: a run's history is bounded, so it continues as new, and whatever came meanwhile goes with it.

use std::convert::Infallible;

use temporalio_common::WorkflowDefinition;
use temporalio_workflow::workflows::WorkflowImplementation;
use temporalio_workflow::{ContinueAsNewOptions, WorkflowContext, WorkflowTermination};

type Input<W> = <<W as WorkflowImplementation>::Run as WorkflowDefinition>::Input;

/// Goes on as the next run when the server suggests it, which it does when the history grows long (by default at 4,096
/// events or 4 MiB); else it does nothing. Call it between two periods of the loop:
///
/// ```
/// # use mainspring_workflow::continue_if_suggested;
/// # use temporalio_common::WorkflowDefinition;
/// # use temporalio_workflow::workflows::WorkflowImplementation;
/// # use temporalio_workflow::{WorkflowContext, WorkflowTermination};
/// # async fn period<W>(_ctx: &WorkflowContext<W>) -> Result<(), WorkflowTermination> { Ok(()) }
/// # async fn run<W: WorkflowImplementation>(
/// #     ctx: &WorkflowContext<W>,
/// #     carried: impl Fn(&W) -> <W::Run as WorkflowDefinition>::Input,
/// # ) -> Result<(), WorkflowTermination> {
/// loop {
///     period(ctx).await?;
///     continue_if_suggested(ctx, |state| carried(state)).await?;
/// }
/// # }
/// ```
///
/// First it waits until all handlers of signals and updates have ended. Then `next` makes the next run's input from the
/// state, in one step with the end of this run: what a handler left there is not lost. Where a message comes to the server
/// in that very moment, the server refuses the end and Temporal runs the task again with the message in it, so the run
/// ends after its handler.
///
/// Pass on whatever counts: what waits in queues of the state, and the [`Seen`](crate::Seen) ids.
///
/// # Errors
/// The termination that is to leave `#[run]` (use `?`): the continue-as-new itself, or a cancellation that came while a
/// handler was still at work.
pub async fn continue_if_suggested<W: WorkflowImplementation>(
    ctx: &WorkflowContext<W>,
    next: impl FnOnce(&mut W) -> Input<W>,
) -> Result<(), WorkflowTermination> {
    if ctx.continue_as_new_suggested() {
        continue_drained(ctx, ContinueAsNewOptions::default(), next).await?;
    }
    Ok(())
}

/// Goes on as the next run, suggested or not, as [`continue_if_suggested`] does, with options of one's own.
///
/// # Errors
/// As [`continue_if_suggested`]; it never returns otherwise.
pub async fn continue_drained<W: WorkflowImplementation>(
    ctx: &WorkflowContext<W>,
    options: ContinueAsNewOptions,
    next: impl FnOnce(&mut W) -> Input<W>,
) -> Result<Infallible, WorkflowTermination> {
    ctx.wait_condition(|_| ctx.all_handlers_finished()).await?;
    // No await between the look at the handlers, the look at the state and the end: no handler runs in between.
    let input = ctx.state_mut(next);
    ctx.continue_as_new(input, options)
}
