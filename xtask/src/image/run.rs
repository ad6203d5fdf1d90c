//! Runs an image against a real Temporal, and looks at what a platform wants of it: its probes, a workflow, its end, and
//! that it runs with nothing but what the image gives it.

use std::{
    fs,
    path::Path,
    process::Command,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use mainspring_servers::{TemporalDevServer, free_port, process::OwnedProcess};
use serde_json::Value;

use super::{base, cell, dockerfile::Image, root::Root};
use crate::{failure::Failure, repository::output};

/// How long a worker of any profile may take to start.
const READY_LIMIT: Duration = Duration::from_secs(60);
/// The wait between two looks at a probe.
const LOOK: Duration = Duration::from_millis(5);
/// How long a worker without work may take to leave.
const STOP_LIMIT: Duration = Duration::from_secs(30);
/// The workflow that every worker binary has. It replays histories, of which there are none.
const WORKFLOW: &str = "mainspring-replay-gate";
/// What the build bakes into `--version`, in its order.
const BAKED: [(&str, &str); 2] = [("MAINSPRING_BUILD_ID", "build id"), ("MAINSPRING_COMMIT", "commit")];

/// The faults. What went well is printed. An image that is not looked at `whole` only says its version, which a library that
/// the base lacks prevents.
pub(crate) fn check(
    target: &str,
    image: &Image,
    root: &Root,
    env: &[(String, String)],
    whole: bool,
) -> Result<Vec<String>, Failure> {
    let mut faults = Vec::new();
    let before = root.look()?;
    let runs = Runs::new(target, image, root, env)?;
    if runs.version(&mut faults)? && whole && target != "mainspring" {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|source| Failure::Start { program: "tokio".to_owned(), source })?;
        runtime.block_on(runs.worker(&mut faults))?;
    }
    let after = root.look()?;
    if before == after {
        println!("  nothing was written to its root");
    }
    let changed = after.iter().filter(|(path, look)| before.get(*path) != Some(look)).map(|(path, _)| path);
    let changed = changed.chain(before.keys().filter(|path| !after.contains_key(*path)));
    faults.extend(changed.map(|path| format!("wrote to its read-only root: {}", path.display())));
    Ok(faults)
}

/// One image that runs.
struct Runs<'a> {
    target: &'a str,
    root: &'a Root,
    env: Vec<(String, String)>,
    entrypoint: Vec<String>,
    user: (u32, u32),
}

impl<'a> Runs<'a> {
    fn new(target: &'a str, image: &Image, root: &'a Root, env: &[(String, String)]) -> Result<Self, Failure> {
        let unusable = |what: &str| Failure::Image { what: format!("Dockerfile: {target} {what}") };
        let entrypoint = image.entrypoint.clone();
        let entrypoint = entrypoint.ok_or_else(|| unusable("has no ENTRYPOINT in exec form"))?;
        let user = image.user.as_deref().and_then(|user| user.split_once(':'));
        let user = user.and_then(|(uid, gid)| Some((uid.parse().ok()?, gid.parse().ok()?)));
        let user = user.ok_or_else(|| unusable("has no USER in numbers; write USER 65532:65532"))?;
        let of_base = base::ENV.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let env = of_base.chain(image.env.iter().cloned()).chain(env.iter().cloned()).collect();
        Ok(Self { target, root, env, entrypoint, user })
    }

    fn command(&self, more: &[(&str, &str)], arguments: &[&str]) -> Result<Command, Failure> {
        let more = more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let env: Vec<_> = self.env.iter().cloned().chain(more).collect();
        let words = arguments.iter().map(|word| (*word).to_owned());
        let entrypoint: Vec<String> = self.entrypoint.iter().cloned().chain(words).collect();
        cell::command(&self.root.path(), self.user, &env, &entrypoint)
    }

