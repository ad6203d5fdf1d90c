//! Credentials out of secrets: mounted as files, used, and read again when they change.

use std::time::Duration;

use chart_tests::{Cluster, Kubelet};
use mainspring_servers::TemporalDevServer;
use mainspring_servers::proxy::{ServerTls, TestAuthority, WireProxy};
use mainspring_testing::{Env, TestError, Workflows, free_port};
use serde_json::{Value, json};

use crate::{ACCOUNT, Outcome, PROGRAM, QUEUE};

/// The worker looks at its files every 5 s.
const ROTATION: Duration = Duration::from_secs(60);
const POLL: &str = "PollWorkflowTaskQueue";

fn values(address: &str, credentials: &Value) -> Result<Value, TestError> {
    let mut values = json!({
        "connection": credentials,
        "workers": { "general-purpose": {
            "binary": "general-purpose-worker",
            "taskQueues": [QUEUE],
            "http": { "port": free_port()? },
        } },
    });
    values["connection"]["address"] = address.into();
    Ok(values)
}

/// Installs a release, and runs the pod of its Deployment until it is ready.
async fn deployed(namespace: &str, secret: &Value, values: &Value) -> Result<chart_tests::Running, TestError> {
    let cluster = Cluster::shared().await?;
    cluster.namespace(namespace)?;
    let object = json!({ "metadata": { "name": "temporal" }, "stringData": secret });
    cluster.api().post(&format!("/api/v1/namespaces/{namespace}/secrets"), &object)?;
    cluster.release("install", namespace, values).await?.well()?;
    let path = format!("/apis/apps/v1/namespaces/{namespace}/deployments/shop-general-purpose");
    let template = cluster.api().get(&path)?["spec"]["template"].take();
    let kubelet = Kubelet::start(cluster, [PROGRAM]).await?;
    let mut running = kubelet.run(&kubelet.create((namespace, "one"), &template, &Value::Null)?)?;
    running.until_ready().await?;
    Ok(running)
}

async fn works(env: &Env) -> Outcome {
    let (client, id) = (env.client().await?, env.id("secured"));
    client.begin(QUEUE, &id, "no-op", &serde_json::from_str::<Value>(ACCOUNT)?).await?;
    client.result::<Value>(&id).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_api_key_comes_from_its_secret_and_a_new_one_is_used_without_a_restart() -> Outcome {
    const NAMESPACE: &str = "api-key";
    let (server, authority) = (TemporalDevServer::builder().start().await?, TestAuthority::new("ours")?);
    let env = Env::at(server.address());
    let tls = ServerTls::new(&authority.server_cert(["127.0.0.1", "localhost"])?);
    let proxy = WireProxy::builder(env.address().parse()?).tls(tls).require_token("key-one").start().await?;
    let connection = json!({ "tls": { "ca": { "secret": "temporal" } }, "apiKey": { "secret": "temporal" } });
    let secret = json!({ "ca.crt": authority.ca_pem(), "api-key": "key-one" });
    let running = deployed(NAMESPACE, &secret, &values(&proxy.address(), &connection)?).await?;
    works(&env).await?;

    proxy.set_tokens(["key-one", "key-two"]);
    let path = format!("/api/v1/namespaces/{NAMESPACE}/secrets/temporal");
    Cluster::shared().await?.api().patch(&path, &json!({ "stringData": { "api-key": "key-two" } }))?;
    running.sync()?;
    running.logged("the API key has changed").await?;
    proxy.set_tokens(["key-two"]);
    works(&env).await?;
    assert!(!running.log().contains("key-"), "{}", running.log());
    let left = running.delete().await?;
    assert!(left.exit.success(), "{left:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_certificate_comes_from_its_secret() -> Outcome {
    let (server, authority) = (TemporalDevServer::builder().start().await?, TestAuthority::new("ours")?);
    let env = Env::at(server.address());
    let tls = ServerTls::new(&authority.server_cert(["temporal-frontend"])?).require_client_cert(authority.ca_pem());
    let proxy = WireProxy::builder(env.address().parse()?).tls(tls).start().await?;
    let certificate = authority.client_cert("orders")?;
    let connection = json!({ "tls": {
        "serverName": "temporal-frontend", "ca": { "secret": "temporal" }, "client": { "secret": "temporal" },
    } });
    let secret =
        json!({ "ca.crt": authority.ca_pem(), "tls.crt": certificate.pem(), "tls.key": certificate.key_pem() });
    let running = deployed("client-certificate", &secret, &values(&proxy.address(), &connection)?).await?;
    works(&env).await?;
    let poll = proxy.wait_for(|record| record.is(POLL), ROTATION).await?;
    assert_eq!(poll.client.as_ref(), Some(certificate.fingerprint()));
    let left = running.delete().await?;
    assert!(left.exit.success(), "{left:?}");
    Ok(())
}
