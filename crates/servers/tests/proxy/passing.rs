//! What passes, passes whole: headers, frames, trailers, flow control, many at once; and nothing stays behind.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use futures::{SinkExt, StreamExt};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use mainspring_servers::proxy::WireProxy;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::client::{AnyError, Client, request};
use crate::upstream::Upstream;
use crate::{LIMIT, proxied, soon};

#[tokio::test]
async fn headers_body_and_trailers_pass_unchanged() {
    let (upstream, proxy) = proxied().await;
    assert_eq!(proxy.url(), format!("http://{}", proxy.address()));
    let client = Client::connect(&proxy).await.unwrap();
    let answer = client.call_with("Echo", "ping", &[("x-echo", "there and back")]).await.unwrap();
    assert_eq!(answer.body, "ping");
    assert_eq!(answer.headers["x-echoed"], "there and back");
    assert_eq!(answer.headers["content-type"], "application/grpc");
    let trailers = answer.trailers.unwrap();
    assert_eq!((&trailers["grpc-status"], &trailers["x-trail"]), (&"0".parse().unwrap(), &"kept".parse().unwrap()));
    assert_eq!(upstream.seen().calls, ["/test.v1.Echo/Echo"]);
}

#[tokio::test]
async fn an_answer_of_headers_alone_stays_one() {
    let (_upstream, proxy) = proxied().await;
    let answer = Client::connect(&proxy).await.unwrap().call("Missing", "x").await.unwrap();
    assert!(answer.trailers.is_none());
    assert!(!answer.headers.contains_key("content-length"));
    assert_eq!((answer.status(), answer.text("grpc-message")), ("5", "no such thing"));
    let record = proxy.wait_for(|record| record.finished.is_some(), LIMIT).await.unwrap();
    assert_eq!((record.grpc_status, record.forwarded), (Some(5), true));
}

#[tokio::test]
async fn a_body_of_a_mebibyte_arrives_intact() {
    let (_upstream, proxy) = proxied().await;
    let body: Vec<u8> = (0..1 << 20).map(|index: u32| (index.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let answer = Client::connect(&proxy).await.unwrap().call("Echo", body.clone()).await.unwrap();
    assert!(answer.body == body, "the body was changed");
    let record = proxy.wait_for(|record| record.finished.is_some(), LIMIT).await.unwrap();
    assert_eq!((record.request_bytes, record.response_bytes), (1 << 20, 1 << 20));
}

#[tokio::test]
async fn a_frame_passes_before_the_next_is_sent() {
    let (_upstream, proxy) = proxied().await;
    let client = Client::connect(&proxy).await.unwrap();
    let (mut frames, receiver) = futures::channel::mpsc::channel::<Result<Frame<Bytes>, AnyError>>(1);
    let response = client.send(request("Echo", StreamBody::new(receiver).boxed_unsync()));
    frames.send(Ok(Frame::data(Bytes::from_static(b"one")))).await.unwrap();
    let mut body = response.await.unwrap().into_body();
    assert_eq!(soon(body.frame()).await.unwrap().unwrap().into_data().unwrap(), "one");
    frames.send(Ok(Frame::data(Bytes::from_static(b"two")))).await.unwrap();
    assert_eq!(soon(body.frame()).await.unwrap().unwrap().into_data().unwrap(), "two");
    drop(frames);
    assert!(soon(body.frame()).await.unwrap().unwrap().is_trailers());
}

#[tokio::test]
async fn a_server_that_does_not_read_holds_its_client_back_and_no_other() {
    const CHUNK: usize = 64 << 10;
    const CHUNKS: usize = 512;
    let (upstream, proxy) = proxied().await;
    let client = Client::connect(&proxy).await.unwrap();
    let sent = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&sent);
    let chunks = futures::stream::iter(0..CHUNKS).map(move |_| {
        counter.fetch_add(CHUNK, Ordering::Relaxed);
        Ok(Frame::data(Bytes::from_static(&[7; CHUNK])))
    });
    let held = {
        let client = client.clone();
        let body = StreamBody::new(chunks).boxed_unsync();
        tokio::spawn(async move { client.send(request("Unread", body)).await.unwrap() })
    };
    upstream.saw(|seen| seen.calls.iter().any(|call| call.ends_with("Unread"))).await;
    for _ in 0..100 {
        assert_eq!(client.call("Echo", "beside it").await.unwrap().status(), "0");
    }
    let before = sent.load(Ordering::Relaxed);
    assert!(before < 8 << 20, "{before} bytes were taken for a server that reads none");
    upstream.release();
    let answer = soon(soon(held).await.unwrap().into_body().collect()).await.unwrap();
    assert_eq!(answer.to_bytes().len(), CHUNK * CHUNKS);
}

#[tokio::test]
async fn two_hundred_calls_are_open_at_once_on_one_connection() {
    let (upstream, proxy) = proxied().await;
    let client = Client::connect(&proxy).await.unwrap();
    let calls: Vec<_> = (0..200)
        .map(|number| {
            let client = client.clone();
            tokio::spawn(async move { client.call("Park", format!("call {number}")).await.unwrap() })
        })
        .collect();
    upstream.saw(|seen| seen.calls.len() == 200).await;
    assert!(proxy.records().iter().all(|record| record.finished.is_none()));
    upstream.release();
    for (number, call) in calls.into_iter().enumerate() {
        assert_eq!(soon(call).await.unwrap().body, format!("call {number}"));
    }
    assert_eq!(proxy.connections().len(), 1);
}

#[tokio::test]
async fn a_thousand_calls_given_up_at_once_leave_the_connection_open() {
    let (upstream, proxy) = proxied().await;
    let client = Client::connect(&proxy).await.unwrap();
    let calls: Vec<_> = (0..1000)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { drop(client.call("Park", "x").await) })
        })
        .collect();
    upstream.saw(|seen| seen.calls.len() == 1000).await;
    calls.iter().for_each(|call| call.abort());
    upstream.saw(|seen| seen.given_up == 1000).await;
    assert_eq!(client.call("Echo", "x").await.unwrap().status(), "0");
    let record = proxy.wait_for(|record| record.number == 0 && record.finished.is_some(), LIMIT).await.unwrap();
    assert_eq!(record.grpc_status, None);
}

