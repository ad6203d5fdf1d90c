//! `contracts check|update`: the schemas of inputs and results, as they were committed, against those of the code.
//!
//! A run in flight and an older caller speak the committed ones. What they could not read any more, or could not make
//! themselves understood with, is a finding; docs/testing.md has the rules.

mod compare;
pub(crate) mod corpus;
mod described;
mod files;
mod findings;
#[cfg(test)]
mod tests;

use mainspring_worker::{Product, Registry};
use serde_json::{Value, json};

use crate::arguments::Output;
use crate::arguments::contracts::{ContractsArguments, ContractsVerb};
use crate::exit::Failure;
use crate::{print, say};

use files::{Schemas, folder_of};
use findings::Finding;

/// One product: what breaks, and what is only news.
struct Outcome<'a> {
    product: &'a Product,
    schemas: Schemas,
    present: Vec<described::Described>,
    findings: Vec<Finding>,
    /// Files that say less than the code, or something else that breaks nothing.
    outdated: Vec<String>,
    /// What nobody checks.
    unchecked: Vec<String>,
}

pub(crate) fn run(verb: &ContractsVerb, registry: &Registry) -> Result<(), Failure> {
    match verb {
        ContractsVerb::Check(arguments) => {
            let outcomes = outcomes(registry, arguments, true)?;
            show(&outcomes, arguments.output)?;
            for Outcome { product, unchecked, .. } in &outcomes {
                unchecked.iter().for_each(|what| say(&format!("warning: {what}")));
                for workflow in product.workflows() {
                    for (kind, name) in workflow.unlisted() {
                        let kind = format!("{kind:?}").to_lowercase();
                        say(&format!(
                            "warning: nobody checks the {kind} {name} of {}: list it in its contract's `messages`",
                            workflow.name()
                        ));
                    }
                }
            }
            refuse(&outcomes)?;
            // The next change is held against what is committed: what is not there cannot be missed.
            let news: Vec<String> = outcomes
                .iter()
                .filter(|outcome| !outcome.outdated.is_empty())
                .map(|Outcome { product, outdated, .. }| {
                    let (name, list) = (product.name(), outdated.join(", "));
                    format!(
                        "{name} has changed in ways that break nothing ({list}): commit what `contracts update` writes"
                    )
                })
                .collect();
            if news.is_empty() { Ok(()) } else { Err(Failure::Broken(news.join("; "))) }
        }
        ContractsVerb::Update { breaking, arguments } => {
            let outcomes = outcomes(registry, arguments, false)?;
            if !breaking {
                refuse(&outcomes).inspect_err(|_| {
                    // The findings are data only where they were asked for.
                    outcomes.iter().flat_map(|outcome| &outcome.findings).for_each(|finding| say(&finding.line()));
                })?;
            }
            for outcome in &outcomes {
                outcome.schemas.write(&outcome.present)?;
            }
            show(&outcomes, arguments.output)
        }
    }
}

fn outcomes<'a>(
    registry: &'a Registry,
    arguments: &ContractsArguments,
    must_be_there: bool,
) -> Result<Vec<Outcome<'a>>, Failure> {
    let known = || registry.products().iter().map(Product::name).collect::<Vec<_>>().join(", ");
    if let Some(stranger) = arguments.product.iter().find(|name| registry.product(name).is_none()) {
        return Err(Failure::Usage(format!("there is no product {stranger}: there is {}", known())));
    }
    let chosen = |product: &&Product| {
        arguments.product.is_empty() || arguments.product.iter().any(|name| name == product.name())
    };
    registry
        .products()
        .iter()
        .filter(chosen)
        .map(|product| outcome(registry, product, arguments, must_be_there))
        .collect()
}

fn outcome<'a>(
    registry: &Registry,
    product: &'a Product,
    arguments: &ContractsArguments,
    must_be_there: bool,
) -> Result<Outcome<'a>, Failure> {
    let schemas = Schemas::of(&arguments.schemas, product.name());
    let present = described::describe(product);
    let committed = match schemas.read()? {
        None if must_be_there => return Err(schemas.missing()),
        committed => committed.unwrap_or_default(),
    };
    let unchecked = findings::other_versions(&committed, &present);
    let (mut findings, outdated) = findings::find(&committed, &present);
    findings.extend(corpus::find(registry, product, &folder_of(&arguments.histories, product.name()))?);
    Ok(Outcome { product, schemas, present, findings, outdated, unchecked })
}

fn refuse(outcomes: &[Outcome<'_>]) -> Result<(), Failure> {
    let (saved, changes): (Vec<&Finding>, Vec<&Finding>) =
        outcomes.iter().flat_map(|outcome| &outcome.findings).partition(|finding| finding.is_saved());
    let mut said = Vec::new();
    if !changes.is_empty() {
        let breaks = if changes.len() == 1 { "change breaks" } else { "changes break" };
        said.push(format!(
            "{} {breaks} runs in flight or older callers. When neither is left, `contracts update --breaking` commits the new schemas",
            changes.len()
        ));
    }
    if !saved.is_empty() {
        let (payloads, they) = if saved.len() == 1 { ("payload", "it") } else { ("payloads", "they") };
        said.push(format!(
            "{} saved {payloads} cannot be decoded, as in open runs like those that {they} came from. When no such run is \
             left, delete the histories that are named above and save others with `replay capture`",
            saved.len()
        ));
    }
    if said.is_empty() { Ok(()) } else { Err(Failure::Broken(said.join(". "))) }
}

fn show(outcomes: &[Outcome<'_>], output: Output) -> Result<(), Failure> {
    if output == Output::Json {
        let products = outcomes.iter().map(|Outcome { product, schemas, findings, outdated, .. }| {
            let findings: Vec<Value> = findings.iter().map(Finding::json).collect();
            json!({ "name": product.name(), "schemas": schemas.folder(), "findings": findings, "outdated": outdated })
        });
        return print(&json!({ "products": products.collect::<Vec<_>>() }).to_string());
    }
    let lines: Vec<String> = outcomes.iter().flat_map(|outcome| &outcome.findings).map(Finding::line).collect();
    if lines.is_empty() { Ok(()) } else { print(&lines.join("\n")) }
}
