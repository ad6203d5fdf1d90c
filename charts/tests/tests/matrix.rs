//! Every way to connect, with every kind of workload, scaler, monitor and network: all of it becomes objects that Kubernetes
//! takes, and the snapshot shows what differs.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use chart_tests::{ChartError, Helm, Schemas, documents};
use serde_json::{Map, Value, json};

type Outcome = Result<(), ChartError>;

fn connections() -> [(&'static str, Value); 5] {
    [
        ("plain", json!({})),
        ("tls", json!({ "tls": { "enabled": true } })),
        ("private-ca", json!({ "tls": { "ca": { "secret": "ca" }, "serverName": "temporal" } })),
        ("mtls", json!({ "tls": { "client": { "secret": "client" }, "ca": { "secret": "client" } } })),
        (
            "api-key",
            json!({ "apiKey": { "secret": "cloud" }, "keyring": { "secret": "keys", "fallbackKey": "older" } }),
        ),
    ]
}

fn workloads() -> [(&'static str, Value); 3] {
    [
        ("plain", json!({})),
        ("versioned", json!({ "versioning": { "behavior": "pinned", "deploymentName": "orders", "buildId": "7" } })),
        ("controlled", json!({ "controller": { "enabled": true } })),
    ]
}

fn scalers() -> [(&'static str, Value); 3] {
    let external = json!([{ "metric": "depth", "averageValue": "10" }, { "metric": "share", "labels": { "a": "b" }, "value": "800m" }]);
    [
        ("fixed", json!({ "replicas": 3 })),
        (
            "hpa",
            json!({ "autoscaling": { "hpa": { "cpu": 70, "slots": { "target": "750m" }, "external": external } } }),
        ),
        (
            "keda",
            json!({ "autoscaling": { "minReplicas": 0, "keda": { "queueTypes": ["activity"], "byVersion": true } } }),
        ),
    ]
}

fn rest() -> [(&'static str, Value); 4] {
    let peer = json!([{ "podSelector": { "matchLabels": { "app": "prometheus" } } }]);
    [
        ("annotations", json!({})),
        (
            "pod-monitor",
            json!({ "metrics": { "monitor": "podMonitor", "labels": { "release": "p" } }, "podDisruptionBudget": { "minAvailable": "50%" } }),
        ),
        (
            "service-monitor",
            json!({ "metrics": { "monitor": "serviceMonitor" }, "networkPolicy": { "enabled": true, "metricsFrom": peer }, "tmp": { "sizeLimit": "" } }),
        ),
        (
            "none",
            json!({
                "metrics": { "monitor": "none" }, "podDisruptionBudget": { "enabled": false }, "serviceAccount": { "create": false },
                "slots": { "targetMemory": 0.8, "targetCpu": 0.9 }, "http": { "controlPort": 9091 }, "priorityClassName": "high",
                "affinity": { "nodeAffinity": {} }, "tolerations": [{ "key": "spot", "operator": "Exists" }], "nodeSelector": { "disk": "ssd" },
                "extraVolumes": [{ "name": "data", "emptyDir": {} }], "extraVolumeMounts": [{ "name": "data", "mountPath": "/data" }],
                "extraEnv": [{ "name": "NODE", "valueFrom": { "fieldRef": { "fieldPath": "spec.nodeName" } } }],
                "podLabels": { "team": "orders" }, "podAnnotations": { "note": "yes" }, "command": ["/bin/worker", "--all"],
            }),
        ),
    ]
}

/// Every worker of a release; those that the chart refuses are left out, and `refusals.rs` is about them.
fn workers(connection: &str) -> Map<String, Value> {
    let mut workers = Map::new();
    for (workload, a) in workloads() {
        for (scaler, b) in scalers() {
            if scaler == "keda" && (workload != "versioned" || ["tls", "private-ca"].contains(&connection)) {
                continue;
            }
            for (more, c) in rest() {
                let name = format!("{workload}-{scaler}-{more}");
                let mut worker = json!({ "binary": "orders-worker", "taskQueues": [name.clone()] });
                for (key, value) in [&a, &b, &c].into_iter().flat_map(|part| part.as_object().into_iter().flatten()) {
                    worker[key] = value.clone();
                }
                workers.insert(name, worker);
            }
        }
    }
    workers
}

/// What a reader of the snapshot wants to see of an object.
fn shown(object: &Value) -> String {
    let kind = object["kind"].as_str().unwrap_or_default();
    // Whom it selects is the same everywhere.
    let mut spec = object["spec"].clone();
    for selector in ["selector", "podSelector"] {
        spec.as_object_mut().map(|spec| spec.remove(selector));
    }
    let pod = &spec["template"]["spec"];
    let container = &pod["containers"][0];
    let mut line = kind.to_owned();
    if ["Deployment", "WorkerDeployment"].contains(&kind) {
        let names = |list: &Value| -> String {
            let names: Vec<&str> =
                list.as_array().into_iter().flatten().filter_map(|item| item["name"].as_str()).collect();
            names.join(" ")
        };
        let _ = write!(line, " replicas={} grace={}", spec["replicas"], pod["terminationGracePeriodSeconds"]);
        let _ = write!(line, "\n    env: {}", names(&container["env"]));
        let _ =
            write!(line, "\n    mounts: {}; volumes: {}", names(&container["volumeMounts"]), names(&pod["volumes"]));
    } else if kind != "ServiceAccount" {
        let _ = write!(line, " {spec}");
    }
    line
}

#[test]
fn every_combination_becomes_objects_that_kubernetes_takes() -> Outcome {
    let (helm, schemas) = (Helm::provided()?, Schemas::provided()?);
    let mut combinations = 0;
    for (connection, settings) in connections() {
        let mut values = json!({
            "connection": settings, "workers": workers(connection),
            "config": { "TEMPORAL_LOG_LEVEL": "info" }, "secrets": { "ORDERS_TOKEN": "hunter2" },
            "jobs": { "schedules": { "enabled": true, "products": ["orders"] }, "searchAttributes": { "enabled": true } },
        });
        values["connection"]["address"] = json!("temporal:7233");
        let rendered = helm.render(&values)?;
        schemas.check(&rendered).map_err(|error| ChartError::Invalid(format!("{connection}: {error}")))?;
        let mut by_worker: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for object in documents(&rendered)? {
            let of = object["metadata"]["labels"]["app.kubernetes.io/component"].as_str().unwrap_or("the release");
            by_worker.entry(of.to_owned()).or_default().push(shown(&object));
        }
        combinations += by_worker.len() - 1;
        let mut text = String::new();
        for (worker, objects) in by_worker {
            let _ = writeln!(text, "{worker}\n  {}", objects.join("\n  "));
        }
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(format!("matrix-{connection}"), text);
        });
    }
    assert_eq!(combinations, 132);
    Ok(())
}
