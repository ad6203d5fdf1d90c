//! Values that would not work do not render, and each says where it is and what would be right.

use chart_tests::{ChartError, Helm};
use serde_json::{Value, json};

type Outcome = Result<(), ChartError>;

fn values() -> Value {
    json!({
        "connection": { "address": "temporal:7233" },
        "workers": { "orders": { "binary": "orders-worker", "taskQueues": ["orders"] } },
    })
}

/// Puts a value at a path such as `workers.orders.grace`; `null` in the path's parts never occurs.
fn with(mut values: Value, path: &str, value: Value) -> Value {
    let mut at = &mut values;
    for part in path.split('.') {
        at = &mut at[part];
    }
    *at = value;
    values
}

/// What Helm says of the good values with these changed.
fn said(helm: &Helm, changes: &[(&str, Value)]) -> Result<String, ChartError> {
    let changed = changes.iter().fold(values(), |values, (path, value)| with(values, path, value.clone()));
    let error =
        helm.render(&changed).err().ok_or_else(|| ChartError::Invalid(format!("this was not refused: {changes:?}")))?;
    error.refusal().map(str::to_owned).ok_or(error)
}

#[test]
fn the_values_that_are_changed_here_are_good() -> Outcome {
    Helm::provided()?.render(&values()).map(drop)
}

#[test]
fn a_grace_that_does_not_fit_says_the_number_that_would() -> Outcome {
    let helm = Helm::provided()?;
    let given = [("workers.orders.grace", json!(60)), ("workers.orders.terminationGracePeriodSeconds", json!(60))];
    assert_eq!(
        said(&helm, &given)?,
        "workers.orders.terminationGracePeriodSeconds is 60, and the worker needs 65 to leave: its grace of 60 s, in which activities are told, \
         cancelled 5 s before the end and every flush ends, and 5 s for the process. Leave it out, give it 65 or more, or lower grace to 55"
    );
    let given = [("defaults.terminationGracePeriodSeconds", json!(0))];
    assert!(
        said(&helm, &given)?
            .starts_with("workers.orders.terminationGracePeriodSeconds is 0, and the worker needs 305 to leave")
    );
    for (grace, pod, rendered) in [
        (60, json!(null), 65),
        (60, json!(65), 65),
        (60, json!(90), 90),
        (0, json!(null), 5),
        (86_400, json!(null), 86_405),
    ] {
        let values = with(values(), "workers.orders.grace", json!(grace));
        let values = with(values, "workers.orders.terminationGracePeriodSeconds", pod);
        let text = helm.render(&values)?;
        assert!(text.contains(&format!("terminationGracePeriodSeconds: {rendered}\n")), "{text}");
        assert!(text.contains(&format!("GRACEFUL_SHUTDOWN_TIMEOUT_SECONDS, value: \"{grace}\"")), "{text}");
    }
    Ok(())
}

#[test]
fn a_connection_that_contradicts_itself_is_named() -> Outcome {
    let helm = Helm::provided()?;
    let (mtls, key) = (("connection.tls.client.secret", json!("client")), ("connection.apiKey.secret", json!("cloud")));
    let cases: [(&[(&str, Value)], &str); 5] = [
        (
            &[mtls.clone(), key.clone()],
            "connection.tls.client.secret is \"client\" and connection.apiKey.secret is \"cloud\": Temporal takes mTLS or an API key, keep one",
        ),
        (
            &[("connection.address", json!(""))],
            "connection.address is missing: write HOST:PORT, where Temporal's frontend is",
        ),
        (
            &[("connection.address", json!("https://temporal"))],
            "connection.address is \"https://temporal\", which is not HOST:PORT: write it as temporal-frontend.temporal:7233",
        ),
        (
            &[("connection.tls.enabled", json!(false)), key],
            "connection.tls.enabled is false, but connection.apiKey.secret needs TLS: drop one or the other",
        ),
        (
            &[("connection.tls.enabled", json!(false)), mtls],
            "connection.tls.enabled is false, but connection.tls.client.secret needs TLS: drop one or the other",
        ),
    ];
    for (changes, expected) in cases {
        assert_eq!(said(&helm, changes)?, expected);
    }
    Ok(())
}

