//! The activity: rounds on the process's pool, the best tour in its heartbeats.

mod progress;
mod teller;

use std::sync::Arc;

use mainspring::activity::cpu;
use mainspring::prelude::{Heartbeater, ShutdownMonitor, resume};
use temporalio_macros::activities;
use temporalio_sdk::activities::{ActivityContext, ActivityError};
use travelling_salesman_solver_contract::{BestLength, ImproveTourActivity, InvalidInstance, SolveInput, Tour};

use crate::map::Map;
use crate::search;
pub use progress::Found;
use teller::Teller;

/// Needs nothing but cores.
#[derive(Clone, Copy, Debug)]
pub struct Solver;

#[activities]
impl Solver {
    /// Improves a tour round by round. A round follows from the tour before it and the seed, so a search that was killed
    /// finds the same tour as one that was not.
    ///
    /// # Errors
    /// The instance is invalid; the worker shuts down; the activity was cancelled.
    #[activity(definition = ImproveTourActivity)]
    pub async fn improve_tour(ctx: ActivityContext, input: SolveInput) -> Result<Tour, ActivityError> {
        let heartbeater = Heartbeater::start(&ctx)?;
        let monitor = ShutdownMonitor::new(&ctx);
        let SolveInput { instance, rounds, tries_per_round, seed } = input;
        let map = cpu(&ctx, move |_| Map::parse(&instance)).await?;
        let map = Arc::new(map.map_err(|reason| InvalidInstance { reason })?);

        let left = resume::<Found>(&ctx).into_option().filter(|found| map.is_tour(&found.order));
        let mut teller = Teller::new(left.is_some());
        let mut found = match left {
            Some(found) => found,
            None => {
                let map = map.clone();
                cpu(&ctx, move |_| Found { order: search::nearest_neighbours(&map), round: 0 }).await?
            }
        };
        let mut length = map.length(&found.order);
        tracing::info!(name = map.name(), nodes = map.len(), round = found.round, length, "searching");
        while found.round < rounds {
            monitor.check()?;
            let (round_map, order) = (map.clone(), found.order.clone());
            let round_seed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(u64::from(found.round));
            let improved = cpu(&ctx, move |task| {
                search::improve(&round_map, order, tries_per_round, round_seed, || task.is_cancelled())
            });
            let Some(order) = improved.await? else { return Err(ActivityError::cancelled()) };
            found = Found { order, round: found.round + 1 };
            heartbeater.set(&found)?;
            let shorter = map.length(&found.order);
            if shorter < length || found.round == 1 {
                length = shorter;
                teller.tell(&ctx, BestLength { length, round: found.round }).await;
            }
        }
        tracing::info!(name = map.name(), rounds, length, "found");
        let nodes = found.order.iter().map(|&node| map.id(node)).collect();
        Ok(Tour { name: map.name().to_owned(), length, nodes, rounds })
    }
}
