//! The SDK's exporter, and how its text is fetched.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use temporalio_common::telemetry::metrics::{CoreMeter, TemporalMeter};
use temporalio_common::telemetry::{
    PrometheusExporterOptions, TelemetryOptions, start_prometheus_metric_exporter, telemetry_init,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::AbortHandle;

use super::GlobalLabels;

/// The exporter answers from memory, on this machine.
const SCRAPE: Duration = Duration::from_secs(5);

/// The SDK's metrics of one host. Dropped, its listener goes.
pub(crate) struct SdkMetrics {
    meter: Arc<dyn CoreMeter>,
    addr: SocketAddr,
    server: AbortHandle,
}

impl SdkMetrics {
    pub(super) fn start(labels: &GlobalLabels) -> Result<Self, String> {
        let tags = labels.pairs().into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        let options = PrometheusExporterOptions::builder()
            .socket_addr(SocketAddr::from(([127, 0, 0, 1], 0)))
            .global_tags(tags.collect())
            .build();
        let started = start_prometheus_metric_exporter(options).map_err(|error| error.to_string())?;
        Ok(Self { meter: started.meter, addr: started.bound_addr, server: started.abort_handle })
    }

    pub(super) fn meter(&self) -> Arc<dyn CoreMeter> {
        self.meter.clone()
    }

    /// The SDK puts its prefix before the names only through this path.
    pub(super) fn temporal_meter(&self) -> Result<TemporalMeter, String> {
        let options = TelemetryOptions::builder().metrics(self.meter.clone()).build();
        let telemetry = telemetry_init(options).map_err(|error| error.to_string())?;
        telemetry.get_temporal_metric_meter().ok_or_else(|| "the SDK made no meter".to_owned())
    }

    /// The exporter's text.
    pub(super) async fn scrape(&self) -> Result<String, String> {
        let fetched = tokio::time::timeout(SCRAPE, fetch(self.addr)).await;
        fetched.map_err(|_| "its exporter did not answer in time".to_owned())?.map_err(|error| error.to_string())
    }
}

impl Drop for SdkMetrics {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// HTTP/1.0 asks for a whole body and an end: nothing of the protocol is left to parse but the blank line.
async fn fetch(addr: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(addr).await?;
    stream.write_all(b"GET /metrics HTTP/1.0\r\nhost: localhost\r\n\r\n").await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    match answer.split_once("\r\n\r\n") {
        Some((head, body)) if head.contains(" 200 ") => Ok(body.to_owned()),
        _ => Err(std::io::Error::other("its exporter did not answer 200")),
    }
}