#[test]
fn a_worker_without_an_image_or_a_queue_or_with_anothers_is_named() -> Outcome {
    let helm = Helm::provided()?;
    let other = json!({ "binary": "billing-worker", "taskQueues": ["orders"] });
    let cases: [(&[(&str, Value)], &str); 6] = [
        (
            &[("workers.orders.binary", json!(""))],
            "workers.orders has neither binary nor image.repository: name the worker binary, such as general-purpose-worker, or a whole image",
        ),
        (
            &[("workers.orders.image", json!({ "repository": "example.com/orders" }))],
            "workers.orders has both binary (\"orders-worker\") and image.repository (\"example.com/orders\"): keep one",
        ),
        (
            &[("workers.orders.taskQueues", json!([]))],
            "workers.orders.taskQueues is missing: name the task queues that its binary polls",
        ),
        (
            &[("workers.billing", other)],
            "workers.orders.taskQueues names orders, and so does workers.billing: a worker whose binary lacks the other's workflows fails them. \
             Give the queue to one worker",
        ),
        (
            &[("workers.orders.taskQueues", json!(["orders", "orders"]))],
            "workers.orders.taskQueues names orders, and so does workers.orders: a worker whose binary lacks the other's workflows fails them. \
             Give the queue to one worker",
        ),
        (
            &[("fullnameOverride", json!("the-worker-fleet-of-all-the-shops-of-europe"))],
            "workers.orders: its name is \"the-worker-fleet-of-all-the-shops-of-europe-orders\" with the release's, 50 characters long, and pods need \
             their own ending: 47 at most. Shorten the worker's name, or set fullnameOverride",
        ),
    ];
    for (changes, expected) in cases {
        assert_eq!(said(&helm, changes)?, expected);
    }
    let second = [
        ("workers.billing", json!({ "binary": "billing-worker", "taskQueues": ["billing"] })),
        ("defaults.serviceAccount.name", json!("ours")),
    ];
    assert_eq!(
        said(&helm, &second)?,
        "workers.orders.serviceAccount.name is ours, which workers.billing makes already: set serviceAccount.create to false for all but one, or leave out \
         the name"
    );
    let longest = with(values(), "fullnameOverride", json!("the-worker-fleet-of-all-the-shops-of-rome"));
    assert!(helm.render(&longest).is_err());
    let longest = with(values(), "fullnameOverride", json!("the-worker-fleet-of-all-shops-of-new-rom"));
    assert!(helm.render(&longest)?.contains("\n  name: the-worker-fleet-of-all-shops-of-new-rom-orders\n"));
    Ok(())
}

