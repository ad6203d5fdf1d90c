//! `config show|check`: every setting of the worker, the connection, the logs and the products.

use mainspring_logs::{KafkaSettings, LogSettings};
use mainspring_settings::connection::ConnectionSettings;
use mainspring_settings::{Report, Sources};
use mainspring_traces::TraceSettings;
use mainspring_worker::{Product, Registry, WorkerSettings};
use serde_json::json;

use crate::arguments::{ConfigVerb, Output};
use crate::exit::Failure;
use crate::{chart, print, say};

/// The settings that a worker of these products reads.
pub(crate) fn of_a_worker<'a>(sources: &Sources, products: impl IntoIterator<Item = &'a Product>) -> Report {
    let report = Report::new(sources)
        .section::<ConnectionSettings>(sources)
        .section::<WorkerSettings>(sources)
        .section::<LogSettings>(sources)
        .section::<KafkaSettings>(sources)
        .section::<TraceSettings>(sources);
    products.into_iter().fold(report, |report, product| product.report_settings(report, sources))
}

pub(crate) fn run(verb: &ConfigVerb, sources: &Sources, registry: &Registry) -> Result<(), Failure> {
    let (output, check) = match verb {
        ConfigVerb::Show { output } => (*output, false),
        ConfigVerb::Check { output, chart_values } if !chart_values.is_empty() => {
            return chart::check(chart_values, *output, registry);
        }
        ConfigVerb::Check { output, .. } => (*output, true),
    };
    let report = of_a_worker(sources, registry.products());
    #[cfg(feature = "logs")]
    let report = report.section::<mainspring_log_entries::LogReaderSettings>(sources);
    let mut report = report;
    let unknown = report.unknown();
    let faults: Vec<String> = report.faults().iter().map(ToString::to_string).collect();
    let wrong: Vec<String> = faults.iter().cloned().chain(unknown.iter().map(ToString::to_string)).collect();
    match output {
        Output::Json => {
            let settings = report.take_settings();
            print(&json!({ "settings": settings, "faults": faults, "unknown": unknown }).to_string())?;
        }
        Output::Text if !check => print(report.to_table().trim_end())?,
        Output::Text => {}
    }
    if wrong.is_empty() {
        if check && output == Output::Text {
            print("every setting is fine")?;
        }
        return Ok(());
    }
    if check {
        return Err(Failure::Config(wrong.join("\n")));
    }
    wrong.iter().for_each(|line| say(&format!("warning: {line}")));
    Ok(())
}
