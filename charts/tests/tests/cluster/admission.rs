//! What the API server takes and refuses: every example, by the definitions of its custom resources, and its pods, by
//! the restricted profile; and what is wrong, with the reason.

use std::fs;

use chart_tests::{ChartError, Cluster, examples, list};
use serde_json::{Value, json};

use crate::Outcome;

/// The template of pods in a Deployment or WorkerDeployment of a namespace, each with its owner's name.
fn templates(cluster: &Cluster, namespace: &str) -> Result<Vec<(String, Value)>, ChartError> {
    let mut found = Vec::new();
    for kind in ["apps/v1/namespaces/NS/deployments", "temporal.io/v1alpha1/namespaces/NS/workerdeployments"] {
        let all = cluster.api().get(&format!("/apis/{}", kind.replace("NS", namespace)))?;
        let of = |object: &Value| {
            let name = object["metadata"]["name"].as_str().unwrap().to_owned();
            (name, object["spec"]["template"].clone())
        };
        found.extend(list(&all).map(of));
    }
    Ok(found)
}

/// Whether the API server would take a pod of that template: by what a kubelet's node would run, and nothing is kept.
fn admit(cluster: &Cluster, namespace: &str, name: &str, template: &Value) -> Result<Value, ChartError> {
    let mut pod = template.clone();
    pod["metadata"]["name"] = name.into();
    cluster.api().post(&format!("/api/v1/namespaces/{namespace}/pods"), &pod)
}

#[tokio::test]
async fn every_example_is_taken_and_its_pods_are_of_the_restricted_profile() -> Outcome {
    let cluster = Cluster::shared().await?;
    let class = json!({ "metadata": { "name": "workers" }, "value": 1000 });
    cluster.api().post("/apis/scheduling.k8s.io/v1/priorityclasses", &class)?;
    let (mut pods, mut customs) = (0, 0);
    for example in examples()? {
        let stem = example.file_stem().unwrap().to_string_lossy().into_owned();
        let namespace = format!("example-{stem}");
        cluster.namespace(&namespace)?;
        let (chart, file) = (chart_tests::chart().display().to_string(), example.display().to_string());
        // Jobs have nobody here who would run them.
        let install = ["install", "shop", &chart, "--values", &file, "--no-hooks"];
        cluster
            .helm(&namespace, &install)
            .await?
            .well()
            .map_err(|error| ChartError::Cluster(format!("{stem}: {error}")))?;
        let templates = templates(cluster, &namespace)?;
        assert!(!templates.is_empty(), "{stem} runs no worker");
        for (name, template) in templates {
            let pod = admit(cluster, &namespace, &name, &template)?;
            assert_eq!(pod["spec"]["enableServiceLinks"], false, "{stem}: {name}");
            pods += 1;
        }
        let manifest = cluster.helm(&namespace, &["get", "manifest", "shop"]).await?.well()?;
        let ours = ["temporal.io/", "keda.sh/", "monitoring.coreos.com/"];
        customs += ours.iter().map(|group| manifest.matches(&format!("apiVersion: {group}")).count()).sum::<usize>();
        cluster.helm(&namespace, &["uninstall", "shop", "--no-hooks"]).await?.well()?;
        let text = fs::read_to_string(&example).map_err(|error| ChartError::Cluster(error.to_string()))?;
        assert!(text.starts_with("# "), "{stem} says what it is for");
    }
    assert!(pods >= 8 && customs >= 6, "{pods} pods and {customs} custom resources are too few to prove anything");
    Ok(())
}

#[tokio::test]
async fn a_pod_that_may_more_than_the_restricted_profile_is_refused() -> Outcome {
    let cluster = Cluster::shared().await?;
    cluster.namespace("profile")?;
    let values = json!({
        "connection": { "address": "temporal:7233" },
        "workers": { "general-purpose": { "binary": "general-purpose-worker", "taskQueues": ["q"] } },
    });
    cluster.release("install", "profile", &values).await?.well()?;
    let (_, good) = templates(cluster, "profile")?.remove(0);
    admit(cluster, "profile", "good", &good)?;
    for (pointer, value, reason) in [
        (
            "/spec/containers/0/securityContext/allowPrivilegeEscalation",
            json!(true),
            "allowPrivilegeEscalation != false",
        ),
        ("/spec/containers/0/securityContext/capabilities/drop", json!([]), "unrestricted capabilities"),
        ("/spec/securityContext/runAsNonRoot", json!(false), "runAsNonRoot != true"),
        ("/spec/securityContext/seccompProfile", Value::Null, "seccompProfile"),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).unwrap() = value;
        let refused = admit(cluster, "profile", "bad", &bad).unwrap_err().to_string();
        assert!(
            refused.contains("violates PodSecurity \"restricted:latest\"") && refused.contains(reason),
            "{refused}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn a_worker_deployment_and_a_scaled_object_are_held_against_their_definitions() -> Outcome {
    let cluster = Cluster::shared().await?;
    cluster.namespace("definitions")?;
    let worker = json!({ "binary": "general-purpose-worker", "taskQueues": ["q"] });
    let values = json!({
        "connection": { "address": "temporal:7233" },
        "workers": { "by-version": worker, "by-backlog": worker },
    });
    let mut values = values;
    values["workers"]["by-backlog"]["taskQueues"] = json!(["r"]);
    values["workers"]["by-backlog"]["autoscaling"] = json!({ "keda": { "targetQueueSize": 10 } });
    values["workers"]["by-version"]["controller"] = json!({ "enabled": true });
    values["workers"]["by-version"]["autoscaling"] = json!({ "hpa": { "cpu": 70 } });
    cluster.release("install", "definitions", &values).await?.well()?;
    let at = |kind: &str, name: &str| {
        format!(
            "/apis/{}/namespaces/definitions/{kind}/{name}",
            match kind {
                "scaledobjects" => "keda.sh/v1alpha1",
                _ => "temporal.io/v1alpha1",
            }
        )
    };
    cluster.api().get(&at("connections", "shop"))?;
    cluster.api().get(&at("workerresourcetemplates", "shop-by-version"))?;
    let (version, backlog) = (at("workerdeployments", "shop-by-version"), at("scaledobjects", "shop-by-backlog"));
    assert_eq!(cluster.api().get(&version)?["spec"]["rollout"]["gate"]["workflowType"], "mainspring-replay-gate");

    let bad = json!({ "spec": { "rollout": { "steps": [{ "rampPercentage": 100, "pauseDuration": "5m" }] } } });
    let refused = cluster.api().patch(&version, &bad).unwrap_err().to_string();
    assert!(refused.contains("rampPercentage"), "{refused}");
    let refused = cluster.api().patch(&backlog, &json!({ "spec": { "triggers": null } })).unwrap_err().to_string();
    assert!(refused.contains("spec.triggers: Required value"), "{refused}");
    Ok(())
}