#[test]
fn autoscalers_that_would_fight_or_measure_nothing_are_named() -> Outcome {
    let helm = Helm::provided()?;
    let at = |rest: &str| format!("workers.orders.autoscaling{rest}");
    let cases: [(Value, &str); 8] = [
        (json!({ "hpa": {} }), ".hpa measures nothing: give it cpu, slots, backlog or external"),
        (
            json!({ "hpa": { "cpu": 70 }, "keda": { "targetQueueSize": 5 } }),
            " has both hpa and keda, which would set one number of pods against each other: keep one",
        ),
        (json!({ "hpa": { "external": [] } }), ".hpa measures nothing: give it cpu, slots, backlog or external"),
        (
            json!({ "hpa": { "cpu": 70 }, "minReplicas": 0 }),
            ".minReplicas is 0, and an HPA keeps one pod at least: use keda, or write 1",
        ),
        (
            json!({ "keda": { "targetQueueSize": 5 }, "minReplicas": 9, "maxReplicas": 3 }),
            ".minReplicas is 9, more than maxReplicas, 3",
        ),
        (
            json!({ "hpa": { "external": [{ "metric": "depth" }] } }),
            ".hpa.external: metric depth takes value or averageValue, one of them",
        ),
        (
            json!({ "keda": { "byVersion": true } }),
            ".keda.byVersion needs the version: set versioning.deploymentName and versioning.buildId",
        ),
        (
            json!({ "hpa": { "external": [{ "metric": "depth", "value": "1", "labels": { "queue": "a/b" } }] } }),
            ".hpa.external: metric depth: its label queue is \"a/b\", and a metric's label is matched as a label of Kubernetes: 63 letters, digits, -, _ \
             and . at most, with a letter or digit at both ends. Use cpu, or an external metric of which Prometheus makes a series of its own",
        ),
    ];
    for (autoscaling, expected) in cases {
        assert_eq!(said(&helm, &[("workers.orders.autoscaling", autoscaling)])?, at(expected));
    }
    let idle = [
        ("workers.orders.versioning", json!({ "behavior": "pinned", "deploymentName": "orders", "buildId": "7" })),
        ("workers.orders.autoscaling", json!({ "keda": { "byVersion": true }, "minReplicas": 0 })),
    ];
    assert_eq!(
        said(&helm, &idle)?,
        at(
            ".minReplicas is 0 with keda.byVersion: the server learns of a version from its first pod, so a version that is deployed while nothing runs \
             would never get one. Write minReplicas 1, or leave byVersion out"
        )
    );
    let long = "o".repeat(64);
    let (slots, backlog) = (json!({ "target": "750m" }), json!({ "averageValue": "10" }));
    for (part, given, queue) in
        [("slots", &slots, "orders/eu"), ("slots", &slots, long.as_str()), ("backlog", &backlog, "-orders")]
    {
        let hpa = ("workers.orders.autoscaling", json!({ "hpa": { part: given } }));
        let said = said(&helm, &[hpa, ("workers.orders.taskQueues", json!([queue]))])?;
        let expected = format!(
            ".hpa.{part}: the task queue is {queue:?}, and a metric's label is matched as a label of Kubernetes: 63 letters"
        );
        assert!(said.starts_with(&at(&expected)), "{said}");
    }
    let keda = ("workers.orders.autoscaling", json!({ "keda": { "targetQueueSize": 5 } }));
    assert_eq!(
        said(&helm, &[keda.clone(), ("connection.tls.enabled", json!(true))])?,
        at(
            ".keda: KEDA's scaler speaks TLS only with a client's certificate or an API key, and connection has neither: give it one, or use hpa"
        )
    );
    let depth = ("workers.orders.autoscaling", json!({ "hpa": { "backlog": { "averageValue": "10" } } }));
    assert_eq!(
        said(&helm, &[depth, ("workers.orders.controller", json!({ "enabled": true }))])?,
        at(
            ".hpa.backlog counts the tasks of every version, and the worker controller scales each: use external, with the backlog that the server \
            reports by version"
        )
    );
    assert_eq!(
        said(&helm, &[keda, ("workers.orders.controller", json!({ "enabled": true }))])?,
        at(
            ".keda: this chart does not support it with the worker controller: use hpa, or leave both out and write a WorkerResourceTemplate of your own"
        )
    );
    Ok(())
}

