//! A release and its upgrade: work goes from the old pod to the new one.

use std::time::Duration;

use chart_tests::{ChartError, Cluster, Kubelet, Running, holds};
use mainspring_testing::{ActivityRun, Env, Workflows, free_port};
use serde_json::{Value, json};
use travelling_salesman_solver::activities::Solver;
use travelling_salesman_solver::contract::{SolveInput, Tour};

use crate::{ACCOUNT, Outcome, PROGRAM, QUEUE};

const NAMESPACE: &str = "deployed";
/// How long the worker has, as its values say; the pod has 5 s more.
const GRACE: u64 = 60;

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
    let instance = include_str!("../../../../products/travelling-salesman-solver/tests/berlin52.tsp");
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
    assert!(left.exit.success() && left.took < left.grace / 2, "with nothing to do: {left:?}");
    Ok(())
}

fn held(running: &Running, text: &str) -> usize {
    running.log().matches(text).count()
}
