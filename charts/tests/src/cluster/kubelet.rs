//! A kubelet for one machine: it runs a pod's container as a process here, asks its probes, writes its status, hands out
//! its log, and ends it by the grace that the API server gave it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use mainspring_servers::process::{Exit, OwnedProcess};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::logs::{Lines, LogServer};
use super::mounted::Mounted;
use super::pod::text;
use super::{Api, Cluster, PodPlan, now};
use crate::ChartError;

/// The longest wait for a pod to be ready; its own probes give it up before.
const PATIENCE: Duration = Duration::from_secs(120);

/// A node of a cluster, which is this machine.
#[derive(Debug)]
pub struct Kubelet {
    pub(super) api: Api,
    node: String,
    /// By their path in an image.
    programs: BTreeMap<String, PathBuf>,
    lines: Lines,
    _server: LogServer,
}

/// A container that runs. Dropping it kills it.
#[derive(Debug)]
pub struct Running {
    api: Api,
    lines: Lines,
    /// What it was made of.
    pub plan: PodPlan,
    pub(super) process: Arc<OwnedProcess>,
    health: watch::Receiver<Health>,
    probes: JoinHandle<()>,
    since: Instant,
    mounted: Mounted,
}

/// How a container left after its pod was deleted.
#[derive(Debug)]
pub struct Left {
    /// How its process ended; by SIGKILL when its grace was over.
    pub exit: Exit,
    /// From the order to its end.
    pub took: Duration,
    /// What the API server gave it for that.
    pub grace: Duration,
    /// All that it wrote.
    pub log: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Health {
    Starting,
    Unready,
    Ready,
    Killed(String),
}

impl Kubelet {
    /// Makes this machine a node of the cluster. `programs` stand for images: a path in an image, and the program here.
    /// It answers for logs while calls of the API block: on a runtime of more than one thread.
    ///
    /// # Errors
    /// The API server refused the node, or there is no port for its logs.
    pub async fn start<'a>(
        cluster: &Cluster,
        programs: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, ChartError> {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let lines = Lines::default();
        let server = LogServer::start(lines.clone()).await?;
        let node = format!("here-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let status = json!({
            "addresses": [{ "type": "InternalIP", "address": server.address.ip() }],
            "daemonEndpoints": { "kubeletEndpoint": { "Port": server.address.port() } },
        });
        cluster.api.post("/api/v1/nodes", &json!({ "metadata": { "name": node }, "status": status }))?;
        let programs = programs.into_iter().map(|(path, program)| (path.to_owned(), PathBuf::from(program))).collect();
        Ok(Self { api: cluster.api.clone(), node, programs, lines, _server: server })
    }

    /// Creates a pod of a template on this node, as a controller and a scheduler would, and gives it as the API server
    /// admitted it.
    ///
    /// # Errors
    /// The API server refused it.
    pub fn create(
        &self,
        (namespace, name): (&str, &str),
        template: &Value,
        owner: &Value,
    ) -> Result<Value, ChartError> {
        let mut pod = template.clone();
        pod["metadata"]["name"] = name.into();
        if owner.is_object() {
            pod["metadata"]["ownerReferences"] = json!([owner]);
        }
        pod["spec"]["nodeName"] = self.node.as_str().into();
        self.api.post(&format!("/api/v1/namespaces/{namespace}/pods"), &pod)
    }

    /// Runs a pod of this node, and returns when its process is there.
    ///
    /// # Errors
    /// [`PodPlan::of`]'s, no program stands for its image, or it could not be started.
    pub fn run(&self, pod: &Value) -> Result<Running, ChartError> {
        let plan = PodPlan::of(&self.api, pod)?;
        let program = self.programs.get(&plan.command[0]).ok_or_else(|| {
            ChartError::Cluster(format!("nothing here stands for {} of {}", plan.command[0], plan.image))
        })?;
        let mut command = Command::new(program);
        // The kubelet sets these in every container, links to services or not.
        let mounted = Mounted::new(&self.api, &plan)?;
        command.args(&plan.command[1..]).env_clear().env("HOSTNAME", &plan.name);
        command.envs(plan.env.iter().map(|(name, value)| (name, mounted.here(value))));
        command.env("KUBERNETES_SERVICE_HOST", "10.0.0.1").env("KUBERNETES_SERVICE_PORT", "443");
        command.env("KUBERNETES_PORT", "tcp://10.0.0.1:443");
        let (lines, of) = (self.lines.clone(), plan.key());
        self.lines.begin(&of);
        let since = Instant::now();
        let process = OwnedProcess::start_heard(&plan.name, command, move |line| lines.add(&of, line))?;
        let process = Arc::new(process);
        let (tell, health) = watch::channel(Health::Starting);
        let watched = Watched { api: self.api.clone(), plan: plan.clone(), process: Arc::clone(&process), tell };
        watched.write_status(false)?;
        let probes = tokio::spawn(watched.watch());
        Ok(Running { api: self.api.clone(), lines: self.lines.clone(), plan, process, health, probes, since, mounted })
    }
}