#[test]
fn versions_that_are_named_twice_or_not_at_all_are_refused() -> Outcome {
    let helm = Helm::provided()?;
    let controller = |more: Value| {
        let mut controller = more;
        controller["enabled"] = json!(true);
        ("workers.orders.controller", controller)
    };
    let tls = |tls: Value| ("connection.tls", tls);
    let cases: [(&[(&str, Value)], &str); 8] = [
        (
            &[controller(json!({})), tls(json!({ "enabled": true }))],
            "workers.orders.controller: connection.tls.enabled alone is nothing that the worker controller can be told, and it would speak plain text: \
             set connection.tls.serverName",
        ),
        (
            &[controller(json!({})), tls(json!({ "serverName": "temporal", "ca": { "secret": "ca" } }))],
            "workers.orders.controller: the worker controller takes a CA only beside a client's certificate, and connection.tls.ca stands alone: set \
             connection.tls.client, give the controller's own pod the CA and set controller.connection, or drop connection.tls.ca",
        ),
        (
            &[controller(json!({})), tls(json!({ "client": { "secret": "client" }, "ca": { "secret": "ca" } }))],
            "workers.orders.controller: the worker controller takes the CA from ca.crt of the client's secret, and connection.tls.ca is ca.crt of ca: put \
             it under ca.crt of client",
        ),
        (
            &[
                controller(json!({})),
                tls(json!({ "client": { "secret": "client" }, "ca": { "secret": "client", "key": "root" } })),
            ],
            "workers.orders.controller: the worker controller takes the CA from ca.crt of the client's secret, and connection.tls.ca is root of client: \
             put it under ca.crt of client",
        ),
        (
            &[controller(json!({})), ("workers.orders.versioning", json!({ "buildId": "7" }))],
            "workers.orders.versioning and controller.enabled are both set: the worker controller names deployment and version itself. Leave versioning \
             out, and set controller.versioning",
        ),
        (
            &[controller(json!({ "rollout": { "steps": [] } }))],
            "workers.orders.controller.rollout: Progressive needs steps",
        ),
        (
            &[controller(json!({})), ("connection.tls.client", json!({ "secret": "client", "certKey": "cert.pem" }))],
            "workers.orders.controller: the worker controller reads a secret of type kubernetes.io/tls, with tls.crt and tls.key, and \
             connection.tls.client names other keys",
        ),
        (
            &[("workers.orders.versioning", json!({ "behavior": "pinned" }))],
            "workers.orders.versioning.behavior is pinned, which needs versioning.deploymentName and versioning.buildId",
        ),
    ];
    for (changes, expected) in cases {
        assert_eq!(said(&helm, changes)?, expected);
    }
    // A Connection that is there already says it in its own way.
    let own = with(values(), "workers.orders.controller", json!({ "enabled": true, "connection": "ours" }));
    helm.render(&with(own, "connection.tls", json!({ "enabled": true }))).map(drop)
}

#[test]
fn an_image_without_a_release_is_named() -> Outcome {
    let helm = Helm::provided()?;
    let none = ("image.tag", json!(""));
    assert_eq!(
        said(&helm, std::slice::from_ref(&none))?,
        "workers.orders has no release: set image.tag, or workers.orders.image.digest, from the dispatch"
    );
    let digest = json!({ "digest": format!("sha256:{}", "0f".repeat(32)) });
    let job = [none, ("workers.orders.image", digest), ("jobs.schedules.enabled", json!(true))];
    assert_eq!(said(&helm, &job)?, "jobs has no release: set image.tag, or jobs.image.digest, from the dispatch");
    Ok(())
}

