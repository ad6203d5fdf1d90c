//! `changed`: which worker binaries a deployment would replace, and why. Continuous delivery and people ask alike.
//!
//! What a worker is made of is cargo's answer, at both ends: packages, versions and features as `cargo tree` resolves
//! them, without development dependencies. A change outside of it is no reason. Where there is nothing to compare with,
//! every worker is changed, with a warning: an old fleet is worse than a deployment too many. A failed download is no
//! answer, but an error.

mod closure;
mod git;
mod graph;
mod included;
mod manifests;
mod places;
mod reasons;
mod report;

use std::{collections::BTreeMap, path::Path};

use self::{
    closure::Workspace,
    git::Git,
    reasons::Difference,
    report::{Kind, Reason, Report, Worker},
};
use crate::{failure::Failure, repository::Repository};

/// Where the deploy's callback notes the commit that a worker was last deployed from.
const DEPLOYED: &str = "refs/deployed";

/// What to compare.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  cargo xtask changed --base origin/main~3    what three commits would deploy
  cargo xtask changed -o json                 what this commit would, as the workflow asks

A base that is gone, or that cargo cannot resolve, makes every worker changed, with a warning. The exit code is 0 whether or not something changed,
1 when it could not be found out.")]
pub(crate) struct Arguments {
    /// Compare every worker with this commit; without it, each with the commit that refs/deployed/WORKER names
    #[arg(long, value_name = "SHA|REF")]
    base: Option<String>,
    /// The commit that would be deployed
    #[arg(long, value_name = "REF", default_value = "HEAD")]
    head: String,
    /// `text` for people; `json` is stable
    #[arg(short, long, value_enum, default_value_t)]
    output: Format,
}

#[derive(Clone, Copy, Default, clap::ValueEnum)]
enum Format {
    #[default]
    Text,
    Json,
}

/// Compares, and prints. Warnings go to stderr, and into the JSON.
pub(crate) fn run(repository: &Repository, arguments: &Arguments) -> Result<bool, Failure> {
    let report = compare(repository.root(), arguments.base.as_deref(), &arguments.head)?;
    for warning in &report.warnings {
        eprintln!("warning: {warning}");
    }
    match arguments.output {
        Format::Text => print!("{}", report.text()),
        Format::Json => println!("{}", report.json()),
    }
    Ok(true)
}

fn compare(root: &Path, base: Option<&str>, head: &str) -> Result<Report, Failure> {
    let git = Git::new(root);
    let head_commit = git.commit(head)?.ok_or_else(|| Failure::NoCommit { given: head.to_owned() })?;
    let mut warnings = Vec::new();
    if head == "HEAD" && git.is_dirty()? {
        warnings.push("uncommitted changes are not looked at: the comparison ends at HEAD".to_owned());
    }

    let head = Workspace::of(&git, &head_commit)?;
    let mut differences: BTreeMap<String, Option<Difference>> = BTreeMap::new();
    let mut workers = Vec::new();
    for built in head.workers() {
        let name = base.map_or_else(|| format!("{DEPLOYED}/{}", built.name), str::to_owned);
        let commit = git.commit(&name)?;
        let because = |what| vec![Reason { kind: Kind::Base, what, files: Vec::new() }];
        let reasons = match &commit {
            None => because(nothing_to_compare(&git, &name, base.is_some(), &mut warnings)?),
            Some(commit) => {
                if !differences.contains_key(commit) {
                    let difference = match Difference::between(&git, commit, &head_commit) {
                        Ok(difference) => Some(difference),
                        Err(failure) if closure::is_of_the_commit(&failure) => {
                            warnings.push(format!(
                                "{commit} cannot be compared, so what it is the base of counts as changed: {failure}"
                            ));
                            None
                        }
                        // It says nothing of what changed, and may be over the next time.
                        Err(failure) => return Err(failure),
                    };
                    differences.insert(commit.clone(), difference);
                }
                match &differences[commit] {
                    Some(difference) => reasons::of(&built, &head, difference)?,
                    None => because(format!("{commit} cannot be compared")),
                }
            }
        };
        let changed = !reasons.is_empty();
        workers.push(Worker { worker: built.name, package: built.package, base: commit, changed, reasons });
    }
    let changed = workers.iter().filter(|worker| worker.changed).map(|worker| worker.worker.clone()).collect();
    Ok(Report { head: head_commit, changed, workers, warnings })
}

/// The reason of a worker whose base is not there, and the warning about it, once.
fn nothing_to_compare(git: &Git<'_>, name: &str, given: bool, warnings: &mut Vec<String>) -> Result<String, Failure> {
    let (reason, warning) = if given {
        let advice = if git.is_shallow()? {
            "this clone is shallow: `git fetch --unshallow` brings the rest"
        } else {
            "was the branch force-pushed, or is the name misspelt?"
        };
        (
            format!("the base {name} is not in this repository"),
            format!("the base {name} is not in this repository, so every worker counts as changed; {advice}"),
        )
    } else {
        (
            format!("there is no {name}"),
            format!(
                "there is no {name}, so it counts as changed: it was never deployed, or the refs were not fetched (`git \
                 fetch origin '+{DEPLOYED}/*:{DEPLOYED}/*'`)"
            ),
        )
    };
    if !warnings.contains(&warning) {
        warnings.push(warning);
    }
    Ok(reason)
}

/// As JSON, for tests of what takes it.
#[cfg(test)]
pub(crate) fn compared(root: &Path, base: &str, head: &str) -> Result<String, Failure> {
    compare(root, Some(base), head).map(|report| report.json())
}
