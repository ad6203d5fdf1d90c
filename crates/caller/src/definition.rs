//! A contract's marker as the SDK's handles want it. They ask of a workflow that it names the type to which its signals,
//! queries and updates belong; a contract's belong to its marker.

use std::marker::PhantomData;

use mainspring_vocabulary::Contract;
use temporalio_common::{HasWorkflowDefinition, WorkflowDefinition};

/// Never made: a type for handles.
pub(crate) struct Marked<W>(PhantomData<fn() -> W>);

impl<W: Contract> WorkflowDefinition for Marked<W> {
    type Input = W::Input;
    type Output = W::Output;

    // A handle sends ids, and no name of a type.
    fn name(&self) -> &'static str {
        std::any::type_name::<W>()
    }
}

impl<W: Contract> HasWorkflowDefinition for Marked<W> {
    type Run = W;
}