#[test]
fn settings_in_the_wrong_place_or_twice_say_the_right_one() -> Outcome {
    let helm = Helm::provided()?;
    let secret = json!({ "secret": "s", "key": "k" });
    let extra = |name: &str| json!([{ "name": name, "value": "1" }]);
    let cases: [(&str, Value, &str); 13] = [
        (
            "workers.orders.extraEnv",
            extra("GRACEFUL_SHUTDOWN_TIMEOUT_SECONDS"),
            "workers.orders.extraEnv.GRACEFUL_SHUTDOWN_TIMEOUT_SECONDS is set by the chart: set grace instead",
        ),
        (
            "workers.orders.extraEnv",
            extra("TARGET_CPU_USAGE"),
            "workers.orders.extraEnv.TARGET_CPU_USAGE is set by the chart: set slots.targetCpu instead",
        ),
        (
            "workers.orders.extraEnv",
            extra("TASK_QUEUE"),
            "workers.orders.extraEnv.TASK_QUEUE is set by the chart: set taskQueues instead",
        ),
        (
            "workers.orders.extraEnv",
            json!([{ "name": "AWS_REGION", "value": "a" }, { "name": "AWS_REGION", "value": "b" }]),
            "workers.orders.extraEnv sets AWS_REGION twice: keep one",
        ),
        (
            "workers.orders.podLabels",
            json!({ "app.kubernetes.io/component": "other" }),
            "workers.orders.podLabels has app.kubernetes.io/component, by which the Deployment finds its pods: leave it out",
        ),
        (
            "workers.orders.env",
            json!({ "GRACEFUL_SHUTDOWN_TIMEOUT_SECONDS": 30 }),
            "workers.orders.env.GRACEFUL_SHUTDOWN_TIMEOUT_SECONDS is set by the chart: set grace instead",
        ),
        (
            "workers.orders.secretEnv",
            json!({ "TEMPORAL_API_KEY": secret }),
            "workers.orders.secretEnv.TEMPORAL_API_KEY is set by the chart: set connection.apiKey instead",
        ),
        (
            "config",
            json!({ "MAX_CONCURRENT_ACTIVITIES": 7 }),
            "config.MAX_CONCURRENT_ACTIVITIES is set by the chart: set slots.activities instead",
        ),
        (
            "secrets",
            json!({ "TEMPORAL_CLIENT_KEY": "pem" }),
            "secrets.TEMPORAL_CLIENT_KEY is set by the chart: set connection.tls.client instead",
        ),
        (
            "workers.orders.extraEnv",
            json!([{ "name": "TEMPORAL_LOG_LEVEL", "value": "debug" }]),
            "workers.orders.extraEnv has TEMPORAL_LOG_LEVEL, which is a setting of the worker: set it under env or secretEnv, where it is checked",
        ),
        (
            "workers.orders.slots",
            json!({ "targetCpu": 0.8 }),
            "workers.orders.slots has one of targetMemory and targetCpu: slots by resources need both",
        ),
        (
            "workers.orders.http",
            json!({ "controlPort": 9090 }),
            "workers.orders.http.controlPort is 9090, as http.port is: give it another, or 0",
        ),
        (
            "workers.orders",
            json!({ "binary": "b", "taskQueues": ["q"], "env": { "A": "1" }, "secretEnv": { "A": secret } }),
            "workers.orders.env and workers.orders.secretEnv both set A: keep one",
        ),
    ];
    for (path, value, expected) in cases {
        assert_eq!(said(&helm, &[(path, value)])?, expected);
    }
    let job = [("jobs.schedules.enabled", json!(true)), ("jobs.env", json!({ "TEMPORAL_ADDRESS": "a:1" }))];
    assert_eq!(said(&helm, &job)?, "jobs.env.TEMPORAL_ADDRESS is set by the chart: set connection.address instead");
    Ok(())
}

#[test]
fn values_of_the_wrong_kind_are_refused_with_their_place() -> Outcome {
    let helm = Helm::provided()?;
    for (path, value, expected) in [
        ("workers.orders.grace", json!("5m"), "at '/workers/orders/grace': got string, want integer"),
        ("workers.orders.grace", json!(-1), "at '/workers/orders/grace': minimum: got -1, want 0"),
        (
            "workers.orders.slots",
            json!({ "activities": 0 }),
            "at '/workers/orders/slots/activities': minimum: got 0, want 1",
        ),
        (
            "workers.orders.metrics",
            json!({ "monitor": "grafana" }),
            "at '/workers/orders/metrics/monitor': value must be one of 'annotations', 'podMonitor', 'serviceMonitor', 'none'",
        ),
        (
            "workers.orders.image",
            json!({ "digest": "sha256:1" }),
            "at '/workers/orders/image/digest': 'sha256:1' does not match pattern",
        ),
        ("workers.orders.runAs", json!({ "user": 0 }), "at '/workers/orders/runAs/user': minimum: got 0, want 1"),
        ("workers.Orders", json!({}), "invalid propertyName 'Orders'"),
    ] {
        let said = said(&helm, &[(path, value)])?;
        assert!(said.contains(expected), "{path}: {said}");
    }
    Ok(())
}