#[tokio::test]
async fn calls_given_up_before_they_were_looked_at_are_no_attack() {
    const PING: u8 = 6;
    const GOAWAY: u8 = 7;
    let (_upstream, proxy) = proxied().await;
    // A client library sends no call that is given up at once, so the frames are written by hand, in one piece.
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    bytes.extend(frame(4, 0, 0, b""));
    for call in 0..500 {
        // POST, http, the path /, and an authority of one letter.
        bytes.extend(frame(1, 4, 2 * call + 1, b"\x83\x86\x84\x41\x01x"));
        bytes.extend(frame(3, 0, 2 * call + 1, &8_u32.to_be_bytes()));
    }
    bytes.extend(frame(PING, 0, 0, b"answered"));
    let mut stream = TcpStream::connect(proxy.address()).await.unwrap();
    stream.write_all(&bytes).await.unwrap();
    let mut kind = 0;
    while kind != PING {
        let mut head = [0; 9];
        soon(stream.read_exact(&mut head)).await.unwrap();
        kind = head[3];
        assert_ne!(kind, GOAWAY, "the connection was ended");
        let mut payload = vec![0; usize::from(head[1]) << 8 | usize::from(head[2])];
        soon(stream.read_exact(&mut payload)).await.unwrap();
    }
}

/// An HTTP/2 frame of at most 255 bytes.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0, 0, payload.len() as u8, kind, flags];
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

