//! `schedules reconcile`: an application's rows, a line of JSON each, against the schedules that bear its mark.

use std::io::Read;

use mainspring_schedules::{Orphans, Owner, Schedule, Scope, read_lines};
use mainspring_settings::Sources;

use super::apply::carry_out;
use super::plan::{Desk, failure};
use crate::arguments::schedules::ReconcileArguments;
use crate::exit::Failure;

pub(super) async fn run(arguments: &ReconcileArguments, sources: &Sources) -> Result<(), Failure> {
    let owner = Owner::application(&arguments.owner).map_err(|error| failure(&error))?;
    let rows = read_lines(&text(arguments)?).map_err(|error| failure(&error))?;
    if rows.is_empty() && !arguments.allow_empty {
        return Err(Failure::Usage(format!(
            "there is no line, and so every schedule of {owner} would be deleted: give --allow-empty if that is what you want"
        )));
    }
    let rows: Vec<Schedule> = rows.into_iter().map(|row| row.owner(owner.clone())).collect();
    let desk = Desk::connect(sources).await?;
    let scope = Scope { owners: [owner].into(), orphans: Orphans::Delete, ..Scope::default() };
    let plan = desk.plan(&rows, &scope).await?;
    carry_out(&desk, plan, arguments.dry_run, arguments.output).await
}

fn text(arguments: &ReconcileArguments) -> Result<String, Failure> {
    let unreadable = |what: String, error: std::io::Error| Failure::Usage(format!("{what} cannot be read: {error}"));
    match &arguments.file {
        Some(path) => std::fs::read_to_string(path).map_err(|error| unreadable(path.display().to_string(), error)),
        None => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).map_err(|error| unreadable("stdin".to_owned(), error))?;
            Ok(text)
        }
    }
}
