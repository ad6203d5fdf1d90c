//! The `main` of a worker binary: settings, logs, signals, host, exit code.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use mainspring_logs::{Destination, KafkaSettings, LogSettings, Producing};
use mainspring_settings::{Sources, UnknownName};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use tokio::sync::watch;

use crate::drain::Sum;
use crate::{Host, HostError, Product, Registry, Report, heap};

const USAGE: &str = "\
A Temporal worker built with Mainspring. It takes no arguments: settings come from the environment and temporal.toml.
--version says which build it is.

  TEMPORAL_ADDRESS=127.0.0.1:7233 TEMPORAL_NAMESPACE=default THIS-BINARY

`mainspring config show` lists every setting. SIGTERM or SIGINT drains; a second one leaves at once.
Exit codes: 0 drained, 64 wrong usage, 69 Temporal cannot be reached, 70 a worker died too often, 71 the operating
system refused something, 78 a setting is missing or wrong, 130 or 143 a second signal.
";

/// Runs the products until SIGTERM or SIGINT, and drains: the whole `main` of a worker binary.
///
/// ```no_run
/// # fn product() -> mainspring_worker::Product { unimplemented!() }
/// fn main() -> std::process::ExitCode {
///     mainspring_worker::run([product()])
/// }
/// ```
pub fn run(products: impl IntoIterator<Item = Product>) -> ExitCode {
    match arguments() {
        Arguments::None => {}
        Arguments::Say(text, code) => {
            say(&text, code == 0);
            return ExitCode::from(code);
        }
    }
    let outcome =
        Registry::new(products).map_err(HostError::from).and_then(|registry| serve(registry, Sources::from_process()?));
    match outcome {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("error: {error}\n"), false);
            ExitCode::from(error.exit_code())
        }
    }
}

/// The same for a command that has read its arguments: logs to stdout, runs until SIGTERM or SIGINT, drains. It sets up
/// the whole process: its signals, its log, and how many arenas glibc's allocator may have.
///
/// # Errors
/// As [`Host::new`] and [`Host::run_until`]; as [`Producing::start`]; the operating system refused signals, a runtime or
/// the log's writer.
pub fn serve(registry: Registry, sources: Sources) -> Result<Report, HostError> {
    heap::few_arenas();
    let logs: LogSettings = mainspring_settings::load(&sources)?;
    let producing = Producing::start(&mainspring_settings::load::<KafkaSettings>(&sources)?)?;
    let guard = match &producing {
        Some(producing) => {
            mainspring_logs::install_producing(&logs, Destination::Stdout, producing, registry.log_rules())?
        }
        None => mainspring_logs::install(&logs, Destination::Stdout)?,
    };
    if producing.is_none() {
        tracing::info!("log lines go to stdout only: MAINSPRING_LOG_KAFKA_BROKERS names no Kafka to produce them to");
    }
    // A rollback must start, so a name that this version does not know is a warning; `config check` refuses it.
    for unknown in unknown_settings(registry.products(), &sources) {
        tracing::warn!("{unknown}");
    }
    let host = Host::new(registry, sources)?;
    let sum = host.settings().sum();
    let mut stop = Stop::on_signals(sum)?;
    let main = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| HostError::Build(format!("the operating system refused a runtime: {error}")))?;
    let report = main.block_on(host.run_until(stop.asked()));
    let left = stop.since().map_or(Duration::from_secs(1), |since| sum.flushed().saturating_sub(since.elapsed()));
    let begin = Instant::now();
    if let Some(producing) = producing {
        drain_lines(&producing, left);
    }
    guard.flush(left.saturating_sub(begin.elapsed()).min(Duration::from_secs(2)));
    report
}

/// Lines to Kafka go first: what is said of those that did not get there is to be flushed as well. A Kafka that is away
/// would use up the whole grace.
fn drain_lines(producing: &Producing, left: Duration) {
    const LONGEST: Duration = Duration::from_secs(10);
    let drained = producing.drain((left - (left / 5).min(Duration::from_millis(200))).min(LONGEST));
    if drained.dropped + drained.failed > 0 {
        tracing::warn!(
            write_only = true,
            delivered = drained.delivered,
            dropped = drained.dropped,
            failed = drained.failed,
            "log lines did not get to Kafka before the worker ended"
        );
    }
}

/// Names of ours that neither Mainspring nor a product of this binary reads.
fn unknown_settings(products: &[Product], sources: &Sources) -> Vec<UnknownName> {
    let report = mainspring_settings::Report::new(sources)
        .section::<crate::WorkerSettings>(sources)
        .section::<mainspring_settings::connection::ConnectionSettings>(sources)
        .section::<LogSettings>(sources)
        .section::<KafkaSettings>(sources)
        .section::<mainspring_traces::TraceSettings>(sources);
    products.iter().fold(report, |report, product| product.report_settings(report, sources)).unknown()
}

