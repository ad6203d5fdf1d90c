//! One gRPC question to a server that may just be starting. The few bytes of protobuf are written by hand, for this
//! crate knows no SDK.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request};
use tokio::net::TcpStream;

/// One question may take this long; a server that is starting can keep a connection hanging.
const CALL_LIMIT: Duration = Duration::from_secs(5);

/// Asks `METHOD` of a service, and says what came instead of the expected status. `service` is its full name.
pub(crate) async fn expect(
    address: SocketAddr,
    (service, method): (&str, &str),
    message: &[u8],
    expected: u32,
) -> Result<(), String> {
    match tokio::time::timeout(CALL_LIMIT, call(address, &format!("{service}/{method}"), message)).await {
        Ok(Ok((status, _))) if status == expected => Ok(()),
        Ok(Ok((status, text))) => Err(format!("{method} brought gRPC status {status}: {text}")),
        Ok(Err(error)) => Err(format!("{method}: {error}")),
        Err(_) => Err(format!("{method} brought nothing for {CALL_LIMIT:?}")),
    }
}

/// One unary call on a connection of its own. Returns the gRPC status and its message.
async fn call(
    address: SocketAddr,
    path: &str,
    message: &[u8],
) -> Result<(u32, String), Box<dyn std::error::Error + Send + Sync>> {
    let stream = TcpStream::connect(address).await?;
    let (sender, connection) = h2::client::handshake(stream).await?;
    let request = Request::post(format!("http://{address}/{path}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(())?;
    // A gRPC message is preceded by a byte "not compressed" and its length.
    let length = u32::try_from(message.len())?.to_be_bytes();
    let frame = Bytes::from([&[0], &length[..], message].concat());

    let exchange = async move {
        let (response, mut body) = sender.ready().await?.send_request(request, false)?;
        body.send_data(frame, true)?;
        let (head, mut body) = response.await?.into_parts();
        // A failed call has its status in the head.
        if let Some(status) = status(&head.headers) {
            return Ok(status);
        }
        while let Some(bytes) = body.data().await {
            body.flow_control().release_capacity(bytes?.len())?;
        }
        let trailers = body.trailers().await?;
        trailers.as_ref().and_then(status).ok_or_else(|| format!("no gRPC status, but HTTP {}", head.status).into())
    };
    // The connection is driven here, and dropped with the call.
    let driven = async {
        let end = connection.await;
        // What was received before it ended is still read.
        std::future::pending::<()>().await;
        end
    };
    tokio::select! {
        outcome = exchange => outcome,
        _ = driven => Err("the connection ended".into()),
    }
}

fn status(headers: &HeaderMap) -> Option<(u32, String)> {
    let text = |name| headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    Some((text("grpc-status")?.parse().ok()?, text("grpc-message").unwrap_or_default()))
}

/// A protobuf field of bytes.
pub(crate) fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![number << 3 | 2];
    let mut length = bytes.len();
    while length > 0x7f {
        out.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
    out.extend_from_slice(bytes);
    out
}
