//! `dev`: Temporal's dev server with its UI, and the workers of every product, in one process.

use std::net::SocketAddr;

use mainspring_servers::TemporalDevServer;
use mainspring_servers::tools::Progress;
use mainspring_settings::Sources;
use mainspring_worker::{Host, Registry};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use tokio::sync::mpsc;

use crate::arguments::DevArguments;
use crate::exit::{self, Failure};
use crate::{print, say};

pub(crate) async fn run(arguments: DevArguments, registry: Registry, sources: Sources) -> Result<(), Failure> {
    let registry = chosen(&arguments.products, registry)?;
    let registry = with_settings(&registry, &sources)?;
    let mut signals = signals()?;
    say("starting Temporal's dev server …");
    // Installing takes minutes the first time, and shows its progress.
    let builder =
        TemporalDevServer::builder().port(arguments.port).ui_port(arguments.ui_port).progress(Progress::stderr());
    let builder = arguments.db.into_iter().fold(builder, |builder, file| builder.db_file(file));
    let starting = async { builder.start().await.map_err(|error| Failure::Unavailable(error.to_string())) };
    let mut server = tokio::select! {
        server = starting => server?,
        _ = signals.recv() => return Err(Failure::Interrupted("interrupted".to_owned())),
    };
    let sources = sources.with_flag("TEMPORAL_ADDRESS", "--port", server.address());
    let queues = registry.queues().into_keys().map(str::to_owned).collect::<Vec<_>>().join(", ");
    let host = Host::new(registry, sources)?.http(Some(SocketAddr::from(([127, 0, 0, 1], 0))));
    let mut host = tokio::select! {
        host = host.start() => host?,
        _ = signals.recv() => return Err(Failure::Interrupted("interrupted".to_owned())),
    };
    print(&format!("Temporal   {}", server.address()))?;
    print(&format!("UI         {}", server.ui_url().unwrap_or_default()))?;
    print(&format!("queues     {queues}"))?;
    print(&format!("probes     http://{}", host.http_addr().map(|addr| addr.to_string()).unwrap_or_default()))?;
    print(
        "try        mainspring workflow execute no-op '{\"arg\": \"1\", \"batch_export_id\": \"test\", \"team_id\": 2}'",
    )?;
    let died = tokio::select! {
        _ = signals.recv() => None,
        error = host.failed() => Some(error),
    };
    say("stopping the workers, then the server; Ctrl-C again leaves at once");
    tokio::select! {
        _ = host.drain() => {}
        signal = signals.recv() => {
            drop(server);
            signal_hook::low_level::exit(128 + signal.unwrap_or(SIGINT));
        }
    }
    server.stop().await;
    died.map_or(Ok(()), |error| Err(error.into()))
}

fn chosen(names: &[String], registry: Registry) -> Result<Registry, Failure> {
    if names.is_empty() {
        return Ok(registry);
    }
    if let Some(unknown) = names.iter().find(|name| registry.product(name).is_none()) {
        let known: Vec<&str> = registry.products().iter().map(mainspring_worker::Product::name).collect();
        return Err(Failure::Usage(format!("there is no product {unknown}: there is {}", known.join(", "))));
    }
    let kept = registry.filter(|product| names.iter().any(|name| name == product.name()));
    kept.ok_or_else(|| Failure::Usage("no product is left".to_owned()))
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

/// Every SIGINT and SIGTERM, from a thread that nothing else runs on.
fn signals() -> Result<mpsc::Receiver<i32>, Failure> {
    let refused = |error: std::io::Error| Failure::Other(format!("signals cannot be handled: {error}"));
    let mut signals = Signals::new([SIGINT, SIGTERM]).map_err(refused)?;
    let (tell, told) = mpsc::channel(8);
    let listen = move || {
        for signal in signals.forever() {
            if tell.blocking_send(signal).is_err() {
                signal_hook::low_level::exit(i32::from(exit::INTERRUPTED));
            }
        }
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(listen).map_err(refused)?;
    Ok(told)
}
