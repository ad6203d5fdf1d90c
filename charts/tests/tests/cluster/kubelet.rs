//! The tests' own kubelet, over programs that misbehave: else what it proves of good ones would prove nothing.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::Duration;

use chart_tests::{ChartError, Cluster, Kubelet, Running};
use serde_json::{Value, json};

use crate::Outcome;

/// Of a pod that nobody wants to see killed, in seconds.
const GRACE: u64 = 30;

/// A pod of the restricted profile whose container runs that script.
fn template(script: &str, more: &Value) -> Value {
    template_with(GRACE, script, more)
}

fn template_with(grace: u64, script: &str, more: &Value) -> Value {
    let mut container = json!({
        "name": "one", "image": "example.com/one", "command": ["/bin/sh", "-c", script],
        "securityContext": { "allowPrivilegeEscalation": false, "capabilities": { "drop": ["ALL"] } },
    });
    container.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({ "spec": {
        "automountServiceAccountToken": false,
        "terminationGracePeriodSeconds": grace,
        "securityContext": { "runAsNonRoot": true, "runAsUser": 65532, "seccompProfile": { "type": "RuntimeDefault" } },
        "containers": [container],
    } })
}

struct Desk {
    cluster: &'static Cluster,
    kubelet: Kubelet,
    namespace: &'static str,
}

impl Desk {
    async fn new(namespace: &'static str) -> Result<Self, ChartError> {
        let cluster = Cluster::shared().await?;
        cluster.namespace(namespace)?;
        Ok(Self { cluster, kubelet: Kubelet::start(cluster, [("/bin/sh", "/bin/sh")]).await?, namespace })
    }

    fn run(&self, name: &str, template: &Value) -> Result<Running, ChartError> {
        self.kubelet.run(&self.kubelet.create((self.namespace, name), template, &Value::Null)?)
    }
}

/// Answers so many questions with 200, and each after that with 500.
fn answers(good: usize) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let mut stream = stream.unwrap();
            let mut head = [0; 1024];
            let _ = stream.read(&mut head).unwrap();
            let status = if number < good { "200 OK" } else { "500 Sorry" };
            write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
        }
    });
    port
}

fn probe(port: u16) -> Value {
    json!({ "httpGet": { "path": "/livez", "port": port }, "periodSeconds": 1, "timeoutSeconds": 20, "failureThreshold": 2 })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_stays_is_killed_when_its_grace_is_over_and_one_that_leaves_is_not() -> Outcome {
    let desk = Desk::new("grace").await?;
    let stays =
        desk.run("stays", &template_with(1, "trap '' TERM; echo up; while true; do sleep 600; done", &json!({})))?;
    let leaves = desk.run("leaves", &template("trap 'exit 0' TERM; echo up; sleep 600 & wait", &json!({})))?;
    stays.logged("up").await?;
    leaves.logged("up").await?;
    let (stays, leaves) = (stays.delete().await?, leaves.delete().await?);
    assert_eq!((stays.grace, stays.exit.signal()), (Duration::from_secs(1), Some(9)), "{stays:?}");
    assert!(stays.took >= stays.grace, "{stays:?}");
    assert!(leaves.exit.success() && leaves.took < leaves.grace, "{leaves:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn probes_give_up_who_never_answers_and_end_who_answers_no_more() -> Outcome {
    let desk = Desk::new("probes").await?;
    let with = |probes: &Value| template("exec sleep 600", probes);
    let mute = desk.run("mute", &with(&json!({ "startupProbe": probe(answers(0)) })));
    let mute = mute?.until_ready().await.unwrap_err().to_string();
    assert!(mute.contains("startup: /livez answered 500, 2 times"), "{mute}");

    let mut dies = desk.run("dies", &with(&json!({ "livenessProbe": probe(answers(2)) })))?;
    dies.until_ready().await?;
    assert_eq!(dies.end().await.signal(), Some(15), "asked to leave after its second bad answer");

    let unready = json!({ "readinessProbe": probe(answers(0)), "livenessProbe": probe(answers(2)) });
    let unready = desk.run("unready", &with(&unready))?.until_ready().await.unwrap_err().to_string();
    assert!(unready.starts_with("unready was not ready:"), "{unready}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn variables_come_from_where_the_spec_says_and_what_is_not_there_is_named() -> Outcome {
    let desk = Desk::new("variables").await?;
    let at = |kind: &str| format!("/api/v1/namespaces/variables/{kind}");
    let data = json!({ "ONE": "of the map", "TWO": "of the map", "THREE": "of the map" });
    desk.cluster.api().post(&at("configmaps"), &json!({ "metadata": { "name": "map" }, "data": data }))?;
    let data = json!({ "TWO": "of the secret", "key": "by its key" });
    desk.cluster.api().post(&at("secrets"), &json!({ "metadata": { "name": "secret" }, "stringData": data }))?;
    let by_key =
        |key: &str| json!({ "name": "FOUR", "valueFrom": { "secretKeyRef": { "name": "secret", "key": key } } });
    let variables = |key: &str| {
        json!({
            "envFrom": [{ "configMapRef": { "name": "map" } }, { "secretRef": { "name": "secret" } }],
            "env": [{ "name": "THREE", "value": "of the pod" }, by_key(key)],
        })
    };
    let script = r#"echo "\"$ONE, $TWO, $THREE, $FOUR, ${PATH_OF_THE_TEST-nothing of ours}\"""#;
    let said = desk.run("one", &template(script, &variables("key")))?;
    assert!(said.end().await.success());
    // As `kubectl logs` asks: the API server asks the kubelet.
    let log = desk.cluster.api().get(&format!("{}/one/log", at("pods")))?;
    assert_eq!(log, "of the map, of the secret, of the pod, by its key, nothing of ours");

    let missing = desk.run("two", &template(script, &variables("other"))).unwrap_err().to_string();
    assert_eq!(missing, "the pod variables/two: secrets/secret has no key other");
    let mut mounts = template(script, &json!({}));
    let field = json!({ "path": "name", "fieldRef": { "fieldPath": "metadata.name" } });
    mounts["spec"]["volumes"] = json!([{ "name": "about", "downwardAPI": { "items": [field] } }]);
    let mounts = desk.run("three", &mounts).unwrap_err().to_string();
    assert!(mounts.starts_with("the pod variables/three: there is nobody here who would mount {"), "{mounts}");
    Ok(())
}