    /// Whether it starts at all: a library that the base lacks shows here, in the words of the dynamic linker.
    fn version(&self, faults: &mut Vec<String>) -> Result<bool, Failure> {
        let said = match output(&mut self.command(&[], &["--version"])?) {
            Ok(said) => said,
            Err(Failure::Command { status, stderr, .. }) => {
                faults.push(format!("does not start in its image ({status}): {stderr}"));
                return Ok(false);
            }
            Err(failure) => return Err(failure),
        };
        println!("  {}", said.trim());
        for (name, what) in BAKED {
            let given = std::env::var(name).ok().filter(|value| !value.is_empty());
            let expected = format!("{what} {}", given.as_deref().unwrap_or("unset"));
            if !said.contains(&expected) {
                faults.push(format!("--version does not say \"{expected}\", as {name} wants it: {}", said.trim()));
            }
        }
        Ok(true)
    }

    async fn worker(&self, faults: &mut Vec<String>) -> Result<(), Failure> {
        let mut server = TemporalDevServer::builder().start().await.map_err(|source| Failure::Server { source })?;
        let looked = self.worker_on(&server, faults).await;
        server.stop().await;
        looked
    }

    async fn worker_on(&self, server: &TemporalDevServer, faults: &mut Vec<String>) -> Result<(), Failure> {
        let probes = free_address()?;
        let env = [("TEMPORAL_ADDRESS", server.address()), ("MAINSPRING_HTTP_ADDR", probes.clone())];
        let env: Vec<(&str, &str)> = env.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&lines);
        let listener = move |line: &str| {
            heard.lock().unwrap_or_else(PoisonError::into_inner).push(line.to_owned());
        };
        let begin = Instant::now();
        let process = OwnedProcess::start_heard(self.target, self.command(&env, &[])?, listener)
            .map_err(|source| Failure::Server { source })?;
        match ready(&process, &probes) {
            Ok(queues) => {
                println!("  started and ready after {:.2} s", begin.elapsed().as_secs_f64());
                self.rights(&process, faults);
                live(&probes, faults);
                for queue in queues {
                    executes(server, &queue, faults);
                }
                let begin = Instant::now();
                let exit = process.stop(STOP_LIMIT).await;
                if exit.success() {
                    println!("  left with code 0, {:.2} s after SIGTERM", begin.elapsed().as_secs_f64());
                } else {
                    faults.push(format!("is to leave with code 0 on SIGTERM, and ended with {exit}"));
                }
            }
            Err(fault) => faults.push(fault),
        }
        let lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = lines.iter().filter(|line| line.contains("Read-only file system"));
        faults.extend(wanted.map(|line| format!("wanted to write to its read-only root: {line}")));
        Ok(())
    }

    /// What the kernel says of the process.
    fn rights(&self, process: &OwnedProcess, faults: &mut Vec<String>) {
        let outer = process.pid();
        let inner = fs::read_to_string(format!("/proc/{outer}/task/{outer}/children"));
        let inner = inner.unwrap_or_default().trim().to_owned();
        let status = fs::read_to_string(format!("/proc/{inner}/status")).unwrap_or_default();
        let mounts = fs::read_to_string(format!("/proc/{inner}/mountinfo")).unwrap_or_default();
        let map = fs::read_to_string(format!("/proc/{inner}/uid_map")).unwrap_or_default();
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            line.unwrap_or_default().split_whitespace().map(str::to_owned).collect::<Vec<_>>()
        };
        let uid = self.user.0.to_string();
        // Outside of root's view the user has another number; the map tells which.
        let is_user = field("Uid").iter().all(|seen| *seen == uid) || map.split_whitespace().next() == Some(&uid);
        let none = |name| field(name).iter().all(|set| set.trim_start_matches('0').is_empty());
        let held = [
            (field("NSpid").last().map(String::as_str) == Some("1"), "PID 1"),
            (!field("Uid").is_empty() && is_user, "the image's user"),
            (none("CapEff") && none("CapPrm"), "without capabilities"),
            (field("NoNewPrivs") == ["1"], "without a way to new ones"),
            (mounts.lines().any(root_is_read_only), "on a read-only root"),
        ];
        faults.extend(held.iter().filter(|(held, _)| !held).map(|(_, what)| format!("did not run as {what}")));
        if held.iter().all(|(held, _)| *held) {
            println!("  ran as {}, uid {uid}", held.map(|(_, what)| what).join(", "));
        }
    }
}

