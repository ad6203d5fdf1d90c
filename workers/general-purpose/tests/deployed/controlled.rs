//! A version as Temporal's worker controller deploys it.

use std::process::Command;
use std::time::Duration;

use chart_tests::{Cluster, Kubelet};
use mainspring_servers::TemporalDevServer;
use mainspring_testing::{Env, TestError, Workflows, free_port, temporal_cli};
use serde_json::{Value, json};

use crate::{ACCOUNT, Outcome, PROGRAM, QUEUE};

/// The longest wait for Temporal to know of a version.
const PATIENCE: Duration = Duration::from_secs(60);

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
