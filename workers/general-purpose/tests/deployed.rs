//! The worker as the chart deploys it: the pods that Kubernetes' API server has after `helm install` and `helm upgrade`
//! run here, each as its spec says, and work goes from the one to the other.
#![cfg(feature = "full")]

use std::process::Command;
use std::time::Duration;

use chart_tests::{ChartError, Cluster, Kubelet, Running, holds};
use mainspring_servers::TemporalDevServer;
use mainspring_testing::{ActivityRun, Env, TestError, Workflows, free_port, temporal_cli};
use serde_json::{Value, json};
use travelling_salesman_solver::activities::Solver;
use travelling_salesman_solver::contract::{SolveInput, Tour};

type Outcome = Result<(), TestError>;

const NAMESPACE: &str = "deployed";
const QUEUE: &str = "general-purpose-task-queue";
const ACCOUNT: &str = r#"{"arg": "1", "batch_export_id": "test", "team_id": 2}"#;
/// How long the worker has, as its values say; the pod has 5 s more.
const GRACE: u64 = 20;
const PROGRAM: (&str, &str) = ("/usr/local/bin/general-purpose-worker", env!("CARGO_BIN_EXE_general-purpose-worker"));
/// The longest wait for Temporal to know of a version.
const PATIENCE: Duration = Duration::from_secs(60);

fn values(address: &str, port: u16) -> Value {
    json!({
        "connection": { "address": address },
        "config": { "MAINSPRING_HEARTBEAT_THROTTLE": "0.1" },
        "workers": { "general-purpose": {
            "binary": "general-purpose-worker",
            "taskQueues": [QUEUE],
            "grace": GRACE,
            "http": { "port": port },
            "secretEnv": { "MAINSPRING_LOG_FORMAT": { "secret": "logging", "key": "format" } },
        } },
    })
}

