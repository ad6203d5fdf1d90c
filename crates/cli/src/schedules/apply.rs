//! `schedules apply`.

use mainspring_schedules::Plan;
use mainspring_settings::Sources;
use mainspring_worker::Registry;

use super::plan::{Declared, Desk, bar, refusals, show};
use super::rendered;
use crate::arguments::Output;
use crate::arguments::schedules::ApplyArguments;
use crate::exit::Failure;

pub(super) async fn run(arguments: &ApplyArguments, registry: &Registry, sources: &Sources) -> Result<(), Failure> {
    let declared = Declared::of(&arguments.plan, registry, sources)?;
    let desk = Desk::connect(sources).await?;
    let plan = desk.plan(&declared.schedules, &declared.scope).await?;
    carry_out(&desk, plan, arguments.dry_run, arguments.plan.output).await
}

/// Applies it, or only shows it.
pub(super) async fn carry_out(desk: &Desk, plan: Plan, dry_run: bool, output: Output) -> Result<(), Failure> {
    if dry_run {
        rendered::plan(&plan, output)?;
        return refusals(&plan);
    }
    let bar = bar("applying");
    let applied = desk.planner.apply(plan, &|done, all| show(&bar, done, all)).await;
    bar.finish_and_clear();
    rendered::applied(&applied, output)?;
    let failed = applied.failures().count();
    if let Some((_, silence)) = applied.failures().find(|(_, error)| error.is_silence()) {
        let rest = if failed == 1 { String::new() } else { format!(" ({failed} schedules were not brought about)") };
        return Err(Failure::Unavailable(format!("{silence}{rest}; the same command goes on where this one stopped")));
    }
    match failed {
        0 => Ok(()),
        1 => Err(Failure::Broken("1 schedule could not be brought about".to_owned())),
        failed => Err(Failure::Broken(format!("{failed} schedules could not be brought about"))),
    }
}
