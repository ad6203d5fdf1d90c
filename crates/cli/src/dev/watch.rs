//! `dev --watch`: one process a task queue, and each restarted when its code has changed and builds. A workflow that runs
//! goes on: its history is at the server, and the new process replays it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use mainspring_servers::process::{OwnedProcess, cargo};
use mainspring_settings::Sources;
use mainspring_settings::connection::{ConnectionSettings, is_of_one_server};
use mainspring_worker::{Registry, WorkerSettings};
use notify::event::{Event, EventKind, MetadataKind, ModifyKind};
use notify::{RecursiveMode, Watcher};
use tokio::sync::mpsc;

use super::signals::Signals;
use super::sources::Workspace;
use crate::exit::Failure;
use crate::say;

/// An editor writes several files at once; they are one change.
const QUIET: Duration = Duration::from_millis(200);
/// In development nobody waits five minutes for an activity.
const GRACE: &str = "GRACEFUL_SHUTDOWN_TIMEOUT_SECONDS";
const GRACE_SECONDS: &str = "10";

/// Runs until the first signal. `sources` name the server.
pub(super) async fn run(
    registry: &Registry,
    workspace: Workspace,
    sources: &Sources,
    signals: &mut Signals,
) -> Result<(), Failure> {
    let (tell, mut changes) = mpsc::channel(1024);
    let heard = move |event: notify::Result<Event>| match event {
        // A channel that is full holds changes enough: one is what it takes to build all that is new.
        Ok(event) if is_change(event.kind) => event.paths.into_iter().for_each(|path| drop(tell.try_send(path))),
        Ok(_) => {}
        Err(error) => say(&format!("the sources cannot be watched: {error}")),
    };
    let cannot = |error: notify::Error| Failure::Other(format!("--watch: {error}"));
    let mut watcher = notify::recommended_watcher(heard).map_err(cannot)?;
    watcher.watch(workspace.root(), RecursiveMode::Recursive).map_err(cannot)?;
    let mut workers = Workers::of(workspace.program(), sources)?;
    for queue in registry.queues().into_keys() {
        workers.start(queue)?;
    }
    say(&format!("watching {}", workspace.root().display()));
    loop {
        let path = tokio::select! {
            _ = signals.next() => break,
            path = changes.recv() => path,
            queue = workers.ended() => {
                say(&format!("the worker of {queue} ended by itself; it starts again with the next change"));
                continue;
            }
        };
        let mut changed: BTreeSet<PathBuf> = path.into_iter().filter(|path| workspace.is_source(path)).collect();
        while !changed.is_empty() {
            changed.extend(settled(&mut changes).await.into_iter().filter(|path| workspace.is_source(path)));
            let built = tokio::select! {
                _ = signals.next() => return workers.stop_all(signals).await,
                built = build(&workspace) => built?,
            };
            // What changed while it was built needs another build.
            let meanwhile = std::iter::from_fn(|| changes.try_recv().ok()).filter(|path| workspace.is_source(path));
            let meanwhile: Vec<PathBuf> = meanwhile.collect();
            if !meanwhile.is_empty() {
                changed.extend(meanwhile);
                continue;
            }
            let touched = workspace.touched(&changed, registry);
            let packages = touched.packages.into_iter().collect::<Vec<_>>().join(", ");
            match (built, touched.queues.is_empty()) {
                (false, _) => say("the build failed: the workers go on as they are"),
                (true, true) => say(&format!("{packages}: no worker runs it")),
                (true, false) => workers.restart(&touched.queues, &packages).await?,
            }
            changed.clear();
        }
    }
    workers.stop_all(signals).await
}

/// Reading a source is an event too, and builds read them all.
fn is_change(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(_) | EventKind::Modify(ModifyKind::Metadata(MetadataKind::AccessTime)) => false,
        EventKind::Any | EventKind::Create(_) | EventKind::Modify(_) | EventKind::Remove(_) | EventKind::Other => true,
    }
}

