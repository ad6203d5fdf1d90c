//! What single values become, where a slip would harm a fleet that runs: how fast it shrinks, what a scaler counts, what jobs
//! are told, what an overlay takes away.

use chart_tests::{ChartError, Helm, documents};
use serde_json::{Value, json};

type Outcome = Result<(), ChartError>;

fn values(worker: &Value) -> Value {
    let mut values = json!({
        "connection": { "address": "temporal:7233", "namespace": "shop" },
        "workers": { "orders": { "binary": "orders-worker", "taskQueues": ["orders"] } },
    });
    for (key, value) in worker.as_object().into_iter().flatten() {
        values["workers"]["orders"][key] = value.clone();
    }
    values
}

/// The objects of that kind.
fn of(kind: &str, values: &Value) -> Result<Vec<Value>, ChartError> {
    let objects = documents(&Helm::provided()?.render(values)?)?;
    Ok(objects.into_iter().filter(|object| object["kind"] == kind).collect())
}

#[test]
fn a_fleet_shrinks_no_faster_than_its_work_comes_back() -> Outcome {
    for (resume, window, period) in [(1, 1, 1), (180, 180, 180), (3600, 3600, 1800)] {
        let behavior = json!({ "scaleDown": {
            "stabilizationWindowSeconds": window, "selectPolicy": "Max",
            "policies": [
                { "type": "Percent", "value": 10, "periodSeconds": period },
                { "type": "Pods", "value": 1, "periodSeconds": period },
            ],
        } });
        let with = |scaler: &str, given: Value| {
            values(&json!({ "autoscaling": { "longestResumeSeconds": resume, scaler: given } }))
        };
        let hpa = of("HorizontalPodAutoscaler", &with("hpa", json!({ "cpu": 70 })))?;
        assert_eq!(hpa[0]["spec"]["behavior"], behavior);
        let keda = of("ScaledObject", &with("keda", json!({})))?;
        assert_eq!(keda[0]["spec"]["advanced"]["horizontalPodAutoscalerConfig"]["behavior"], behavior);
    }
    for (seconds, said) in [(0, "minimum: got 0, want 1"), (3601, "maximum: got 3,601, want 3,600")] {
        let values = values(&json!({ "autoscaling": { "longestResumeSeconds": seconds } }));
        let refused = Helm::provided()?.render(&values).unwrap_err().to_string();
        assert!(refused.contains(said), "{refused}");
    }
    Ok(())
}

#[test]
fn a_workflow_under_way_keeps_the_last_pod() -> Outcome {
    for (least, keda, expected) in [
        (0, json!({}), json!("true")),
        (0, json!({ "runningWorkflows": true }), json!("true")),
        (0, json!({ "runningWorkflows": false }), Value::Null),
        (1, json!({}), Value::Null),
    ] {
        let objects = of("ScaledObject", &values(&json!({ "autoscaling": { "minReplicas": least, "keda": keda } })))?;
        let counts = &objects[0]["spec"]["triggers"][0]["metadata"]["includeRunningWorkflowCount"];
        assert_eq!(*counts, expected, "{least}");
    }
    Ok(())
}

#[test]
fn the_share_of_slots_is_that_of_one_namespace_and_with_the_controller_of_one_version() -> Outcome {
    let scaled = json!({ "hpa": { "slots": { "target": "750m" } } });
    let labels = |spec: &Value| spec["metrics"][0]["external"]["metric"]["selector"]["matchLabels"].clone();
    let plain = of("HorizontalPodAutoscaler", &values(&json!({ "autoscaling": scaled })))?;
    let expected = json!({ "worker_type": "ActivityWorker", "task_queue": "orders", "temporal_namespace": "shop" });
    assert_eq!(labels(&plain[0]["spec"]), expected);
    // The controller adds the namespace and the version, and refuses to find them there.
    let controlled = json!({ "autoscaling": scaled, "controller": { "enabled": true } });
    let template = of("WorkerResourceTemplate", &values(&controlled))?;
    let expected = json!({ "worker_type": "ActivityWorker", "task_queue": "orders" });
    assert_eq!(labels(&template[0]["spec"]["template"]["spec"]), expected);
    Ok(())
}

#[test]
fn jobs_are_told_what_every_worker_is_told() -> Outcome {
    let mut values = values(&json!({}));
    values["config"] = json!({ "MAINSPRING_QUEUES": "orders=o", "TEMPORAL_LOG_LEVEL": "info" });
    values["jobs"] = json!({ "schedules": { "enabled": true }, "env": { "TEMPORAL_LOG_LEVEL": "debug" } });
    let jobs = of("Job", &values)?;
    let container = &jobs[0]["spec"]["template"]["spec"]["containers"][0];
    let env = container["env"].as_array().expect("its variables");
    let of = |name: &str| -> Vec<&Value> {
        env.iter().filter(|variable| variable["name"] == name).map(|variable| &variable["value"]).collect()
    };
    assert_eq!(of("MAINSPRING_QUEUES"), [&json!("orders=o")]);
    assert_eq!(of("TEMPORAL_LOG_LEVEL"), [&json!("debug")]);
    assert!(container["envFrom"].is_null(), "there is no ConfigMap yet when a release is installed: {container}");
    Ok(())
}

#[test]
fn an_overlay_takes_a_worker_away_by_null() -> Outcome {
    let mut values = values(&json!({}));
    values["workers"]["billing"] = Value::Null;
    let names: Vec<Value> =
        of("Deployment", &values)?.iter().map(|deployment| deployment["metadata"]["name"].clone()).collect();
    assert_eq!(names, ["shop-orders"]);
    Ok(())
}
