//! `schedules plan`, and what `apply` and `reconcile` share with it: the planner, the scope, the bar.

use indicatif::{ProgressBar, ProgressStyle};
use mainspring_client::Payloads;
use mainspring_schedules::{Orphans, Owner, Plan, Planner, Schedule, ScheduleError, Scope};
use mainspring_settings::Sources;
use mainspring_worker::{Product, Registry};

use super::rendered;
use crate::arguments::schedules::PlanArguments;
use crate::exit::{self, Failure};
use crate::worker::{chosen, placed};
use crate::workflow::server::Server;

pub(super) async fn run(arguments: &PlanArguments, registry: &Registry, sources: &Sources) -> Result<(), Failure> {
    let declared = Declared::of(arguments, registry, sources)?;
    let desk = Desk::connect(sources).await?;
    let plan = desk.plan(&declared.schedules, &declared.scope).await?;
    rendered::plan(&plan, arguments.output)?;
    verdict(&plan)
}

/// What the exit code says of a plan.
fn verdict(plan: &Plan) -> Result<(), Failure> {
    refusals(plan)?;
    if plan.pending() == 0 { Ok(()) } else { Err(Failure::Said(exit::PENDING)) }
}

/// Some cannot be planned.
pub(super) fn refusals(plan: &Plan) -> Result<(), Failure> {
    match plan.refused() {
        0 => Ok(()),
        1 => Err(Failure::Broken("1 schedule cannot be planned".to_owned())),
        count => Err(Failure::Broken(format!("{count} schedules cannot be planned"))),
    }
}

/// What products declare, and whose that is.
pub(super) struct Declared {
    pub(super) schedules: Vec<Schedule>,
    pub(super) scope: Scope,
}

impl Declared {
    pub(super) fn of(arguments: &PlanArguments, registry: &Registry, sources: &Sources) -> Result<Self, Failure> {
        let registry = chosen(&arguments.product, &[], &placed(registry, sources)?)?;
        if let Some(there) = arguments.former.iter().find(|name| registry.product(name).is_some()) {
            return Err(Failure::Usage(format!("product {there} is not gone: leave out --former {there}")));
        }
        let names = registry.products().iter().map(Product::name).chain(arguments.former.iter().map(String::as_str));
        let owners = names.map(Owner::product).collect();
        let workflows = registry.workflows().map(|workflow| workflow.name().to_owned()).collect();
        let orphans = if arguments.prune { Orphans::Delete } else { Orphans::Show };
        Ok(Self {
            schedules: registry.schedules(),
            scope: Scope { owners, orphans, workflows, adopt: arguments.adopt },
        })
    }
}

/// A connection, and the planner over it.
pub(super) struct Desk {
    pub(super) planner: Planner,
    // Its credentials stay fresh for as long as it is kept.
    _server: Server,
}

impl Desk {
    pub(super) async fn connect(sources: &Sources) -> Result<Self, Failure> {
        let server = Server::connect(mainspring_settings::load(sources)?).await?;
        let payloads = Payloads::new(server.converter.clone());
        Ok(Self { planner: Planner::new(server.link(), &server.namespace, payloads), _server: server })
    }

    pub(super) async fn plan(&self, schedules: &[Schedule], scope: &Scope) -> Result<Plan, Failure> {
        let bar = bar("reading");
        let plan = self.planner.plan(schedules, scope, &|done, all| show(&bar, done, all)).await;
        bar.finish_and_clear();
        plan.map_err(|error| failure(&error))
    }
}

/// Drawn on stderr, and on a terminal alone.
pub(super) fn bar(what: &'static str) -> ProgressBar {
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{prefix} {bar:30} {pos}/{len}") {
        bar.set_style(style);
    }
    bar.with_prefix(what)
}

pub(super) fn show(bar: &ProgressBar, done: usize, all: usize) {
    bar.set_length(all as u64);
    bar.set_position(done as u64);
}

pub(super) fn failure(error: &ScheduleError) -> Failure {
    match error {
        ScheduleError::Call(error) => super::failure(error),
        ScheduleError::Wrong { .. }
        | ScheduleError::Twice { .. }
        | ScheduleError::BadLine { .. }
        | ScheduleError::BadOwner { .. } => Failure::Usage(error.to_string()),
        _ => Failure::Other(error.to_string()),
    }
}