/// Every path that changes until nothing has for a moment.
async fn settled(changes: &mut mpsc::Receiver<PathBuf>) -> BTreeSet<PathBuf> {
    let mut paths = BTreeSet::new();
    while let Ok(Some(path)) = tokio::time::timeout(QUIET, changes.recv()).await {
        paths.insert(path);
    }
    paths
}

/// Whether the build went well; what cargo says goes to stderr.
async fn build(workspace: &Workspace) -> Result<bool, Failure> {
    let mut cargo = cargo();
    cargo.args(workspace.build()).arg("--quiet").current_dir(workspace.root());
    let cargo = OwnedProcess::start_heard("cargo", cargo, say).map_err(other)?;
    Ok(cargo.wait().await.success())
}

fn other(error: impl std::fmt::Display) -> Failure {
    Failure::Other(error.to_string())
}

struct Workers {
    program: PathBuf,
    connection: ConnectionSettings,
    /// Set where the environment sets none.
    grace: Option<&'static str>,
    /// How long one may take to leave.
    limit: Duration,
    running: BTreeMap<String, OwnedProcess>,
}

impl Workers {
    fn of(program: &Path, sources: &Sources) -> Result<Self, Failure> {
        let grace = std::env::var_os(GRACE).is_none().then_some(GRACE_SECONDS);
        let with_grace = grace.map(|grace| sources.clone().with_flag(GRACE, GRACE, grace));
        let settings: WorkerSettings = mainspring_settings::load(with_grace.as_ref().unwrap_or(sources))?;
        Ok(Self {
            program: program.to_owned(),
            connection: mainspring_settings::load(sources)?,
            grace,
            limit: settings.sum().exit() + Duration::from_secs(1),
            running: BTreeMap::new(),
        })
    }

    fn start(&mut self, queue: &str) -> Result<(), Failure> {
        let mut command = Command::new(&self.program);
        command.args(["worker", "start", "--task-queue", queue]);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(is_of_one_server)) {
            command.env_remove(name);
        }
        // An empty file, so that no profile speaks of another server.
        command.env_remove("TEMPORAL_PROFILE").env("TEMPORAL_CONFIG_FILE", "/dev/null");
        command.env("TEMPORAL_ADDRESS", &self.connection.address).env("TEMPORAL_NAMESPACE", &self.connection.namespace);
        command.env("MAINSPRING_HTTP_ADDR", "127.0.0.1:0");
        command.envs(self.grace.map(|grace| (GRACE, grace)));
        let prefix = queue.to_owned();
        let worker = OwnedProcess::start_heard(queue, command, move |line| say(&format!("{prefix} | {line}")));
        self.running.insert(queue.to_owned(), worker.map_err(other)?);
        Ok(())
    }

    async fn restart(&mut self, queues: &BTreeSet<String>, why: &str) -> Result<(), Failure> {
        for queue in queues {
            if let Some(worker) = self.running.remove(queue) {
                worker.stop(self.limit).await;
            }
            self.start(queue)?;
            say(&format!("restarted: the worker of {queue}, for a change of {why}"));
        }
        Ok(())
    }

    /// The queue of the next worker that ends without being asked to.
    async fn ended(&mut self) -> String {
        let ends = self.running.iter().map(|(queue, worker)| {
            Box::pin(async move {
                worker.wait().await;
                queue.clone()
            })
        });
        let ends: Vec<_> = ends.collect();
        if ends.is_empty() {
            return std::future::pending().await;
        }
        let (queue, _, _) = futures::future::select_all(ends).await;
        self.running.remove(&queue);
        queue
    }

    /// All at once; a second signal leaves what still runs, and it is killed.
    async fn stop_all(self, signals: &mut Signals) -> Result<(), Failure> {
        say("stopping the workers, then the server; Ctrl-C again leaves at once");
        let stops = self.running.values().map(|worker| worker.stop(self.limit));
        tokio::select! {
            _ = futures::future::join_all(stops) => Ok(()),
            signal = signals.next() => Err(Failure::LeftAtOnce(signal)),
        }
    }
}
