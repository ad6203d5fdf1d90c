//! The life of a release: installed, upgraded, rolled back, removed; and what rolls its pods, and what does not.

use chart_tests::{Cluster, list};
use serde_json::{Value, json};

use crate::Outcome;

const NAMESPACE: &str = "releases";

fn values() -> Value {
    json!({
        "connection": { "address": "temporal-frontend.temporal:7233" },
        "config": { "TEMPORAL_LOG_LEVEL": "info" },
        "secrets": { "ORDERS_TOKEN": "one" },
        "workers": {
            "general-purpose": { "binary": "general-purpose-worker", "taskQueues": ["general-purpose-task-queue"] },
        },
    })
}

/// The Deployment's generation, which counts its changes, and its pods' template.
fn deployment(cluster: &Cluster) -> Result<(u64, Value), chart_tests::ChartError> {
    let path = format!("/apis/apps/v1/namespaces/{NAMESPACE}/deployments/shop-general-purpose");
    let mut deployment = cluster.api().get(&path)?;
    let generation = deployment["metadata"]["generation"].as_u64().unwrap();
    Ok((generation, deployment["spec"]["template"].take()))
}

/// Every object of the release that is left, by the lists of its kinds.
fn objects(cluster: &Cluster) -> Result<Vec<String>, chart_tests::ChartError> {
    let mut found = Vec::new();
    let namespaced = |group: &str, kind: &str| format!("/{group}/namespaces/{NAMESPACE}/{kind}");
    for (group, kind) in [
        ("apis/apps/v1", "deployments"),
        ("api/v1", "configmaps"),
        ("api/v1", "secrets"),
        ("api/v1", "serviceaccounts"),
        ("apis/policy/v1", "poddisruptionbudgets"),
    ] {
        let all = cluster.api().get(&namespaced(group, kind))?;
        let ours = list(&all).filter(|object| object["metadata"]["labels"]["app.kubernetes.io/part-of"] == "shop");
        found.extend(ours.map(|object| format!("{kind}/{}", object["metadata"]["name"].as_str().unwrap())));
    }
    Ok(found)
}

#[tokio::test]
async fn a_release_is_installed_upgraded_rolled_back_and_removed() -> Outcome {
    let cluster = Cluster::shared().await?;
    cluster.namespace(NAMESPACE)?;
    let (mut values, annotations) =
        (values(), |template: &Value, name: &str| template["metadata"]["annotations"][name].clone());
    let said = cluster.release("install", NAMESPACE, &values).await?.well()?;
    assert!(said.contains("STATUS: deployed"), "{said}");
    let mut expected = vec![
        "deployments/shop-general-purpose",
        "configmaps/shop-config",
        "secrets/shop-secrets",
        "serviceaccounts/shop-general-purpose",
        "poddisruptionbudgets/shop-general-purpose",
    ];
    let (mut found, (first, installed)) = (objects(cluster)?, deployment(cluster)?);
    found.sort();
    expected.sort_unstable();
    assert_eq!(found, expected);
    assert_eq!(installed["spec"]["terminationGracePeriodSeconds"], 305);

    // Neither the same values again nor a budget touches a pod.
    cluster.release("upgrade", NAMESPACE, &values).await?.well()?;
    values["defaults"] = json!({ "podDisruptionBudget": { "maxUnavailable": 2 } });
    cluster.release("upgrade", NAMESPACE, &values).await?.well()?;
    assert_eq!(deployment(cluster)?, (first, installed.clone()), "nothing of the pods has changed");

    // A setting rolls them, and so does a secret.
    values["config"]["TEMPORAL_LOG_LEVEL"] = "debug".into();
    cluster.release("upgrade", NAMESPACE, &values).await?.well()?;
    let (second, configured) = deployment(cluster)?;
    assert!(second > first, "{second} after {first}");
    assert_ne!(annotations(&configured, "checksum/config"), annotations(&installed, "checksum/config"));
    assert_eq!(annotations(&configured, "checksum/secrets"), annotations(&installed, "checksum/secrets"));
    values["secrets"]["ORDERS_TOKEN"] = "two".into();
    cluster.release("upgrade", NAMESPACE, &values).await?.well()?;
    let (third, rotated) = deployment(cluster)?;
    assert!(third > second, "{third} after {second}");
    assert_ne!(annotations(&rotated, "checksum/secrets"), annotations(&configured, "checksum/secrets"));

    // A rollback brings back the pods of the first revision, with what they read.
    cluster.helm(NAMESPACE, &["rollback", "shop", "1"]).await?.well()?;
    let (fourth, rolled_back) = deployment(cluster)?;
    assert!(fourth > third, "{fourth} after {third}");
    assert_eq!(rolled_back, installed);
    let config = cluster.api().get(&format!("/api/v1/namespaces/{NAMESPACE}/configmaps/shop-config"))?;
    assert_eq!(config["data"]["TEMPORAL_LOG_LEVEL"], "info");

    cluster.helm(NAMESPACE, &["uninstall", "shop"]).await?.well()?;
    assert_eq!(objects(cluster)?, Vec::<String>::new());
    Ok(())
}