impl Running {
    /// Waits until its readiness probe holds, and gives how long that took from its start.
    ///
    /// # Errors
    /// It ended, a probe gave it up, or two minutes passed; the message has its log.
    pub async fn until_ready(&mut self) -> Result<Duration, ChartError> {
        let settled = |health: &Health| matches!(health, Health::Ready | Health::Killed(_));
        let how = tokio::select! {
            // Who is given up ends for that: its health says why.
            biased;
            waited = tokio::time::timeout(PATIENCE, self.health.wait_for(settled)) => match waited {
                Ok(Ok(health)) if *health == Health::Ready => return Ok(self.since.elapsed()),
                Ok(health) => format!("it was given up: {health:?}"),
                Err(_) => format!("{PATIENCE:?} passed"),
            },
            exit = self.process.wait() => format!("it ended ({exit})"),
        };
        Err(ChartError::Cluster(format!("{} was not ready: {how}\n{}", self.plan.name, self.log())))
    }

    /// Waits for a line that has that text.
    ///
    /// # Errors
    /// It ended, or two minutes passed, without one; the message has its last lines.
    pub async fn logged(&self, text: &str) -> Result<String, ChartError> {
        match tokio::time::timeout(PATIENCE, self.process.wait_for_line(text)).await {
            Ok(line) => Ok(line?),
            Err(_) => Err(ChartError::Cluster(format!("no line with {text:?} in {PATIENCE:?}:\n{}", self.log()))),
        }
    }

    /// Writes the files of its secrets again, as a kubelet does within a minute of a change.
    ///
    /// # Errors
    /// A secret is gone, or a file cannot be written.
    pub fn sync(&self) -> Result<(), ChartError> {
        self.mounted.write(&self.api, &self.plan)
    }

    /// Waits for its own end.
    pub async fn end(&self) -> Exit {
        self.process.wait().await
    }

    /// All that it wrote until now.
    pub fn log(&self) -> String {
        self.lines.of(&self.plan.key()).unwrap_or_default()
    }

    /// Deletes the pod, as a roll-out, a drain of a node, or a person does, and ends the container within what the API
    /// server gives it for that.
    ///
    /// # Errors
    /// The API server refused.
    pub async fn delete(self) -> Result<Left, ChartError> {
        let path = format!("/api/v1/namespaces/{}/pods/{}", self.plan.namespace, self.plan.name);
        let deleted = self.api.delete(&path)?;
        let grace = deleted["metadata"]["deletionGracePeriodSeconds"].as_u64();
        let grace = grace.ok_or_else(|| ChartError::Cluster(format!("{path} was deleted without a grace")))?;
        let (grace, from) = (Duration::from_secs(grace), Instant::now());
        // A kubelet asks no more whether it lives.
        self.probes.abort();
        let exit = self.process.stop(grace).await;
        let took = from.elapsed();
        self.api.delete(&format!("{path}?gracePeriodSeconds=0"))?;
        Ok(Left { exit, took, grace, log: self.log() })
    }

