//! The settings of traces: OpenTelemetry's own names.

use mainspring_settings::{Reader, Section};

/// Where spans go. Its SDK reads OpenTelemetry's other variables by itself: `OTEL_EXPORTER_OTLP_HEADERS`,
/// `OTEL_TRACES_SAMPLER`, `OTEL_RESOURCE_ATTRIBUTES`, `OTEL_BSP_*`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TraceSettings {
    /// The collector, such as `http://127.0.0.1:4317`; `https` verifies its certificate. Default: none, and no traces.
    pub endpoint: Option<String>,
    /// The service that spans are shown under. Default: what the program says of itself.
    pub service_name: Option<String>,
}

impl Section for TraceSettings {
    const NAME: &'static str = "traces";

    fn read(reader: &mut Reader<'_>) -> Self {
        let endpoint = reader
            .field("OTEL_EXPORTER_OTLP_ENDPOINT")
            .doc("OpenTelemetry collector that spans are sent to by gRPC, such as http://127.0.0.1:4317; none: no traces")
            .parse_optional(address);
        let of_traces = reader
            .field("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
            .doc("The same for traces alone; it goes before the other")
            .parse_optional(address);
        let off = reader.field("OTEL_SDK_DISABLED").doc("Whether traces are off, whatever the endpoint").flag(false);
        let service_name = reader
            .field("OTEL_SERVICE_NAME")
            .doc("Service that spans are shown under; by default the program's name")
            .optional_string();
        let endpoint = of_traces.or(endpoint).filter(|_| !off);
        if endpoint.is_some() {
            // Whoever sends no spans from here may have set it for other programs.
            reader
                .field("OTEL_EXPORTER_OTLP_PROTOCOL")
                .doc("How the collector is spoken to")
                .choice(&[("grpc", ())], ());
        }
        Self { endpoint, service_name }
    }
}

fn address(text: &str) -> Result<String, String> {
    let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    match rest.filter(|rest| !rest.is_empty() && !rest.contains(char::is_whitespace)) {
        Some(_) => Ok(text.to_owned()),
        None => Err("which is no URL: write http://HOST:PORT or https://HOST:PORT".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use mainspring_settings::{Sources, load};

    use super::*;

    fn of<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> TraceSettings {
        load(&Sources::from_pairs(pairs)).unwrap()
    }

    #[test]
    fn traces_are_off_unless_there_is_a_collector() {
        assert_eq!(of([]), TraceSettings::default());
        assert_eq!(of([("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")]), TraceSettings::default());
        let both = [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://all:4317"),
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "https://traces:4317"),
            ("OTEL_SERVICE_NAME", "billing"),
        ];
        let expected = TraceSettings {
            endpoint: Some("https://traces:4317".to_owned()),
            service_name: Some("billing".to_owned()),
        };
        assert_eq!(of(both), expected);
        assert_eq!(of(both.into_iter().chain([("OTEL_SDK_DISABLED", "true")])).endpoint, None);
    }

    #[test]
    fn every_fault_is_named_with_what_would_be_right() {
        let sources = Sources::from_pairs([
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317"),
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://traces:4317"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
            ("OTEL_SDK_DISABLED", "perhaps"),
        ]);
        insta::assert_snapshot!(load::<TraceSettings>(&sources).unwrap_err(), @r#"
        OTEL_EXPORTER_OTLP_ENDPOINT is "collector:4317", which is no URL: write http://HOST:PORT or https://HOST:PORT
        OTEL_SDK_DISABLED is "perhaps", which is not yes or no: write true or false
        OTEL_EXPORTER_OTLP_PROTOCOL is "http/protobuf", which is not one of grpc
        "#);
    }
}
