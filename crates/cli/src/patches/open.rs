//! Open runs, by the patches that they recorded: the search attribute TemporalChangeVersion holds their ids, the markers in
//! a history tell `patched` from `deprecate_patch`.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, TryStreamExt};
use mainspring_client::with_causes;
use mainspring_replay::patch_of;
use mainspring_replay::server::quoted;
use mainspring_worker::Product;
use temporalio_client::{NamespacedClient, WorkflowExecutionInfo, WorkflowFetchHistoryOptions, WorkflowListOptions};

use crate::exit::Failure;
use crate::workflow::list::counted;
use crate::workflow::server::Server;

/// Histories that are looked at for one patch.
const LOOK_AT: usize = 200;

/// How many open runs there are of the workflows of a patch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Open {
    pub(super) with: i64,
    pub(super) without: i64,
    pub(super) recorded: Recorded,
}

/// How those with a marker recorded it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Recorded {
    Known { by_patched: usize },
    TooMany,
}

impl Open {
    /// `reads`: the histories are looked at as well.
    pub(super) async fn of(
        server: &Server,
        product: &Product,
        id: &str,
        since: Option<&str>,
        reads: bool,
    ) -> Result<Self, Failure> {
        // Of every workflow: a function in one file may be called by all.
        let workflows: Vec<String> = product.workflow_names().map(str::to_owned).collect();
        let mut open = format!("{} AND WorkflowType IN ({})", running(product), list(&workflows));
        if let Some(since) = since {
            open += &format!(" AND StartTime < '{since}'");
        }
        let with_marker = format!("{open} AND TemporalChangeVersion = {}", quoted(id));
        let all = counted(server, &open).await?.count;
        let with = counted(server, &with_marker).await?.count;
        let recorded = if reads { recorded(server, &with_marker, id).await? } else { Recorded::TooMany };
        // A run may have ended between the two counts.
        Ok(Self { with, without: (all - with).max(0), recorded })
    }
}

/// Patches that open runs recorded, and no code knows.
pub(super) async fn of_no_code(
    server: &Server,
    product: &Product,
    known: &BTreeSet<&str>,
) -> Result<BTreeMap<String, Open>, Failure> {
    let query = format!("{} AND TemporalChangeVersion IS NOT NULL", running(product));
    let options = WorkflowListOptions::builder().limit(LOOK_AT).build();
    let mut runs = server.link().client().list_workflows(query, options);
    let mut counts: BTreeMap<String, i64> = BTreeMap::new();
    while let Some(run) = runs.next().await {
        let run = run.map_err(|error| refused("open runs could not be listed", &error))?;
        let fields = run.raw().search_attributes.as_ref().map(|attributes| &attributes.indexed_fields);
        let payload = fields.and_then(|fields| fields.get("TemporalChangeVersion"));
        let ids: Vec<String> =
            payload.and_then(|payload| serde_json::from_slice(&payload.data).ok()).unwrap_or_default();
        for id in ids.into_iter().filter(|id| !known.contains(id.as_str())) {
            *counts.entry(id).or_default() += 1;
        }
    }
    let mut open = BTreeMap::new();
    for (id, with) in counts {
        let query = format!("{} AND TemporalChangeVersion = {}", running(product), quoted(&id));
        let recorded = recorded(server, &query, &id).await?;
        open.insert(id, Open { with, without: 0, recorded });
    }
    Ok(open)
}

async fn recorded(server: &Server, query: &str, id: &str) -> Result<Recorded, Failure> {
    let client = server.link().client();
    let options = WorkflowListOptions::builder().limit(LOOK_AT + 1).build();
    let mut runs = client.list_workflows(query, options);
    let (mut seen, mut by_patched) = (0, 0);
    while let Some(run) = runs.next().await {
        let run = run.map_err(|error| refused("open runs could not be listed", &error))?;
        seen += 1;
        if seen > LOOK_AT {
            return Ok(Recorded::TooMany);
        }
        let info = WorkflowExecutionInfo::builder().namespace(client.namespace()).workflow_id(run.id());
        let handle = info.run_id(run.run_id()).build().bind_untyped(client.clone());
        let events = handle.fetch_history(WorkflowFetchHistoryOptions::default());
        let marks = events.try_filter_map(|event| async move { Ok(patch_of(&event)) });
        let marks: Vec<(String, bool)> =
            marks.try_collect().await.map_err(|error| refused("a run's history could not be fetched", &error))?;
        by_patched += usize::from(marks.iter().any(|(of, deprecated)| of == id && !deprecated));
    }
    Ok(Recorded::Known { by_patched })
}

/// The product's open runs, on its own queue and where it was moved to.
fn running(product: &Product) -> String {
    let queues = list(&[product.home_queue().to_owned(), product.queue().to_owned()]);
    format!("ExecutionStatus = 'Running' AND TaskQueue IN ({queues})")
}

fn list(names: &[String]) -> String {
    names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ")
}

fn refused(what: &str, error: &(dyn std::error::Error + 'static)) -> Failure {
    Failure::Unavailable(format!("{what}: {}", with_causes(error)))
}
