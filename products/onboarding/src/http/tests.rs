//! Calls to a real HTTP server that answers as it is told.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{Response, header};
use mainspring::vocabulary::Classified;
use onboarding_contract::CALL_TIMEOUT;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

type Answer = fn(&Request) -> Response<Body>;

/// A server that answers every request by that function.
async fn serve<F>(answer: F) -> Url
where
    F: Fn(&Request) -> Response<Body> + Clone + Send + Sync + 'static,
{
    let router = Router::new().fallback(move |request: Request| {
        let answer = answer(&request);
        async move { answer }
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1/accounts?key=hunter3", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    Url::parse(&url).unwrap()
}

fn answer(status: u16, body: impl Into<Body>) -> Response<Body> {
    Response::builder().status(status).body(body.into()).unwrap()
}

async fn post(url: Url, timeout: Duration) -> Result<Value, ServiceError> {
    post_trusting(machine_roots(), url, timeout).await
}

async fn post_trusting(roots: RootCertStore, url: Url, timeout: Duration) -> Result<Value, ServiceError> {
    let token = Some(Secret::new("hunter2".to_owned()));
    let endpoint = Endpoint { service: "accounts", setting: "ONBOARDING_ACCOUNTS_URL", url: Some(url), token };
    let service = Service::new(client(timeout, roots).unwrap(), &endpoint).unwrap();
    service.post("create_user_account", "onboarding-ada/create_user_account", &json!({ "user_id": "ada" })).await
}

async fn refused(answer: impl Fn(&Request) -> Response<Body> + Clone + Send + Sync + 'static) -> ServiceError {
    post(serve(answer).await, CALL_TIMEOUT).await.unwrap_err()
}

#[tokio::test]
async fn the_key_the_token_and_the_body_reach_the_service() {
    let url = serve(|request| {
        let seen =
            |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or("").to_owned();
        let (key, token, kind) = (seen("idempotency-key"), seen("authorization"), seen("content-type"));
        answer(200, json!({ "seen": [request.method().as_str(), key, token, kind] }).to_string())
    });
    let seen = post(url.await, CALL_TIMEOUT).await.unwrap();
    let expected = ["POST", "onboarding-ada/create_user_account", "Bearer hunter2", "application/json"];
    assert_eq!(seen["seen"], json!(expected));
}

#[test]
fn a_key_is_the_ids_and_the_steps_and_fits_into_a_header() {
    assert_eq!(idempotency_key("onboarding-ada", "send_follow_up"), "onboarding-ada/send_follow_up");
    let odd = idempotency_key("onboarding-josé/a\n", "s");
    assert_eq!(odd, "onboarding-jos%C3%A9%2Fa%0A/s");
    assert!(reqwest::header::HeaderValue::from_str(&odd).is_ok());
}

#[tokio::test]
async fn a_refusal_is_terminal_and_says_what_the_service_said() {
    for status in [400, 401, 403, 404, 409, 410, 422] {
        let error = refused(move |_| answer(status, "{\"error\":\n \"no such\tplan\"}")).await;
        assert_eq!((error.type_name(), error.retryable()), ("Refused", false), "{status}");
        let text = error.to_string();
        assert!(text.starts_with(&format!("the accounts service refused create_user_account ({status} ")), "{text}");
        assert!(text.ends_with("): {\"error\": \"no such plan\"}"), "{text}");
    }
    assert!(refused(|_| answer(400, "")).await.to_string().ends_with("(400 Bad Request): it gave no reason"));
}

#[tokio::test]
async fn a_service_that_cannot_now_is_asked_again_when_it_says() {
    for (status, after, expected) in [
        (429, Some("7"), Some(7)),
        (503, Some("0"), Some(1)),
        (503, Some("999999999"), Some(86_400)),
        (503, Some("Thu, 01 Jan 1970 00:00:00 GMT"), Some(1)),
        (503, Some("soon"), None),
        (408, None, None),
        (500, None, None),
        (502, None, None),
    ] {
        let error = refused(move |_| {
            let mut busy = answer(status, "later");
            if let Some(after) = after {
                busy.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static(after));
            }
            busy
        });
        let error = error.await;
        assert_eq!((error.type_name(), error.retryable()), ("ServiceBusy", true), "{status}");
        assert_eq!(error.next_delay(), expected.map(Duration::from_secs), "{status} {after:?}");
        let text = error.to_string();
        assert!(
            text.starts_with(&format!("the accounts service cannot do create_user_account now ({status}")),
            "{text}"
        );
    }
}

#[tokio::test]
async fn an_answer_that_is_none_can_be_put_right_and_is_asked_for_again() {
    let cases: [(Answer, &str); 3] = [
        (
            |_| answer(200, "<html>welcome</html>"),
            "200 OK and a body that does not fit (expected value at line 1 column 1)",
        ),
        (|_| answer(200, "x".repeat(LARGEST_ANSWER + 1)), "200 OK and more than 65536 bytes"),
        (
            |_| {
                let mut moved = answer(308, "");
                moved
                    .headers_mut()
                    .insert(header::LOCATION, header::HeaderValue::from_static("https://elsewhere.example"));
                moved
            },
            "308 Permanent Redirect to https://elsewhere.example",
        ),
    ];
    for (case, expected) in cases {
        let error = refused(case).await;
        assert_eq!((error.type_name(), error.retryable()), ("UnusableAnswer", true));
        let said = "the accounts service answered create_user_account with";
        assert_eq!(error.to_string(), format!("{said} {expected}. Does ONBOARDING_ACCOUNTS_URL name it?"));
    }
}

#[tokio::test]
async fn a_body_is_read_up_to_its_bound_and_a_refusal_stays_one() {
    // They never end: only the bound ends the reading.
    let endless = |status| {
        move |_: &Request| {
            let chunks = futures::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b'x'; 16 << 10]));
            answer(status, Body::from_stream(chunks))
        }
    };
    let text = refused(endless(200)).await.to_string();
    assert!(text.contains("200 OK and more than 65536 bytes"), "{text}");
    for (status, class) in [(400, "Refused"), (503, "ServiceBusy")] {
        let error = refused(endless(status)).await;
        assert_eq!(error.type_name(), class);
        assert!(error.to_string().ends_with("xxx…") && error.to_string().len() < 500, "{error}");
    }
    // A body that breaks off takes nothing from the status either.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let broken = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        assert_ne!(stream.read(&mut [0; 4096]).await.unwrap(), 0, "no request");
        stream.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 99\r\n\r\nno such").await.unwrap();
    });
    assert_eq!(post(url, CALL_TIMEOUT).await.unwrap_err().type_name(), "Refused");
    broken.await.unwrap();
}

