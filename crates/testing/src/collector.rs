//! A collector of OpenTelemetry that keeps every span it is sent.

use std::net::SocketAddr;
use std::sync::Arc;

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{TraceService, TraceServiceServer};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::ResourceSpans;
use parking_lot::Mutex;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

use crate::TestError;

/// One span, as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollectedSpan {
    /// `RunWorkflow:order`, for instance.
    pub name: String,
    /// The trace that it belongs to.
    pub trace_id: Vec<u8>,
    /// Its own id.
    pub span_id: Vec<u8>,
    /// The span that it is part of; empty for a root.
    pub parent_id: Vec<u8>,
    /// The service that sent it.
    pub service: String,
}

/// A collector on a free port of this machine, for `OTEL_EXPORTER_OTLP_ENDPOINT`. Dropping it stops it.
#[derive(Debug)]
pub struct Collector {
    addr: SocketAddr,
    spans: Arc<Mutex<Vec<CollectedSpan>>>,
    serving: JoinHandle<()>,
}

impl Collector {
    /// Starts to listen.
    ///
    /// # Errors
    /// No port is free.
    pub async fn start() -> Result<Self, TestError> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let addr = listener.local_addr()?;
        let spans = Arc::<Mutex<Vec<CollectedSpan>>>::default();
        let service = TraceServiceServer::new(Recorder(spans.clone()));
        let serving = tokio::spawn(async move {
            // It ends with this value, by force.
            let _ = Server::builder().add_service(service).serve_with_incoming(TcpIncoming::from(listener)).await;
        });
        Ok(Self { addr, spans, serving })
    }

    /// `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Every span that came, in its order.
    pub fn spans(&self) -> Vec<CollectedSpan> {
        self.spans.lock().clone()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

struct Recorder(Arc<Mutex<Vec<CollectedSpan>>>);

#[tonic::async_trait]
impl TraceService for Recorder {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let of_services = request.into_inner().resource_spans;
        self.0.lock().extend(of_services.into_iter().flat_map(collected));
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

fn collected(of_service: ResourceSpans) -> impl Iterator<Item = CollectedSpan> {
    let attributes = of_service.resource.map(|resource| resource.attributes).unwrap_or_default();
    let service = attributes.into_iter().find_map(service_name).unwrap_or_default();
    of_service.scope_spans.into_iter().flat_map(|scope| scope.spans).map(move |span| CollectedSpan {
        name: span.name,
        trace_id: span.trace_id,
        span_id: span.span_id,
        parent_id: span.parent_span_id,
        service: service.clone(),
    })
}

fn service_name(attribute: KeyValue) -> Option<String> {
    match attribute {
        KeyValue { key, value: Some(AnyValue { value: Some(Value::StringValue(name)) }), .. }
            if key == "service.name" =>
        {
            Some(name)
        }
        _ => None,
    }
}
