//! A worker and its credentials: through a proxy that wants TLS, client certificates or a bearer token, which the dev
//! server cannot.

mod lab;

use std::time::Duration;

use lab::{Outcome, call, unready};
use mainspring_servers::proxy::{Record, ServerTls, TestAuthority, WireProxy};
use mainspring_testing::{Env, TestError, Workflows};
use nix::sys::signal::Signal;

/// gRPC's status for a wrong token.
const UNAUTHENTICATED: i32 = 16;

/// A worker that cannot start: its exit code, and what it said.
async fn refused(address: &str, settings: &[(&str, &str)]) -> Result<(i32, String), TestError> {
    let exit = unready(address, "refused", settings)?.end().await?;
    Ok((exit.code, exit.lines.join("\n")))
}

#[tokio::test]
async fn a_key_that_is_replaced_while_the_worker_runs_is_taken_up_without_a_restart() -> Outcome {
    let env = Env::shared().await?;
    let proxy = WireProxy::builder(env.address().parse()?).require_token("hunter1").start().await?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("key");
    std::fs::write(&file, "hunter1")?;
    let queue = env.queue("rotation");
    let settings = [("TEMPORAL_TLS", "false"), ("MAINSPRING_API_KEY_FILE", file.to_str().ok_or("no path")?)];
    let mut worker = unready(&proxy.address(), &queue, &settings)?;
    let probes = lab::probes_of(&worker.line("\"msg\":\"polling\"").await?)?;
    let client = env.client().await?;
    let before = env.id("before");
    client.begin(&queue, &before, "call", &call("echo", "before")).await?;
    assert_eq!(client.result::<String>(&before).await?, "before");

    // The old key is refused before the new one is there: polls fail, readiness goes, the worker stays.
    proxy.set_token("hunter2");
    lab::until(probes, "/readyz", |status, body| status == 503 && body.contains("\"connected\":false")).await?;
    let said = worker.line("Temporal does not answer this worker").await?;
    assert!(said.contains("Unauthenticated") && said.contains(&queue), "{said}");
    // Polls that were let in with the old key go on. They are cut only now: the worker says just the first cause, and
    // an ask that is cut off would be one.
    let from = proxy.total();
    proxy.cut_all();
    let turned_away = |record: &Record| {
        record.is("PollWorkflowTaskQueue") && record.number >= from && record.grpc_status == Some(UNAUTHENTICATED)
    };
    proxy.wait_for(turned_away, Duration::from_secs(60)).await?;
    assert_eq!(lab::ask(probes, "/livez").await?.0, 200, "a key is no reason to be killed");
    let after = env.id("after");
    client.begin(&queue, &after, "call", &call("echo", "after")).await?;
    std::fs::write(&file, "hunter2")?;
    assert_eq!(client.result::<String>(&after).await?, "after");
    worker.line("Temporal answers this worker again").await?;
    lab::until(probes, "/readyz", |status, _| status == 200).await?;
    worker.signal(Signal::SIGTERM);
    let exit = worker.end().await?;
    let said = exit.lines.join("\n");
    assert_eq!(exit.code, 0, "{said}");
    assert!(!said.contains("hunter"), "a key was logged: {said}");
    Ok(())
}

#[tokio::test]
async fn a_worker_runs_over_mutual_tls_and_shows_a_renewed_certificate() -> Outcome {
    let env = Env::shared().await?;
    let ours = TestAuthority::new("ours")?;
    let tls = ServerTls::new(&ours.server_cert(["127.0.0.1"])?).require_client_cert(ours.ca_pem());
    let proxy = WireProxy::builder(env.address().parse()?).tls(tls).start().await?;
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (first, second) = (ours.client_cert("first")?, ours.client_cert("second")?);
    std::fs::write(path("ca.pem"), ours.ca_pem())?;
    std::fs::write(path("cert.pem"), first.pem())?;
    std::fs::write(path("key.pem"), first.key_pem())?;
    let queue = env.queue("mtls");
    let (ca, cert, key) = (path("ca.pem"), path("cert.pem"), path("key.pem"));
    let settings = [
        ("TEMPORAL_TLS_SERVER_CA_CERT_PATH", ca.as_str()),
        ("TEMPORAL_TLS_CLIENT_CERT_PATH", cert.as_str()),
        ("TEMPORAL_TLS_CLIENT_KEY_PATH", key.as_str()),
    ];
    let mut worker = unready(&proxy.address(), &queue, &settings)?;
    worker.line("\"msg\":\"polling\"").await?;
    let client = env.client().await?;
    let before = env.id("before");
    client.begin(&queue, &before, "call", &call("echo", "before")).await?;
    assert_eq!(client.result::<String>(&before).await?, "before");

    std::fs::write(path("cert.pem"), second.pem())?;
    std::fs::write(path("key.pem"), second.key_pem())?;
    worker.line("the client certificate has changed").await?;
    proxy.cut_all();
    let renewed = |record: &Record| record.client.as_ref() == Some(second.fingerprint());
    proxy.wait_for(renewed, Duration::from_secs(60)).await?;
    let after = env.id("after");
    client.begin(&queue, &after, "call", &call("echo", "after")).await?;
    assert_eq!(client.result::<String>(&after).await?, "after");
    worker.signal(Signal::SIGTERM);
    assert_eq!(worker.end().await?.code, 0);
    Ok(())
}

#[tokio::test]
async fn credentials_that_are_no_good_end_the_start_with_what_to_check() -> Outcome {
    let env = Env::shared().await?;
    let (ours, other) = (TestAuthority::new("ours")?, TestAuthority::new("other")?);
    let tls = ServerTls::new(&ours.server_cert(["127.0.0.1"])?).require_client_cert(ours.ca_pem());
    let guarded = WireProxy::builder(env.address().parse()?).tls(tls).start().await?;
    let keyed = WireProxy::builder(env.address().parse()?).require_token("good").start().await?;
    let (ca, wrong_ca) = (ours.ca_pem(), other.ca_pem());
    let expired = ours.expired_client_cert("worker")?;

    let (code, said) = refused(&guarded.address(), &[("TEMPORAL_CLIENT_ROOT_CA", &wrong_ca)]).await?;
    assert_eq!(code, 69, "{said}");
    assert!(said.contains("the server's certificate is from an unknown issuer"), "{said}");
    assert!(said.contains(&guarded.address()) && said.contains("TEMPORAL_TLS_SERVER_CA_CERT_PATH"), "{said}");
    let (code, said) = refused(&guarded.address(), &[("TEMPORAL_CLIENT_ROOT_CA", &ca)]).await?;
    assert_eq!(code, 69, "{said}");
    assert!(said.contains("the server wants a client certificate"), "{said}");
    let settings = [
        ("TEMPORAL_CLIENT_ROOT_CA", ca.as_str()),
        ("TEMPORAL_CLIENT_CERT", expired.pem()),
        ("TEMPORAL_CLIENT_KEY", expired.key_pem()),
    ];
    let (code, said) = refused(&guarded.address(), &settings).await?;
    assert_eq!(code, 69, "{said}");
    assert!(said.contains("CertificateExpired"), "{said}");
    assert!(!said.contains("PRIVATE KEY"), "{said}");
    let settings = [("TEMPORAL_TLS", "false"), ("TEMPORAL_API_KEY", "hunter2")];
    let (code, said) = refused(&keyed.address(), &settings).await?;
    assert_eq!(code, 69, "{said}");
    assert!(said.contains("Is the API key in TEMPORAL_API_KEY expired, revoked, or for another account?"), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
    Ok(())
}
