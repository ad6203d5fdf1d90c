//! `dev`: Temporal's dev server with its UI, and the workers of every product: in this process, or with `--watch` in
//! one process a queue.

pub(crate) mod signals;
mod sources;
mod watch;

use std::net::SocketAddr;

use mainspring_servers::tools::Progress;
use mainspring_servers::{SearchAttributeType, TemporalDevServer};
use mainspring_settings::Sources;
use mainspring_settings::connection::{ConnectionSettings, is_of_one_server};
use mainspring_worker::{Host, Product, Registry};
use temporalio_common::protos::temporal::api::enums::v1::IndexedValueType;

use crate::arguments::DevArguments;
use crate::exit::Failure;
use crate::{print, say};
use signals::Signals;

/// The queue of `--one-queue`.
const ONE_QUEUE: &str = "development-task-queue";

pub(crate) async fn run(arguments: DevArguments, registry: Registry, sources: Sources) -> Result<(), Failure> {
    let mut signals = Signals::listen()?;
    // Its workers talk to its own server: what another one wants is not for them.
    let sources = sources.without(is_of_one_server);
    let workers = if arguments.no_workers { None } else { Some(workers(&arguments, &registry, &sources)?) };
    let watched = if arguments.watch { Some(sources::Workspace::of_this_command()?) } else { None };
    let server = signals.unless(server(&arguments, &registry, &sources)).await??;
    let sources = sources.with_flag("TEMPORAL_ADDRESS", "--port", server.address());
    print(&format!("Temporal   {}", server.address()))?;
    print(&format!("UI         {}", server.ui_url().unwrap_or_default()))?;
    let until_a_signal = async {
        match (workers, watched) {
            (None, _) => alone(&mut signals).await,
            (Some(registry), None) => inside(registry, sources, &mut signals).await,
            (Some(registry), Some(workspace)) => {
                announce(&registry)?;
                watch::run(&registry, workspace, &sources, &mut signals).await
            }
        }
    };
    let outcome = tokio::select! {
        outcome = until_a_signal => outcome,
        // Without it there is nothing to drain to.
        exit = server.ended() => Err(Failure::Unavailable(format!(
            "Temporal's dev server ended by itself ({exit}); its last lines:\n{}",
            server.last_lines().join("\n")
        ))),
    };
    let mut server = server;
    server.stop().await;
    outcome
}

/// Installing the server takes minutes the first time, and shows its progress.
async fn server(
    arguments: &DevArguments,
    registry: &Registry,
    sources: &Sources,
) -> Result<TemporalDevServer, Failure> {
    say("starting Temporal's dev server …");
    let ConnectionSettings { namespace, .. } = mainspring_settings::load(sources)?;
    let builder =
        TemporalDevServer::builder().port(arguments.port).ui_port(arguments.ui_port).progress(Progress::stderr());
    let builder = registry
        .search_attributes()
        .into_iter()
        .fold(builder, |builder, one| builder.search_attribute(one.name, attribute_type(one.value_type)));
    let builder = arguments.db.iter().fold(builder, |builder, file| builder.db_file(file));
    // `default` is always there.
    let builder = if namespace == "default" { builder } else { builder.namespace(namespace) };
    builder.start().await.map_err(|error| Failure::Unavailable(error.to_string()))
}

const fn attribute_type(value_type: IndexedValueType) -> SearchAttributeType {
    match value_type {
        IndexedValueType::Text => SearchAttributeType::Text,
        IndexedValueType::Int => SearchAttributeType::Int,
        IndexedValueType::Double => SearchAttributeType::Double,
        IndexedValueType::Bool => SearchAttributeType::Bool,
        IndexedValueType::Datetime => SearchAttributeType::Datetime,
        IndexedValueType::KeywordList => SearchAttributeType::KeywordList,
        IndexedValueType::Keyword | IndexedValueType::Unspecified => SearchAttributeType::Keyword,
    }
}

async fn alone(signals: &mut Signals) -> Result<(), Failure> {
    print("workers    none: start them with `mainspring worker start`")?;
    signals.next().await;
    say("stopping the server");
    Ok(())
}

/// Every worker in this process.
async fn inside(registry: Registry, sources: Sources, signals: &mut Signals) -> Result<(), Failure> {
    let shown = registry.clone();
    let host = Host::new(registry, sources)?.http(Some(SocketAddr::from(([127, 0, 0, 1], 0))));
    let mut host = signals.unless(host.start()).await??;
    print(&format!("probes     http://{}", host.http_addr().map(|addr| addr.to_string()).unwrap_or_default()))?;
    announce(&shown)?;
    let died = tokio::select! {
        _ = signals.next() => None,
        error = host.failed() => Some(error),
    };
    say("stopping the workers, then the server; Ctrl-C again leaves at once");
    tokio::select! {
        _ = host.drain() => died.map_or(Ok(()), |error| Err(error.into())),
        signal = signals.next() => Err(Failure::LeftAtOnce(signal)),
    }
}

/// The queues, and a command to try.
fn announce(registry: &Registry) -> Result<(), Failure> {
    for (queue, products) in registry.queues() {
        let products: Vec<&str> = products.into_iter().map(Product::name).collect();
        print(&format!("queue      {queue} ({})", products.join(", ")))?;
    }
    let example = registry.products().iter().find_map(Product::example_command);
    let name = std::env::args().next().unwrap_or_default();
    let name = std::path::Path::new(&name).file_stem().map(|stem| stem.to_string_lossy().into_owned());
    print(&format!("try        {} {}", name.unwrap_or_default(), example.unwrap_or("products")))
}

/// The products that are asked for and have their settings, on the queues that are asked for.
fn workers(arguments: &DevArguments, registry: &Registry, sources: &Sources) -> Result<Registry, Failure> {
    let registry = crate::worker::chosen(&arguments.products, &[], &crate::worker::placed(registry, sources)?)?;
    let registry = with_settings(&registry, sources)?;
    if arguments.one_queue {
        return registry.on_one_queue(ONE_QUEUE).map_err(|error| Failure::Config(error.to_string()));
    }
    Ok(registry)
}

/// A product whose credentials are missing is left out: the others can be worked on.
fn with_settings(registry: &Registry, sources: &Sources) -> Result<Registry, Failure> {
    let kept = registry.filter(|product| match product.check_settings(sources) {
        Ok(()) => true,
        Err(error) => {
            say(&format!("left out: product {} on {}: {error}", product.name(), product.queue()));
            false
        }
    });
    kept.ok_or_else(|| Failure::Config("no product is left: each lacks a setting".to_owned()))
}
