//! The chart's hooks with the real command, the real API server and a real namespace of Temporal's: what they bring
//! about, twice; and a release that a failed one stops, with the reason.
#![cfg(feature = "full")]

use std::process::{Command, Output, Stdio};

use chart_tests::{Cluster, Kubelet, Said, holds, list};
use mainspring_servers::TemporalDevServer;
use mainspring_testing::{TestError, free_port, program};
use serde_json::{Value, json};

type Outcome = Result<(), TestError>;

const MAINSPRING: &str = env!("CARGO_BIN_EXE_mainspring");

fn values(address: &str) -> Value {
    json!({
        "connection": { "address": address },
        "workers": { "analytics": { "binary": "analytics-worker", "taskQueues": ["analytics"] } },
        "config": { "TEMPORAL_LOG_LEVEL": "info" },
        "jobs": { "searchAttributes": { "enabled": true }, "schedules": { "enabled": true }, "retries": 1 },
    })
}

/// A namespace with a kubelet that has the command.
struct Desk {
    cluster: &'static Cluster,
    kubelet: Kubelet,
    namespace: &'static str,
}

impl Desk {
    async fn new(namespace: &'static str) -> Result<Self, TestError> {
        let cluster = Cluster::shared().await?;
        cluster.namespace(namespace)?;
        let kubelet = Kubelet::start(cluster, [("/usr/local/bin/mainspring", MAINSPRING)]).await?;
        Ok(Self { cluster, kubelet, namespace })
    }

    /// Helm, while its hooks run.
    async fn release(&self, verb: &str, address: &str) -> Result<Said, TestError> {
        let values = values(address);
        let helm = self.cluster.release(verb, self.namespace, &values);
        Ok(self.kubelet.with_jobs(self.namespace, helm).await??)
    }

    fn list(&self, group: &str, kind: &str) -> Result<Vec<Value>, TestError> {
        let all = self.cluster.api().get(&format!("/{group}/namespaces/{}/{kind}", self.namespace))?;
        Ok(list(&all).cloned().collect())
    }
}

/// What the command says of a namespace, when it leaves with 0.
fn said(address: &str, arguments: &[&str]) -> Result<String, TestError> {
    let mut command: Command = program(MAINSPRING);
    let Output { status, stdout, stderr } =
        command.args(["--address", address]).args(arguments).stdin(Stdio::null()).output()?;
    assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
    Ok(String::from_utf8(stdout)?)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_release_brings_search_attributes_and_schedules_and_the_next_one_finds_them() -> Outcome {
    let (server, desk) = (TemporalDevServer::builder().start().await?, Desk::new("hooks").await?);
    let address = server.address();
    for verb in ["install", "upgrade"] {
        let helm = desk.release(verb, &address).await?;
        assert!(helm.success, "{verb}: {}", helm.text);
        said(&address, &["search-attributes", "check"])?;
        let plan: Value = serde_json::from_str(&said(&address, &["schedules", "plan", "-o", "json"])?)?;
        let of = |schedule: &Value| (schedule["schedule_id"].clone(), schedule["action"].clone());
        let schedules: Vec<_> = plan["schedules"].as_array().into_iter().flatten().map(of).collect();
        assert_eq!(schedules, [(json!("daily-revenue-report"), json!("unchanged"))], "{plan}");
        assert_eq!(desk.list("apis/batch/v1", "jobs")?, Vec::<Value>::new(), "what succeeded is removed");
    }
    said(&address, &["schedules", "delete", "--schedule-id", "daily-revenue-report"])?;
    let rolled_back = desk.cluster.helm(desk.namespace, &["rollback", "shop", "1"]);
    let rolled_back = desk.kubelet.with_jobs(desk.namespace, rolled_back).await??;
    assert!(rolled_back.success, "{}", rolled_back.text);
    // A plan with anything to do would leave with 2.
    let plan: Value = serde_json::from_str(&said(&address, &["schedules", "plan", "-o", "json"])?)?;
    assert_eq!(plan["schedules"][0]["action"], "unchanged", "the rollback's hook has made it again: {plan}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_hook_fails_the_release_before_its_pods_and_says_why() -> Outcome {
    let (server, desk) = (TemporalDevServer::builder().start().await?, Desk::new("failed-hooks").await?);
    let helm = desk.release("install", &server.address()).await?;
    assert!(helm.success, "{}", helm.text);
    let before = desk.list("apis/apps/v1", "deployments")?;

    let nowhere = format!("127.0.0.1:{}", free_port()?);
    let helm = desk.release("upgrade", &nowhere).await?;
    assert!(!helm.success, "{}", helm.text);
    println!("{}", helm.text);
    assert!(helm.text.contains("job shop-search-attributes failed: BackoffLimitExceeded"), "{}", helm.text);
    assert!(helm.text.contains(&nowhere), "Helm shows what the pod said: {}", helm.text);
    assert_eq!(desk.list("apis/apps/v1", "deployments")?, before, "no pod is touched");

    // What stays to be looked at.
    let jobs = desk.list("apis/batch/v1", "jobs")?;
    assert!(jobs.len() == 1 && holds(&jobs[0], "Failed"), "{jobs:?}");
    let pods = desk.list("api/v1", "pods")?;
    assert_eq!(pods.len(), 2, "the first try, and one more");
    for pod in &pods {
        let ended = &pod["status"]["containerStatuses"][0]["state"]["terminated"];
        assert!(
            ended["exitCode"] != 0 && ended["message"].as_str().is_some_and(|said| said.contains(&nowhere)),
            "{ended}"
        );
    }

    let helm = desk.release("upgrade", &server.address()).await?;
    assert!(helm.success, "{}", helm.text);
    assert_eq!(desk.list("apis/batch/v1", "jobs")?, Vec::<Value>::new());
    Ok(())
}