#[tokio::test]
async fn a_service_that_is_away_is_named_with_its_setting_and_without_secrets() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = post(Url::parse(&format!("{at}/v1?key=hunter3")).unwrap(), CALL_TIMEOUT).await.unwrap_err();
    assert_eq!((error.type_name(), error.retryable(), error.next_delay()), ("ServiceUnreachable", true, None));
    let text = error.to_string();
    let start = format!("the accounts service at {at} cannot be reached for create_user_account: ");
    assert!(text.starts_with(&start) && text.contains("Connection refused"), "{text}");
    assert!(text.ends_with(". Does ONBOARDING_ACCOUNTS_URL name it?"), "{text}");
    assert!(!format!("{error:?} {text}").contains("hunter"), "{error:?}");
}

#[tokio::test]
async fn a_service_that_does_not_answer_is_given_up_in_time() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let from = std::time::Instant::now();
    let error = post(Url::parse(&url).unwrap(), Duration::from_millis(200)).await.unwrap_err();
    assert_eq!(error.type_name(), "ServiceUnreachable");
    assert!(error.to_string().contains("timed out"), "{error}");
    assert!(from.elapsed() < Duration::from_secs(10), "{:?}", from.elapsed());
}

#[tokio::test]
async fn a_token_that_a_service_echoes_is_masked_and_a_long_reason_is_cut() {
    let error = refused(|_| answer(401, format!("bad token hunter2 {}", "é".repeat(400)))).await;
    let text = error.to_string();
    assert!(text.contains("bad token *** é") && text.ends_with("é…"), "{text}");
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
}

#[tokio::test]
async fn a_call_over_https_trusts_whom_the_machine_trusts_and_nobody_else() {
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(certified.signing_key.serialize_der()).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("https://localhost:{}", listener.local_addr().unwrap().port())).unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // Of a client that trusts it not, the handshake fails.
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            assert_ne!(stream.read(&mut [0; 4096]).await.unwrap(), 0, "no request");
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await.unwrap();
        }
    });
    let stranger = post(url.clone(), CALL_TIMEOUT).await.unwrap_err();
    assert_eq!(stranger.type_name(), "ServiceUnreachable");
    assert!(stranger.to_string().contains("UnknownIssuer"), "{stranger}");
    let mut roots = RootCertStore::empty();
    roots.add(certified.cert.der().clone()).unwrap();
    assert_eq!(post_trusting(roots, url, CALL_TIMEOUT).await.unwrap(), json!({}));
}
