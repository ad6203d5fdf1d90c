//! What became of the log lines that were to be produced to Kafka; shown by a process that produces.

use std::fmt::Write;

use mainspring_logs::{Dropped, Failed, ProduceStats};

use super::process::joined;

/// Appends the figures, with these labels.
pub(super) fn render(text: &mut String, stats: &ProduceStats, labels: &[(&str, &str)]) {
    let labels = joined(labels);
    let mut family = |name: &str, kind: &str, help: &str, samples: &[(String, f64)]| {
        // Writing into a string cannot fail.
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for (sample, value) in samples {
            let _ = writeln!(text, "{name}{sample} {value}");
        }
        text.push('\n');
    };
    let bare = |value: f64| [(format!("{{{labels}}}"), value)];
    let by_cause = |cause: &str, lines: u64| (format!("{{{labels},cause=\"{cause}\"}}"), lines as f64);

    let produced = "Log lines that were to be produced to Kafka; each is delivered, failed, dropped, or in the queue";
    family("mainspring_log_lines_produced_total", "counter", produced, &bare(stats.produced() as f64));
    let delivered = "Log lines that Kafka has";
    family("mainspring_log_lines_delivered_total", "counter", delivered, &bare(stats.delivered() as f64));
    let failed = Failed::ALL.map(|cause| by_cause(cause.as_str(), stats.failed_for(cause)));
    family("mainspring_log_lines_failed_total", "counter", "Log lines that Kafka did not take, by cause", &failed);
    let dropped = Dropped::ALL.map(|cause| by_cause(cause.as_str(), stats.dropped_for(cause)));
    let help = "Log lines to be produced that never left the process, by cause";
    family("mainspring_log_lines_dropped_total", "counter", help, &dropped);
    let lines = "Log lines that wait for Kafka, or for its answer";
    family("mainspring_log_queue_lines", "gauge", lines, &bare(stats.queue_lines() as f64));
    let bytes = "Bytes of the log lines that wait for Kafka, or for its answer";
    family("mainspring_log_queue_bytes", "gauge", bytes, &bare(stats.queue_bytes() as f64));

    let latencies = stats.latencies();
    let bucket = |le: &str, count: u64| (format!("_bucket{{{labels},le=\"{le}\"}}"), count as f64);
    let bounds = latencies.at_most.iter().map(|(bound, count)| bucket(&bound.as_secs_f64().to_string(), *count));
    let ends = [
        bucket("+Inf", latencies.count),
        (format!("_sum{{{labels}}}"), latencies.sum.as_secs_f64()),
        (format!("_count{{{labels}}}"), latencies.count as f64),
    ];
    let samples: Vec<_> = bounds.chain(ends).collect();
    let help = "From a line being logged to Kafka's answer that it has it, in seconds";
    family("mainspring_log_delivery_latency_seconds", "histogram", help, &samples);
}

#[cfg(all(test, feature = "kafka"))]
mod tests {
    use std::time::Duration;

    use mainspring_logs::{KafkaSettings, Producing};
    use mainspring_settings::{Sources, load};
    use tracing::Level;

    use super::super::tests::exposition::Exposition;
    use super::*;

    #[test]
    fn every_line_is_shown_where_it_is() {
        // Nobody listens at the port of discard.
        let sources = Sources::from_pairs([("MAINSPRING_LOG_KAFKA_BROKERS", "127.0.0.1:9")]);
        let settings: KafkaSettings = load(&sources).unwrap();
        let producing = Producing::start(&settings).unwrap().unwrap();
        let shown = || {
            let mut text = String::new();
            render(&mut text, &producing.stats(), &[("temporal_namespace", "a \"shop\"")]);
            Exposition::read(&text).unwrap()
        };
        let global = ("temporal_namespace", "a \"shop\"");
        ["a", "bb", "ccc"].into_iter().for_each(|record| producing.offer(Level::INFO, 0, record));
        let waiting = shown();
        assert_eq!(waiting.value("mainspring_log_lines_produced_total", &[global]) as u64, 3);
        assert_eq!(waiting.value("mainspring_log_queue_lines", &[global]) as u64, 3);
        assert_eq!(waiting.value("mainspring_log_queue_bytes", &[global]) as u64, 6);
        assert_eq!(waiting.value("mainspring_log_delivery_latency_seconds_count", &[global]) as u64, 0);
        assert_eq!(waiting.types["mainspring_log_delivery_latency_seconds"], "histogram");

        producing.drain(Duration::from_millis(100));
        let ended = shown();
        assert_eq!(ended.value("mainspring_log_lines_dropped_total", &[("cause", "shutdown"), global]) as u64, 3);
        assert_eq!(ended.value("mainspring_log_lines_failed_total", &[("cause", "too_large")]) as u64, 0);
        assert_eq!(ended.value("mainspring_log_queue_lines", &[]) as u64, 0);
    }
}