/// The name that this program was started under; spans are shown under it unless a setting says another.
pub(crate) fn program() -> String {
    let name = std::env::args_os().next().map(std::path::PathBuf::from);
    let stem = name.as_deref().and_then(std::path::Path::file_stem).map(|stem| stem.to_string_lossy().into_owned());
    stem.unwrap_or_else(|| "mainspring".to_owned())
}

enum Arguments {
    None,
    Say(String, u8),
}

fn arguments() -> Arguments {
    let first = std::env::args_os().nth(1).map(|argument| argument.to_string_lossy().into_owned());
    match first.as_deref() {
        None => Arguments::None,
        Some("-h" | "--help") => Arguments::Say(USAGE.to_owned(), 0),
        Some("-V" | "--version") => Arguments::Say(format!("{} {}\n", program(), crate::version()), 0),
        Some(other) => Arguments::Say(format!("error: {other} is not an argument of a worker\n\n{USAGE}"), 64),
    }
}

/// The one place of this crate that writes to the terminal: before logs exist, and after they are gone.
fn say(text: &str, to_stdout: bool) {
    use std::io::Write;
    // A closed pipe leaves nobody to tell.
    let _ = if to_stdout {
        std::io::stdout().write_all(text.as_bytes())
    } else {
        std::io::stderr().write_all(text.as_bytes())
    };
}

/// Signals, on a thread of their own, so that nothing that user code does can hold them back. The thread also keeps the
/// last promise of the sum: the process has left one second after the grace.
struct Stop {
    asked: watch::Receiver<Option<Instant>>,
}

impl Stop {
    fn on_signals(sum: Sum) -> Result<Self, HostError> {
        let refused = |error: std::io::Error| HostError::Build(format!("signals cannot be handled: {error}"));
        let mut signals = Signals::new([SIGTERM, SIGINT]).map_err(refused)?;
        let (ask, asked) = watch::channel(None);
        let listen = move || {
            for signal in signals.forever() {
                if ask.borrow().is_some() {
                    // 128 + the signal's number, as a shell reports it.
                    signal_hook::low_level::exit(128 + signal);
                }
                ask.send_replace(Some(Instant::now()));
                leave_at(sum);
            }
        };
        std::thread::Builder::new().name("signals".to_owned()).spawn(listen).map_err(refused)?;
        Ok(Self { asked })
    }

    /// Ends at the first signal.
    fn asked(&mut self) -> impl Future<Output = ()> + use<> {
        let mut asked = self.asked.clone();
        async move {
            // The sender lives as long as its thread, which never ends.
            let _ = asked.wait_for(Option::is_some).await;
        }
    }

    fn since(&self) -> Option<Instant> {
        *self.asked.borrow()
    }
}

/// Leaves shortly before grace + 1 s, whatever still runs. What was abandoned has been logged by then.
fn leave_at(sum: Sum) {
    let last = sum.exit().saturating_sub(Duration::from_millis(200));
    let leave = move || {
        std::thread::park_timeout(last);
        signal_hook::low_level::exit(0);
    };
    // Without a thread for it the drain still ends by itself.
    let _ = std::thread::Builder::new().name("leave".to_owned()).spawn(leave);
}

#[cfg(test)]
mod tests {
    use mainspring_settings::{Reader, Section};

    use super::*;

    struct Exports;

    impl Section for Exports {
        const NAME: &'static str = "exports";

        fn read(reader: &mut Reader<'_>) -> Self {
            reader.field("MAINSPRING_EXPORT_PART_BYTES").doc("Size of a part").count(1024, 1..=4096);
            Self
        }
    }

    #[test]
    fn a_products_own_setting_is_known_and_a_name_that_nobody_reads_is_not() {
        let sources = Sources::from_pairs([
            ("MAINSPRING_EXPORT_PART_BYTES", "2048"),
            ("MAINSPRING_EXPORT_PARTS_BYTES", "2048"),
            ("MAINSPRING_LOG_FORMAT", "json"),
            ("MAINSPRING_LOG_KAFKA_TOPIC", "lines"),
            ("MAINSPRING_WORKFLOW_WORKERS", "1"),
            ("MAINSPRING_CODEC_ENDPOINT", "later"),
        ]);
        let products = [Product::new("exports", "exports").settings::<Exports>()];
        let said: Vec<String> = unknown_settings(&products, &sources).iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "MAINSPRING_CODEC_ENDPOINT is not a setting that this version knows",
                "MAINSPRING_EXPORT_PARTS_BYTES is not a setting that this version knows: did you mean \
                 MAINSPRING_EXPORT_PART_BYTES?",
            ]
        );
        let without_it = unknown_settings(&[], &sources);
        assert!(without_it.iter().any(|unknown| unknown.name == "MAINSPRING_EXPORT_PART_BYTES"), "{without_it:?}");
    }
}