#[tokio::test]
async fn a_lost_server_is_unavailable_until_it_is_back() {
    let (upstream, proxy) = proxied().await;
    let client = Client::connect(&proxy).await.unwrap();
    assert_eq!(client.call("Echo", "x").await.unwrap().status(), "0");
    let address = upstream.address;
    upstream.kill().await;
    let answer = client.call("Echo", "x").await.unwrap();
    assert_eq!(answer.status(), "14");
    let start = format!("the server behind the wire proxy, {address}, ");
    assert!(answer.text("grpc-message").starts_with(&start), "{}", answer.text("grpc-message"));
    let answer = client.call("Echo", "x").await.unwrap();
    let message = answer.text("grpc-message");
    assert!(message.starts_with(&format!("{start}cannot be reached: Connection refused")), "{message}");
    let record = proxy.wait_for(|record| record.number == 2 && record.finished.is_some(), LIMIT).await.unwrap();
    assert_eq!((record.grpc_status, record.forwarded), (Some(14), false));
    let _again = Upstream::listen(address).await;
    assert_eq!(client.call("Echo", "x").await.unwrap().status(), "0");
}

#[tokio::test]
async fn an_answer_that_breaks_off_ends_as_unavailable() {
    let (upstream, proxy) = proxied().await;
    let client = Client::connect(&proxy).await.unwrap();
    let body = http_body_util::Empty::new().map_err(|never| match never {}).boxed_unsync();
    let mut body = client.send(request("Break", body)).await.unwrap().into_body();
    assert_eq!(soon(body.frame()).await.unwrap().unwrap().into_data().unwrap(), "part");
    upstream.release();
    let trailers = soon(body.frame()).await.unwrap().unwrap().into_trailers().unwrap();
    assert_eq!(trailers["grpc-status"], "14");
    assert!(trailers["grpc-message"].to_str().unwrap().starts_with("the server behind the wire proxy broke off"));
}

#[tokio::test]
async fn a_dropped_proxy_leaves_nothing_behind() {
    let (upstream, proxy) = proxied().await;
    let client = Client::connect(&proxy).await.unwrap();
    let parked = tokio::spawn({
        let client = client.clone();
        async move { client.call("Park", "x").await }
    });
    upstream.saw(|seen| seen.calls.len() == 1).await;
    let others = [proxied().await.1, proxied().await.1];
    let mut ports: Vec<_> = others.iter().map(WireProxy::address).collect();
    let address = proxy.address();
    drop(proxy);
    ports.push(address);
    drop(others);
    // One free port is proof enough: another program may have taken one of them by now.
    let free = futures::future::join_all(ports.iter().map(TcpListener::bind)).await;
    assert!(free.iter().any(Result::is_ok), "{free:?}");
    assert!(soon(parked).await.unwrap().is_err());
    client.broken().await;
    upstream.saw(|seen| seen.ended == 1).await;
}

#[tokio::test]
async fn each_client_connection_has_one_of_its_own_to_the_server() {
    let (upstream, proxy) = proxied().await;
    let first = Client::connect(&proxy).await.unwrap();
    let second = Client::connect(&proxy).await.unwrap();
    for client in [&first, &second] {
        assert_eq!(client.call("Echo", "x").await.unwrap().status(), "0");
    }
    let numbers: Vec<_> = proxy.records().iter().map(|record| record.connection).collect();
    assert_eq!(numbers, [0, 1]);
    drop(first);
    proxy.wait_for_connection(|connection| connection.number == 0 && connection.closed.is_some(), LIMIT).await.unwrap();
    upstream.saw(|seen| seen.ended == 1).await;
    assert_eq!(second.call("Echo", "x").await.unwrap().status(), "0");
}

#[tokio::test]
async fn a_blocked_caller_does_not_hold_the_proxy_up() {
    // The server is on a runtime of its own; the one of this test is blocked from the first byte to the last.
    let (sender, receiver) = std::sync::mpsc::channel();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = std::thread::spawn(move || {
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap().block_on(async {
            let upstream = Upstream::start().await;
            sender.send(upstream.address).unwrap();
            let _ = stopped.await;
        });
    });
    let proxy = WireProxy::builder(receiver.recv().unwrap()).start().await.unwrap();
    let address = proxy.address();
    let status = std::thread::scope(|scope| {
        let call = scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let client = Client::connect(&proxy).await.unwrap();
                client.call("Echo", address.clone()).await.unwrap().status().to_owned()
            })
        });
        call.join().unwrap()
    });
    assert_eq!(status, "0");
    stop.send(()).unwrap();
    server.join().unwrap();
}
