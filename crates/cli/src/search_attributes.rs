//! `search-attributes register|check`: what the products and Mainspring declare, against what the namespace knows.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use mainspring_client::{Connector, Link, PATIENCE_COMMAND};
use mainspring_settings::Sources;
use mainspring_settings::connection::ConnectionSettings;
use mainspring_worker::{DeclaredAttribute, Registry};
use serde_json::json;
use temporalio_client::tonic::{Code, Status};
use temporalio_common::protos::temporal::api::enums::v1::IndexedValueType;

use crate::arguments::{Output, SearchAttributesVerb};
use crate::exit::Failure;
use crate::print;

/// Some stores show a new attribute only after a while.
const SHOWN_WITHIN: Duration = Duration::from_secs(30);
const LOOK_AGAIN: Duration = Duration::from_millis(200);

type Known = BTreeMap<String, IndexedValueType>;

pub(crate) async fn run(verb: SearchAttributesVerb, registry: &Registry, sources: &Sources) -> Result<(), Failure> {
    let settings: ConnectionSettings = mainspring_settings::load(sources)?;
    let namespace = settings.namespace.clone();
    let link = Connector::new(settings)?.connect(PATIENCE_COMMAND).await?;
    let declared = registry.search_attributes();
    match verb {
        SearchAttributesVerb::Check { output } => {
            let known = known(&link).await?;
            show(&declared, &known, &[], &namespace, output)?;
            refuse_other_types(&declared, &known, &namespace)?;
            let missing = missing(&declared, &known);
            if missing.is_empty() {
                return Ok(());
            }
            Err(Failure::Config(format!(
                "namespace {namespace} lacks {}: add them with `search-attributes register`",
                names(&missing)
            )))
        }
        SearchAttributesVerb::Register { output } => {
            let before = known(&link).await?;
            refuse_other_types(&declared, &before, &namespace)?;
            let missing = missing(&declared, &before);
            let after = if missing.is_empty() { before } else { add(&link, &missing, &namespace).await? };
            refuse_other_types(&declared, &after, &namespace)?;
            show(&declared, &after, &missing, &namespace, output)
        }
    }
}

async fn known(link: &Link) -> Result<Known, Failure> {
    let known = link.search_attributes().await;
    known.map_err(|status| refused("the namespace's search attributes could not be read", &status))
}

/// Adds them, and waits until the namespace shows them.
async fn add(link: &Link, missing: &[&DeclaredAttribute], namespace: &str) -> Result<Known, Failure> {
    match link.add_search_attributes(missing.iter().map(|one| (one.name, one.value_type))).await {
        // Somebody else adds them at this moment.
        Err(status) if status.code() == Code::AlreadyExists => {}
        Err(status) => {
            let what = format!("{} could not be added to namespace {namespace}", names(missing));
            return Err(refused(&what, &status));
        }
        Ok(()) => {}
    }
    let shown = async {
        loop {
            let known = known(link).await?;
            if missing.iter().all(|one| known.contains_key(one.name)) {
                return Ok(known);
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    };
    tokio::time::timeout(SHOWN_WITHIN, shown).await.unwrap_or_else(|_| {
        let (names, seconds) = (names(missing), SHOWN_WITHIN.as_secs());
        Err(Failure::Unavailable(format!(
            "namespace {namespace} took {names}, and does not show them after {seconds} s: `search-attributes check` tells when it does"
        )))
    })
}

fn missing<'a>(declared: &'a [DeclaredAttribute], known: &Known) -> Vec<&'a DeclaredAttribute> {
    declared.iter().filter(|one| !known.contains_key(one.name)).collect()
}

fn names(attributes: &[&DeclaredAttribute]) -> String {
    attributes.iter().map(|one| one.name).collect::<Vec<_>>().join(", ")
}

/// A type cannot be changed, and a workflow that set the attribute would fail.
fn refuse_other_types(declared: &[DeclaredAttribute], known: &Known, namespace: &str) -> Result<(), Failure> {
    let other =
        declared.iter().find_map(|one| Some((one, known.get(one.name).filter(|kind| **kind != one.value_type)?)));
    other.map_or(Ok(()), |(DeclaredAttribute { name, value_type, declared_by, .. }, there)| {
        Err(Failure::Config(format!(
            "{name} is {there:?} in namespace {namespace}, and {} declares {value_type:?}: rename it in the product, or \
             remove it with `temporal operator search-attribute remove --name {name}`",
            declared_by.join(", ")
        )))
    })
}

fn refused(what: &str, status: &Status) -> Failure {
    let text = format!("{what}: {}", status.message());
    match status.code() {
        Code::Unimplemented | Code::PermissionDenied => Failure::Unavailable(format!(
            "{text}. On Temporal Cloud an administrator adds search attributes, in the UI or by `tcld namespace search-attributes add`"
        )),
        Code::InvalidArgument | Code::FailedPrecondition => Failure::Config(text),
        _ => Failure::Unavailable(text),
    }
}

fn show(
    declared: &[DeclaredAttribute],
    known: &Known,
    added: &[&DeclaredAttribute],
    namespace: &str,
    output: Output,
) -> Result<(), Failure> {
    let state = |one: &DeclaredAttribute| match known.get(one.name) {
        None => "missing".to_owned(),
        Some(there) if *there != one.value_type => format!("{there:?} there"),
        Some(_) if added.contains(&one) => "added".to_owned(),
        Some(_) => "registered".to_owned(),
    };
    if output == Output::Json {
        let list = declared.iter().map(|one| {
            let (kind, state) = (format!("{:?}", one.value_type), state(one));
            json!({ "name": one.name, "type": kind, "declared_by": one.declared_by, "state": state })
        });
        let list: Vec<_> = list.collect();
        return print(&json!({ "namespace": namespace, "search_attributes": list }).to_string());
    }
    let width = declared.iter().map(|one| one.name.len()).max().unwrap_or_default();
    let mut text = String::new();
    for one in declared {
        let (kind, by) = (format!("{:?}", one.value_type), one.declared_by.join(", "));
        let _ = writeln!(text, "{:width$}  {kind:11}  {:10}  {by}", one.name, state(one));
    }
    print(text.trim_end())
}
