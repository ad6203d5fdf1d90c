//! `travelling-salesman`: one long activity, and what it tells on its way.

use mainspring::prelude::{ActivityContract, Received};
use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{SyncWorkflowContext, WorkflowContext, WorkflowContextView, WorkflowResult};
use travelling_salesman_solver_contract::{Activities, BestLength, SolveInput, Tour};

/// Searches a short tour.
#[workflow]
#[derive(Debug, Default)]
pub struct TravellingSalesman {
    best: Option<BestLength>,
}

#[workflow_methods]
impl TravellingSalesman {
    /// Runs the search, over as many attempts as it takes.
    ///
    /// # Errors
    /// The instance is invalid, or the workflow was cancelled.
    #[run(name = "travelling-salesman")]
    pub async fn run(ctx: &mut WorkflowContext<Self>, input: SolveInput) -> WorkflowResult<Tour> {
        let options = Activities::improve_tour.options();
        let tour = ctx.execute_activity(Activities::improve_tour, input, options).await?;
        ctx.state_mut(|state| state.hear(BestLength { length: tour.length, round: tour.rounds }));
        Ok(tour)
    }

    /// A shorter tour was found.
    #[signal(name = "better_tour")]
    pub fn better_tour(&mut self, _ctx: &mut SyncWorkflowContext<Self>, found: Received<BestLength>) {
        if let Some(found) = found.read() {
            self.hear(found);
        }
    }

    /// The length of the shortest tour that was told; none before the first.
    #[query(name = "best_length")]
    pub fn best_length(&self, _ctx: &WorkflowContextView) -> Option<BestLength> {
        self.best
    }
}

impl TravellingSalesman {
    /// An attempt that was given up may tell late what a newer one has beaten.
    fn hear(&mut self, found: BestLength) {
        if self.best.is_none_or(|best| found.length <= best.length) {
            self.best = Some(found);
        }
    }
}