    /// Writes that its process has ended into the pod's status, with its last lines when it failed.
    pub(super) fn write_end(&self, exit: Exit) -> Result<(), ChartError> {
        let said = self.log();
        // As `FallbackToLogsOnError` has it: 80 lines, of 2 KiB at most.
        let last: Vec<&str> = said.lines().rev().take(80).collect();
        let last = last.into_iter().rev().collect::<Vec<_>>().join("\n");
        let message =
            if exit.success() { "" } else { &last[last.floor_char_boundary(last.len().saturating_sub(2048))..] };
        let code = exit.code().unwrap_or_else(|| 128 + exit.signal().unwrap_or_default());
        let state = json!({ "terminated": {
            "exitCode": code, "reason": if exit.success() { "Completed" } else { "Error" }, "message": message,
            "startedAt": now(), "finishedAt": now(),
        } });
        let phase = if exit.success() { "Succeeded" } else { "Failed" };
        self.plan.write_status(&self.api, phase, false, &state)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // The task holds the process too.
        self.probes.abort();
    }
}

impl PodPlan {
    /// Whose lines.
    fn key(&self) -> String {
        format!("{}/{}/{}", self.namespace, self.name, self.container)
    }

    fn write_status(&self, api: &Api, phase: &str, ready: bool, state: &Value) -> Result<(), ChartError> {
        let held = if ready { "True" } else { "False" };
        let conditions: Vec<Value> =
            ["Ready", "ContainersReady"].iter().map(|kind| json!({ "type": kind, "status": held })).collect();
        let container = json!({
            "name": self.container, "image": self.image, "imageID": self.image, "restartCount": 0, "ready": ready,
            "started": phase == "Running", "state": state,
        });
        let status = json!({ "phase": phase, "conditions": conditions, "containerStatuses": [container] });
        let path = format!("/api/v1/namespaces/{}/pods/{}/status", self.namespace, self.name);
        api.patch(&path, &json!({ "status": status })).map(|_| ())
    }
}

/// What the probes of a running container lead to.
struct Watched {
    api: Api,
    plan: PodPlan,
    process: Arc<OwnedProcess>,
    tell: watch::Sender<Health>,
}

impl Watched {
    async fn watch(self) {
        if let Some(probe) = &self.plan.startup {
            let (mut times, mut failures) = (probe.times(), 0);
            while let Err(reason) = {
                times.tick().await;
                probe.ask().await
            } {
                failures += 1;
                if failures == probe.threshold {
                    return self.kill(format!("startup: {reason}, {failures} times")).await;
                }
            }
        }
        self.set(if self.plan.readiness.is_some() { Health::Unready } else { Health::Ready });
        tokio::select! {
            reason = self.until_dead() => self.kill(reason).await,
            () = self.readiness() => {}
        }
    }

    /// Asks whether it lives, until it has not so often as is believed.
    async fn until_dead(&self) -> String {
        let Some(probe) = &self.plan.liveness else { return std::future::pending().await };
        let (mut times, mut failures) = (probe.times(), 0);
        loop {
            times.tick().await;
            match probe.ask().await {
                Ok(()) => failures = 0,
                Err(reason) => {
                    failures += 1;
                    if failures == probe.threshold {
                        return format!("liveness: {reason}, {failures} times");
                    }
                }
            }
        }
    }

    async fn readiness(&self) {
        let Some(probe) = &self.plan.readiness else { return std::future::pending().await };
        let (mut times, mut failures) = (probe.times(), 0);
        loop {
            times.tick().await;
            failures = if probe.ask().await.is_ok() { 0 } else { failures + 1 };
            if failures == 0 {
                self.set(Health::Ready);
            } else if failures >= probe.threshold {
                self.set(Health::Unready);
            }
        }
    }

    async fn kill(&self, reason: String) {
        self.set(Health::Killed(reason));
        self.process.stop(self.plan.grace).await;
    }

    fn set(&self, health: Health) {
        if *self.tell.borrow() == health {
            return;
        }
        // First, so that who waits for the health finds it there. A status that is behind harms nobody else.
        let _ = self.write_status(health == Health::Ready);
        self.tell.send_replace(health);
    }

    fn write_status(&self, ready: bool) -> Result<(), ChartError> {
        self.plan.write_status(&self.api, "Running", ready, &json!({ "running": { "startedAt": now() } }))
    }
}

/// The name of a new pod of that owner.
pub(super) fn pod_name(owner: &Value) -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(1);
    format!("{}-{:05}", text(&owner["metadata"]["name"]), NUMBER.fetch_add(1, Ordering::Relaxed))
}
