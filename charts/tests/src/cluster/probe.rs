//! A probe over HTTP, asked as a kubelet asks: by its period, with its timeout, and believed after so many failures.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Interval, MissedTickBehavior, interval_at};

use super::pod::text;

/// A probe of a pod, whose address is this machine's loopback one.
#[derive(Clone, Debug)]
pub(super) struct Probe {
    address: SocketAddr,
    path: String,
    delay: Duration,
    period: Duration,
    timeout: Duration,
    /// So many failures in a row count as one.
    pub(super) threshold: u32,
}

impl Probe {
    /// Reads a probe that the API server gave, which has filled in what was left out.
    pub(super) fn of(probe: &Value, container: &Value) -> Result<Self, String> {
        let get = &probe["httpGet"];
        if get.is_null() || get["scheme"] != "HTTP" {
            return Err(format!("nobody here asks by {probe}"));
        }
        let mut ports = container["ports"].as_array().into_iter().flatten();
        let port = match &get["port"] {
            Value::String(name) => {
                ports.find(|port| port["name"] == *name).and_then(|port| port["containerPort"].as_u64())
            }
            number => number.as_u64(),
        };
        let port = port.and_then(|port| u16::try_from(port).ok()).ok_or("its port is none of the container's")?;
        let number = |key: &str| probe[key].as_u64().unwrap_or_default();
        Ok(Self {
            address: (Ipv4Addr::LOCALHOST, port).into(),
            path: text(&get["path"]),
            delay: Duration::from_secs(number("initialDelaySeconds")),
            period: Duration::from_secs(number("periodSeconds").max(1)),
            timeout: Duration::from_secs(number("timeoutSeconds").max(1)),
            threshold: u32::try_from(number("failureThreshold")).unwrap_or(u32::MAX).max(1),
        })
    }

    /// When it is to be asked.
    pub(super) fn times(&self) -> Interval {
        let mut times = interval_at(tokio::time::Instant::now() + self.delay, self.period);
        times.set_missed_tick_behavior(MissedTickBehavior::Delay);
        times
    }

    /// Asks once.
    pub(super) async fn ask(&self) -> Result<(), String> {
        match tokio::time::timeout(self.timeout, self.status()).await {
            Ok(Ok(200..=399)) => Ok(()),
            Ok(Ok(status)) => Err(format!("{} answered {status}", self.path)),
            Ok(Err(error)) => Err(format!("{}: {error}", self.path)),
            Err(_) => Err(format!("{} did not answer within {:?}", self.path, self.timeout)),
        }
    }

    async fn status(&self) -> std::io::Result<u16> {
        let mut stream = TcpStream::connect(self.address).await?;
        let head = format!("GET {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.path, self.address);
        stream.write_all(head.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        let answer = String::from_utf8_lossy(&answer);
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
        status.ok_or_else(|| std::io::Error::other(format!("it answered {answer:?}")))
    }
}
