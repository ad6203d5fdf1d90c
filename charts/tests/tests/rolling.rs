//! What rolls the pods and what does not, how fast a large release renders, and that every pod is restricted.

use std::time::{Duration, Instant};

use chart_tests::{ChartError, Helm, documents, examples};
use serde_json::{Value, json};

type Outcome = Result<(), ChartError>;

fn values() -> Value {
    json!({
        "connection": { "address": "temporal:7233", "apiKey": { "secret": "cloud" } },
        "config": { "TEMPORAL_LOG_LEVEL": "info" },
        "secrets": { "ORDERS_TOKEN": "one" },
        "workers": { "orders": { "binary": "orders-worker", "taskQueues": ["orders"] } },
    })
}

/// The pod of the only worker.
fn pod(helm: &Helm, values: &Value) -> Result<Value, ChartError> {
    let objects = documents(&helm.render(values)?)?;
    let workload =
        objects.into_iter().find(|object| object["kind"].as_str().is_some_and(|kind| kind.ends_with("Deployment")));
    Ok(workload.expect("a workload")["spec"]["template"].clone())
}

#[test]
fn settings_roll_the_pods_and_nothing_else_does() -> Outcome {
    let helm = Helm::provided()?;
    for controlled in [false, true] {
        let mut values = values();
        values["workers"]["orders"]["controller"] = json!({ "enabled": controlled });
        let before = pod(&helm, &values)?;
        assert_eq!(before, pod(&helm, &values)?, "twice is the same");
        for (path, value) in [
            ("/config/TEMPORAL_LOG_LEVEL", json!("debug")),
            ("/secrets/ORDERS_TOKEN", json!("two")),
            ("/connection/address", json!("elsewhere:7233")),
        ] {
            let mut changed = values.clone();
            *changed.pointer_mut(path).unwrap() = value;
            // What the controller gives to its pods is not in the template.
            let rolls = !(controlled && path == "/connection/address");
            assert_eq!(pod(&helm, &changed)? != before, rolls, "{path}, controlled: {controlled}");
        }
        let mut changed = values.clone();
        changed["workers"]["orders"]["podDisruptionBudget"] = json!({ "maxUnavailable": 2 });
        changed["workers"]["orders"]["replicas"] = json!(7);
        changed["jobs"] = json!({ "schedules": { "enabled": true } });
        assert_eq!(pod(&helm, &changed)?, before, "controlled: {controlled}");
    }
    Ok(())
}

#[test]
fn a_worker_says_otherwise_than_the_defaults() -> Outcome {
    let worker = |queue: &str, more: Value| {
        let mut worker =
            json!({ "binary": "orders-worker", "taskQueues": [queue], "podDisruptionBudget": { "enabled": false } });
        for (key, value) in more.as_object().into_iter().flatten() {
            worker[key] = value.clone();
        }
        worker
    };
    let values = json!({
        "connection": { "address": "temporal:7233" },
        "defaults": { "autoscaling": { "hpa": { "cpu": 70 } }, "env": { "A": "1", "B": "1" }, "replicas": 5, "serviceAccount": { "create": false } },
        "workers": {
            "as-the-defaults": worker("a", json!({})),
            "with-keda": worker("b", json!({ "autoscaling": { "hpa": null, "keda": {} } })),
            "fixed": worker("c", json!({ "autoscaling": { "hpa": null }, "env": { "B": "2" }, "replicas": 0 })),
        },
    });
    let objects = documents(&Helm::provided()?.render(&values)?)?;
    let of = |name: &str| -> Vec<&str> {
        let its = objects.iter().filter(|object| object["metadata"]["name"] == format!("shop-{name}"));
        its.filter_map(|object| object["kind"].as_str()).collect()
    };
    assert_eq!(of("as-the-defaults"), ["Deployment", "HorizontalPodAutoscaler"]);
    assert_eq!(of("with-keda"), ["Deployment", "ScaledObject"]);
    assert_eq!(of("fixed"), ["Deployment"]);
    let fixed = objects.iter().find(|object| object["metadata"]["name"] == "shop-fixed").expect("it");
    assert_eq!(fixed["spec"]["replicas"], json!(0));
    let env = fixed["spec"]["template"]["spec"]["containers"][0]["env"].as_array().expect("its env");
    let value = |name: &str| env.iter().find(|variable| variable["name"] == name).map(|variable| &variable["value"]);
    assert_eq!((value("A"), value("B")), (Some(&json!("1")), Some(&json!("2"))));
    Ok(())
}

