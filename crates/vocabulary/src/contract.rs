//! A workflow as its callers know it, beyond its types: where it runs, and which id follows from its input.

use temporalio_common::WorkflowDefinition;

use crate::Messages;

/// What a contract crate says of a workflow, on a marker that callers name and workers never run.
///
/// ```
/// use mainspring_vocabulary::Contract;
/// use temporalio_common::WorkflowDefinition;
///
/// #[derive(Clone, Copy, Debug, Default)]
/// pub struct Invoice;
///
/// impl WorkflowDefinition for Invoice {
///     type Input = u64;
///     type Output = String;
///     fn name(&self) -> &str {
///         "invoice"
///     }
/// }
///
/// impl Contract for Invoice {
///     const TASK_QUEUE: &'static str = "billing";
///     const WORKFLOW_ID: Option<fn(&u64) -> String> = Some(|number| format!("invoice-{number}"));
/// }
/// assert_eq!(Invoice::workflow_id(&17).as_deref(), Some("invoice-17"));
/// ```
///
/// `Default` makes the marker, which holds nothing.
pub trait Contract: WorkflowDefinition + Default + Send + Sync + 'static {
    /// The task queue that its workers poll.
    const TASK_QUEUE: &'static str;

    /// The workflow id that follows from an input, so that the same thing is never started twice at once. By default
    /// none does, and callers take a random id.
    const WORKFLOW_ID: Option<fn(&Self::Input) -> String> = None;

    /// What callers can say to a run and ask of it, so that `contracts check` knows their types:
    /// `messages.signal(CancelFollowUp).query(GetStatus)`. By default nothing.
    fn messages(messages: Messages<Self>) -> Messages<Self> {
        messages
    }

    /// The id for this input, if ids follow from inputs.
    fn workflow_id(input: &Self::Input) -> Option<String> {
        Self::WORKFLOW_ID.map(|id| id(input))
    }
}