/// Whether this line of mountinfo is of a root that nobody can write to.
fn root_is_read_only(line: &str) -> bool {
    let words: Vec<&str> = line.split(' ').collect();
    words.get(4) == Some(&"/") && words.get(5).is_some_and(|options| options.split(',').any(|option| option == "ro"))
}

fn free_address() -> Result<String, Failure> {
    let port = free_port().map(|port| format!("127.0.0.1:{port}"));
    port.map_err(|source| Failure::Read { path: "127.0.0.1:0".into(), source })
}

/// Waits until /readyz is fine, and gives back the queues that it names; else the fault.
fn ready(process: &OwnedProcess, probes: &str) -> Result<Vec<String>, String> {
    let begin = Instant::now();
    let mut last = "nobody listened".to_owned();
    while begin.elapsed() < READY_LIMIT {
        if let Some(exit) = process.exit() {
            return Err(format!("ended before it was ready, with {exit}:\n{}", process.last_lines().join("\n")));
        }
        match get(probes, "/readyz") {
            Ok((200, body)) => {
                let state: Value = serde_json::from_str(&body).unwrap_or_default();
                let queues = state["queues"].as_object().map(|queues| queues.keys().cloned().collect());
                return queues.ok_or_else(|| format!("/readyz names no queues: {body}"));
            }
            Ok((_, body)) => last = body,
            Err(_) => {}
        }
        thread::sleep(LOOK);
    }
    Err(format!("was not ready after {} s: {last}", READY_LIMIT.as_secs()))
}

/// The other pages that a platform asks for.
fn live(probes: &str, faults: &mut Vec<String>) {
    let baked = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let build_id = baked(BAKED[0].0).map_or(String::new(), |id| format!("build_id=\"{id}\""));
    let commit = format!("commit=\"{}\"", baked(BAKED[1].0).as_deref().unwrap_or("unset"));
    let is_told = |body: &str| {
        let line = body.lines().find(|line| line.starts_with("mainspring_build_info{"));
        line.is_some_and(|line| line.contains(&commit) && line.contains(&build_id))
    };
    let is_alive = |body: &str| body.contains("\"alive\":true");
    let metric = format!("mainspring_build_info with {commit} {build_id}");
    faults.extend(answers(probes, "/livez", "\"alive\":true", is_alive).err());
    faults.extend(answers(probes, "/metrics", metric.trim_end(), is_told).err());
}

fn answers(probes: &str, page: &str, wanted: &str, is_well: impl Fn(&str) -> bool) -> Result<(), String> {
    match get(probes, page) {
        Ok((200, body)) if is_well(&body) => Ok(()),
        Ok((status, body)) => Err(format!("{page} is to have {wanted}, and answered {status}: {body}")),
        Err(error) => Err(format!("{page} did not answer: {error}")),
    }
}

fn get(probes: &str, page: &str) -> Result<(u16, String), String> {
    let agent: ureq::Agent =
        ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(READY_LIMIT)).build().into();
    let mut answer = agent.get(format!("http://{probes}{page}")).call().map_err(|error| error.to_string())?;
    let body = answer.body_mut().read_to_string().map_err(|error| error.to_string())?;
    Ok((answer.status().as_u16(), body))
}

/// Executes a workflow with an activity on that queue, by Temporal's own CLI.
fn executes(server: &TemporalDevServer, queue: &str, faults: &mut Vec<String>) {
    let mut temporal = temporal(server.program());
    temporal.args(["workflow", "execute", "--address", &server.address(), "--type", WORKFLOW, "--task-queue", queue]);
    temporal.args(["--workflow-id", &format!("image-check-{queue}"), "--input", r#"{"newest": 1}"#]);
    temporal.args(["--execution-timeout", "60s", "--output", "json"]);
    match output(&mut temporal) {
        Ok(said) if said.contains("\"COMPLETED\"") => println!("  executed {WORKFLOW} on {queue}"),
        Ok(said) => faults.push(format!("did not complete {WORKFLOW} on {queue}: {said}")),
        Err(failure) => faults.push(format!("did not complete {WORKFLOW} on {queue}: {failure}")),
    }
}

fn temporal(program: &Path) -> Command {
    let mut command = Command::new(program);
    mainspring_servers::process::forget_variables(&mut command, &["TEMPORAL_"]);
    command
}