#[test]
fn a_secret_that_the_chart_makes_is_in_no_pod() -> Outcome {
    let pod = pod(&Helm::provided()?, &values())?.to_string();
    assert!(!pod.contains("\"one\"") && pod.contains("\"secretRef\":{\"name\":\"shop-secrets\"}"), "{pod}");
    Ok(())
}

#[test]
fn the_worker_controllers_own_variables_are_never_set() -> Outcome {
    const ITS: [&str; 9] = [
        "TEMPORAL_ADDRESS",
        "TEMPORAL_NAMESPACE",
        "TEMPORAL_DEPLOYMENT_NAME",
        "TEMPORAL_WORKER_BUILD_ID",
        "TEMPORAL_TLS",
        "TEMPORAL_TLS_CLIENT_KEY_PATH",
        "TEMPORAL_TLS_CLIENT_CERT_PATH",
        "TEMPORAL_TLS_SERVER_NAME",
        "TEMPORAL_API_KEY",
    ];
    let helm = Helm::provided()?;
    let connections = [
        json!({ "address": "temporal:7233", "apiKey": { "secret": "cloud" } }),
        json!({ "address": "temporal:7233", "tls": { "serverName": "t", "client": { "secret": "client" }, "ca": { "secret": "client" } } }),
    ];
    for connection in connections {
        let mut values = values();
        values["connection"] = connection;
        values["workers"]["orders"]["controller"] = json!({ "enabled": true });
        let pod = pod(&helm, &values)?;
        let env = pod["spec"]["containers"][0]["env"].as_array().unwrap();
        let set: Vec<&str> = env.iter().filter_map(|variable| variable["name"].as_str()).collect();
        assert!(set.iter().all(|name| !ITS.contains(name) && *name != "MAINSPRING_API_KEY_FILE"), "{set:?}");
        assert!(set.contains(&"MAINSPRING_VERSIONING") && set.contains(&"TEMPORAL_TASK_QUEUE"), "{set:?}");
    }
    Ok(())
}

#[test]
fn every_pod_of_every_example_is_restricted_and_asks_the_real_probes() -> Outcome {
    let helm = Helm::provided()?;
    let mut pods = 0;
    for file in examples()? {
        for object in documents(&helm.template(&file)?)? {
            let spec = &object["spec"]["template"]["spec"];
            let Some(container) = spec["containers"].get(0) else { continue };
            pods += 1;
            let at = format!("{}: {}", file.display(), object["metadata"]["name"]);
            let pod = &spec["securityContext"];
            assert_eq!((&pod["runAsNonRoot"], &pod["runAsUser"]), (&json!(true), &json!(65532)), "{at}");
            assert_eq!(pod["seccompProfile"], json!({ "type": "RuntimeDefault" }), "{at}");
            let restricted = json!({ "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": { "drop": ["ALL"] } });
            assert_eq!(container["securityContext"], restricted, "{at}");
            assert_eq!(spec["automountServiceAccountToken"], json!(false), "{at}");
            if object["kind"] != "Job" {
                let path = |probe: &str| container[probe]["httpGet"]["path"].as_str();
                let paths = (path("startupProbe"), path("livenessProbe"), path("readinessProbe"));
                assert_eq!(paths, (Some("/livez"), Some("/livez"), Some("/readyz")), "{at}");
            }
        }
    }
    assert!(pods > 10, "{pods}");
    Ok(())
}

#[test]
fn fifty_workers_render_within_a_second() -> Outcome {
    let helm = Helm::provided()?;
    let mut values = values();
    for n in 0..50 {
        values["workers"][format!("worker-{n}")] = json!({
            "binary": "orders-worker", "taskQueues": [format!("queue-{n}")],
            "autoscaling": { "hpa": { "cpu": 70 } }, "metrics": { "monitor": "podMonitor" }, "networkPolicy": { "enabled": true },
        });
    }
    // One second on a quiet machine; tests share theirs.
    const BOUND: Duration = Duration::from_secs(5);
    let (mut best, mut tries, mut objects) = (Duration::MAX, 0, 0);
    while tries < 3 || (tries < 10 && best >= BOUND) {
        tries += 1;
        let start = Instant::now();
        let rendered = helm.render(&values)?;
        best = best.min(start.elapsed());
        objects = documents(&rendered)?.len();
    }
    println!("51 workers, {objects} objects: {:.3} s, the best of {tries}", best.as_secs_f64());
    assert!(objects > 50 * 6, "{objects}");
    assert!(best < BOUND, "{best:?}");
    Ok(())
}