/// The pod that a controller would make of the Deployment now, running.
fn pod(cluster: &Cluster, kubelet: &Kubelet, name: &str) -> Result<Running, ChartError> {
    let path = format!("/apis/apps/v1/namespaces/{NAMESPACE}/deployments/shop-general-purpose");
    let deployment = cluster.api().get(&path)?;
    let admitted = kubelet.create((NAMESPACE, name), &deployment["spec"]["template"], &Value::Null)?;
    kubelet.run(&admitted)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_release_runs_and_an_upgrade_moves_its_work_to_new_pods() -> Outcome {
    let (cluster, env) = (Cluster::shared().await?, Env::shared().await?);
    cluster.namespace(NAMESPACE)?;
    let secret = json!({ "metadata": { "name": "logging" }, "stringData": { "format": "json" } });
    cluster.api().post(&format!("/api/v1/namespaces/{NAMESPACE}/secrets"), &secret)?;
    let kubelet = Kubelet::start(cluster, [PROGRAM]).await?;

    let mut values = values(env.address(), free_port()?);
    cluster.release("install", NAMESPACE, &values).await?.well()?;
    let mut first = pod(cluster, &kubelet, "first")?;
    let ready = first.until_ready().await?;
    println!("ready after {ready:?}");
    let seen = cluster.api().get(&format!("/api/v1/namespaces/{NAMESPACE}/pods/first"))?;
    assert!(holds(&seen, "Ready"), "{seen}");
    assert_eq!(first.plan.env["MAINSPRING_LOG_FORMAT"], "json", "as the API server keeps it in the secret");
    assert_eq!(first.plan.env["MAINSPRING_HEARTBEAT_THROTTLE"], "0.1", "and this in the config map");
    assert!(first.log().lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{}", first.log());
    assert!(!first.log().contains("unknown setting"), "{}", first.log());

    let client = env.client().await?;
    let id = env.id("no-op");
    client.begin(QUEUE, &id, "no-op", &serde_json::from_str::<Value>(ACCOUNT)?).await?;
    client.result::<Value>(&id).await?;
    assert_eq!(held(&first, "\"msg\":\"searching\""), 0);

    // A search that goes on for longer than the pod.
    let instance = include_str!("../../../products/travelling-salesman-solver/tests/berlin52.tsp");
    let input = SolveInput { rounds: 20, tries_per_round: 10_000, ..SolveInput::new(instance) };
    let id = env.id("deployed");
    client.begin(QUEUE, &id, "travelling-salesman", &input).await?;
    first.logged("\"msg\":\"searching\"").await?;

    values["config"]["TEMPORAL_LOG_LEVEL"] = "debug".into();
    // All pods of this machine have one address: the new one listens beside the old.
    values["workers"]["general-purpose"]["http"]["port"] = free_port()?.into();
    cluster.release("upgrade", NAMESPACE, &values).await?.well()?;
    let mut second = pod(cluster, &kubelet, "second")?;
    let checksum = |running: &Running| running.plan.annotations["checksum/config"].clone();
    assert_ne!(checksum(&first), checksum(&second), "the new setting makes other pods");
    assert_eq!(second.plan.env["TEMPORAL_LOG_LEVEL"], "debug");
    second.until_ready().await?;

    let left = first.delete().await?;
    println!("left after {:?} of {:?}", left.took, left.grace);
    assert_eq!(left.grace, Duration::from_secs(GRACE + 5), "what the API server gives it");
    assert!(left.exit.success(), "{:?}: {}", left.exit, left.log);
    assert!(left.took < left.grace, "{:?}", left.took);
    assert!(!left.log.contains("\"msg\":\"found\""), "the search was over before: it needs more rounds");
    let gone = cluster.api().get(&format!("/api/v1/namespaces/{NAMESPACE}/pods/first")).unwrap_err().to_string();
    assert!(gone.contains("404"), "{gone}");

    second.logged("\"msg\":\"searching\"").await?;
    let tour: Tour = client.result(&id).await?;
    let undisturbed = ActivityRun::new(Solver::improve_tour, input).heartbeat_timeout(Duration::from_secs(10));
    assert_eq!(tour, undisturbed.on(Solver).await.result?);
    let left = second.delete().await?;
    assert!(left.exit.success() && left.took < Duration::from_secs(10), "with nothing to do: {left:?}");
    Ok(())
}

fn held(running: &Running, text: &str) -> usize {
    running.log().matches(text).count()
}

/// Runs Temporal's own CLI, and says whether it did what it was asked.
fn theirs(address: &str, arguments: &[&str]) -> Result<bool, TestError> {
    let mut command = Command::new(temporal_cli()?);
    Ok(command.args(arguments).args(["--address", address]).output()?.status.success())
}

/// The controller itself cannot be had here: what it adds to the pod, and how it starts the gate, is done as it does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_of_the_worker_controllers_registers_and_passes_its_gate_before_it_is_current() -> Outcome {
    const CONTROLLED: &str = "controlled";
    const DEPLOYMENT: &str = "controlled/shop-general-purpose";
    const BUILD: &str = "1a2b-3c4d";
    let (cluster, server) = (Cluster::shared().await?, TemporalDevServer::builder().start().await?);
    let (address, env) = (server.address(), Env::at(server.address()));
    cluster.namespace(CONTROLLED)?;
    let kubelet = Kubelet::start(cluster, [PROGRAM]).await?;
    let values = json!({
        "connection": { "address": address },
        "config": { "MAINSPRING_LOG_FORMAT": "json" },
        "workers": { "general-purpose": {
            "binary": "general-purpose-worker",
            "taskQueues": [QUEUE],
            "http": { "port": free_port()? },
            "controller": { "enabled": true },
        } },
    });
    cluster.release("install", CONTROLLED, &values).await?.well()?;
    let path = format!("/apis/temporal.io/v1alpha1/namespaces/{CONTROLLED}/workerdeployments/shop-general-purpose");
    let custom = cluster.api().get(&path)?;
    let connection = format!("/apis/temporal.io/v1alpha1/namespaces/{CONTROLLED}/connections/shop");
    let host_port = cluster.api().get(&connection)?["spec"]["hostPort"].clone();

    let mut template = custom["spec"]["template"].clone();
    let given = template["spec"]["containers"][0]["env"].as_array_mut().ok_or("the container has variables")?;
    for (name, value) in [
        ("TEMPORAL_ADDRESS", host_port),
        ("TEMPORAL_NAMESPACE", custom["spec"]["workerOptions"]["temporalNamespace"].clone()),
        ("TEMPORAL_DEPLOYMENT_NAME", DEPLOYMENT.into()),
        ("TEMPORAL_WORKER_BUILD_ID", BUILD.into()),
    ] {
        assert!(!given.iter().any(|one| one["name"] == name), "the chart leaves {name} to the controller");
        given.push(json!({ "name": name, "value": value }));
    }
    let pod = kubelet.create((CONTROLLED, "version"), &template, &Value::Null)?;
    let mut running = kubelet.run(&pod)?;
    running.until_ready().await?;
    let version = ["--deployment-name", DEPLOYMENT, "--build-id", BUILD];
    let known = async {
        let mut looks = tokio::time::interval(Duration::from_millis(200));
        while !theirs(&address, &[&["worker", "deployment", "describe-version"][..], &version].concat())? {
            looks.tick().await;
        }
        Ok::<_, TestError>(())
    };
    tokio::time::timeout(PATIENCE, known).await.map_err(|_| running.log())??;

    // Nobody polls without a version: the gate waits until it is pinned to this one, which has no traffic yet.
    let (gate, client, id) = (&custom["spec"]["rollout"]["gate"], env.client().await?, env.id("gate"));
    client.begin(QUEUE, &id, gate["workflowType"].as_str().ok_or("the gate has a type")?, &gate["input"]).await?;
    let pin = ["workflow", "update-options", "--workflow-id", &id, "--versioning-override-behavior", "pinned"];
    let to = ["--versioning-override-deployment-name", DEPLOYMENT, "--versioning-override-build-id", BUILD];
    assert!(theirs(&address, &[&pin[..], &to].concat())?);
    let report: Value = client.result(&id).await?;
    assert_eq!(report["build_id"], BUILD, "{report}");
    let judged = report["workflows"].as_array().ok_or("the gate names types")?;
    assert!(judged.len() >= 3, "every type of the queue is judged: {report}");

    // Current, it gets traffic.
    assert!(theirs(&address, &[&["worker", "deployment", "set-current-version", "--yes"][..], &version].concat())?);
    let id = env.id("no-op");
    client.begin(QUEUE, &id, "no-op", &serde_json::from_str::<Value>(ACCOUNT)?).await?;
    client.result::<Value>(&id).await?;
    let left = running.delete().await?;
    assert!(left.exit.success(), "{left:?}");
    Ok(())
}
