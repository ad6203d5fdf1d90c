//! `worker start`: the workers of some products, as their own binary would run them.

use mainspring_settings::Sources;
use mainspring_worker::{Product, Registry, WorkerSettings, serve};

use crate::arguments::WorkerArguments;
use crate::exit::Failure;

pub(crate) fn start(arguments: &WorkerArguments, registry: &Registry, sources: Sources) -> Result<(), Failure> {
    let chosen = chosen(&arguments.product, &arguments.task_queue, &placed(registry, &sources)?)?;
    // What is asked for by a flag, the environment does not take away again.
    let asked = !arguments.product.is_empty() || !arguments.task_queue.is_empty();
    let sources = sources.without(|name| asked && ["TEMPORAL_TASK_QUEUE", "TASK_QUEUE"].contains(&name));
    serve(chosen, sources)?;
    Ok(())
}

/// The products where MAINSPRING_QUEUES has moved them: their workers are there.
pub(crate) fn placed(registry: &Registry, sources: &Sources) -> Result<Registry, Failure> {
    let settings: WorkerSettings = mainspring_settings::load(sources)?;
    registry.moved(&settings.queues).map_err(|error| Failure::Config(error.to_string()))
}

/// The products of these names, or on these queues; all when neither is given.
pub(crate) fn chosen(products: &[String], queues: &[String], registry: &Registry) -> Result<Registry, Failure> {
    let names: Vec<&str> = registry.products().iter().map(Product::name).collect();
    if let Some(unknown) = products.iter().find(|name| !names.contains(&name.as_str())) {
        return Err(Failure::Usage(format!("there is no product {unknown}: there is {}", names.join(", "))));
    }
    let known: Vec<&str> = registry.queues().into_keys().collect();
    if let Some(unknown) = queues.iter().find(|queue| !known.contains(&queue.as_str())) {
        return Err(Failure::Usage(format!("no product is on task queue {unknown}: there is {}", known.join(", "))));
    }
    let all = products.is_empty() && queues.is_empty();
    let is = |names: &[String], name: &str| names.iter().any(|known| known == name);
    let kept = registry.filter(|product| all || is(products, product.name()) || is(queues, product.queue()));
    kept.ok_or_else(|| Failure::Usage("no product is left".to_owned()))
}
