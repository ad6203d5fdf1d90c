//! OpenTelemetry traces over OTLP: command → workflow → activity in one trace, with the SDK's own plugin.
//!
//! Off unless a collector is set ([`TraceSettings`]). Spans wait in a bounded queue, which a thread of its own empties:
//! a collector that is slow or gone costs spans, and nothing else. Nothing is sent from a replay.

mod settings;

use std::collections::HashMap;
use std::time::Duration;

use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{SpanKind, Status, TraceContextExt, Tracer, TracerProvider};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{BatchSpanProcessor, SdkTracer, SdkTracerProvider};
use serde_json::Value;
use temporalio_sdk::SimplePlugin;
use temporalio_sdk::opentelemetry::{
    INSTRUMENTATION_SCOPE, OpenTelemetryPlugin, TRACE_HEADER_KEY, WorkflowIdGenerator, WorkflowSpanProcessor,
};

pub use settings::TraceSettings;

/// Why spans cannot be sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TraceError {
    /// The exporter took neither the address nor what OpenTelemetry's other variables say.
    #[error(
        "traces cannot be sent to the collector that OTEL_EXPORTER_OTLP_ENDPOINT names: {reason}. See OTEL_EXPORTER_OTLP_*"
    )]
    Exporter {
        /// The exporter's word.
        reason: String,
    },
}

/// Spans on their way to a collector.
#[derive(Clone, Debug)]
pub struct Traces {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
}

impl Traces {
    /// Spans under `service`, unless the settings name another. `None` without a collector. Must be called inside a
    /// tokio runtime that lives as long as this does: the exporter's connection is made on it, at the first span.
    ///
    /// # Errors
    /// [`TraceError::Exporter`]; a collector that is not there is none, for it may come.
    pub fn start(settings: &TraceSettings, service: &str) -> Result<Option<Self>, TraceError> {
        let Some(endpoint) = &settings.endpoint else { return Ok(None) };
        let exporter = SpanExporter::builder().with_tonic().with_endpoint(endpoint).build();
        let exporter = exporter.map_err(|error| TraceError::Exporter { reason: error.to_string() })?;
        let service = settings.service_name.as_deref().unwrap_or(service).to_owned();
        let provider = SdkTracerProvider::builder()
            .with_id_generator(WorkflowIdGenerator::default())
            .with_span_processor(WorkflowSpanProcessor::new(BatchSpanProcessor::builder(exporter).build()))
            .with_resource(Resource::builder().with_service_name(service).build())
            .build();
        let tracer = provider.tracer(INSTRUMENTATION_SCOPE);
        Ok(Some(Self { provider, tracer }))
    }

    /// For workers: spans of workflows, activities and what they call, and the trace handed on from one to the next.
    pub fn plugin(&self) -> SimplePlugin {
        OpenTelemetryPlugin::builder().tracer(self.tracer.clone()).build()
    }

    /// The span of a workflow's start, for calls that do not go through the SDK's client.
    pub fn starting(&self, workflow_type: &str, workflow_id: &str) -> StartSpan {
        let span = self
            .tracer
            .span_builder(format!("StartWorkflow:{workflow_type}"))
            .with_kind(SpanKind::Client)
            .with_attributes([KeyValue::new("temporalWorkflowID", workflow_id.to_owned())]);
        StartSpan(Context::new().with_span(span.start_with_context(&self.tracer, &Context::new())))
    }

    /// Sends what waits, within `limit`, and ends. It blocks: not on a thread that a runtime needs.
    pub fn flush(&self, limit: Duration) {
        if let Err(error) = self.provider.shutdown_with_timeout(limit) {
            tracing::warn!(error = %error, "spans may be lost: the collector did not take the last of them in time");
        }
    }
}

/// The span of a workflow's start. It ends when it is dropped.
#[derive(Debug)]
pub struct StartSpan(Context);

impl StartSpan {
    /// The header that hands the trace on to the workflow, as every SDK of Temporal reads it: name and JSON.
    pub fn header(&self) -> (&'static str, Value) {
        let mut carrier = HashMap::new();
        TraceContextPropagator::new().inject_context(&self.0, &mut carrier);
        (TRACE_HEADER_KEY, carrier.into_iter().collect())
    }

    /// The start failed.
    pub fn failed(&self, why: String) {
        self.0.span().set_status(Status::error(why));
    }
}

impl Drop for StartSpan {
    fn drop(&mut self) {
        self.0.span().end();
    }
}
