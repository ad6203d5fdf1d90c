//! The arguments, named as Temporal's CLI names them.

pub(crate) mod activity;
pub(crate) mod contracts;
#[cfg(feature = "logs")]
pub(crate) mod logs;
pub(crate) mod new;
pub(crate) mod patches;
pub(crate) mod replay;
pub(crate) mod schedules;
pub(crate) mod workflow;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use mainspring_settings::Sources;

use activity::ActivityVerb;
use contracts::ContractsVerb;
use new::NewVerb;
use patches::PatchesArguments;
use replay::ReplayVerb;
use schedules::SchedulesVerb;
use workflow::{ExecuteArguments, StartArguments, WorkflowVerb};

/// Runs workflows, and the workers that run them.
#[derive(Debug, Parser)]
#[command(
    name = "mainspring",
    version = mainspring_worker::version(),
    after_help = "Example:\n  mainspring dev\n  mainspring workflow execute no-op \
'{\"arg\": \"1\", \"batch_export_id\": \"test\", \"team_id\": 2}'\n\nExit codes: 0 done, 1 the workflow failed or \
ended otherwise, or a check found something, 2 changes are pending in `schedules plan`, 64 wrong arguments or input, 66 no such workflow or schedule, 69 Temporal cannot be reached or nobody polls, 70 anything \
else, 71 the operating system refused something, 78 a setting is missing or wrong, 130 Ctrl-C, 143 SIGTERM twice."
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) connection: ConnectionArguments,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

#[derive(Args, Debug)]
pub(crate) struct ConnectionArguments {
    /// Where Temporal listens, HOST:PORT [setting: TEMPORAL_ADDRESS]
    #[arg(long, global = true)]
    address: Option<String>,
    /// Namespace [setting: TEMPORAL_NAMESPACE]
    #[arg(short, long, global = true)]
    namespace: Option<String>,
}

impl ConnectionArguments {
    /// Flags beat the environment.
    pub(crate) fn over(&self, mut sources: Sources) -> Sources {
        for (name, flag, value) in
            [("TEMPORAL_ADDRESS", "--address", &self.address), ("TEMPORAL_NAMESPACE", "--namespace", &self.namespace)]
        {
            if let Some(value) = value {
                sources = sources.with_flag(name, flag, value.clone());
            }
        }
        sources
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Start Temporal's dev server with its UI, and the workers of every product
    #[command(after_help = "Example:\n  mainspring dev --products general-purpose --db temporal.sqlite")]
    Dev(DevArguments),
    /// Write what is new: a product
    New {
        #[command(subcommand)]
        verb: NewVerb,
    },
    /// Run workers
    Worker {
        #[command(subcommand)]
        verb: WorkerVerb,
    },
    /// Start workflows, watch them, talk to them, end them
    #[command(after_help = workflow::EXIT_CODES)]
    Workflow {
        #[command(subcommand)]
        verb: WorkflowVerb,
    },
    /// What runs by the clock: list schedules, pause them, run them now or for times that have passed
    #[command(visible_alias = "schedule", after_help = schedules::EXIT_CODES)]
    Schedules {
        #[command(subcommand)]
        verb: SchedulesVerb,
    },
    /// Run an activity that failed here, to see why
    Activity {
        #[command(subcommand)]
        verb: ActivityVerb,
    },
    /// Hold saved histories against the code: would running workflows survive it?
    Replay {
        #[command(subcommand)]
        verb: ReplayVerb,
    },
    /// The lines that workers produce to Kafka: into a table, and a workflow's lines out of it
    #[cfg(feature = "logs")]
    Logs {
        #[command(subcommand)]
        verb: logs::LogsVerb,
    },
    /// Patches in workflow code: which open runs need them, what may become `deprecate_patch`, what may go
    Patches(PatchesArguments),
    /// List the products, their task queues, workflows and activities
    #[command(after_help = "Example:\n  mainspring products -o json")]
    Products {
        /// How to print
        #[arg(short, long, value_enum, default_value_t)]
        output: Output,
    },
    /// Hold inputs and results against the schemas that were committed
    Contracts {
        #[command(subcommand)]
        verb: ContractsVerb,
    },
    /// Refuse in workflow code what a replay would answer otherwise: clocks, randomness, I/O; exit code 1 if there is any
    #[command(
        after_help = "Example:\n  mainspring lint --path src/orders.rs\n\nRuns clippy in this workspace; what it cannot see, \
`replay check` does."
    )]
    Lint(LintArguments),
    /// The search attributes that products declare, and what the namespace knows of them
    SearchAttributes {
        #[command(subcommand)]
        verb: SearchAttributesVerb,
    },
    /// Show or check the settings
    Config {
        #[command(subcommand)]
        verb: ConfigVerb,
    },
    /// Make files from the registry and from the arguments: process manager, completions, man pages
    Generate {
        #[command(subcommand)]
        verb: GenerateVerb,
    },
    /// The same as `workflow execute`, under the name that some fingers know
    #[command(name = "execute_temporal_workflow", hide = true)]
    ExecuteTemporalWorkflow(ExecuteArguments),
    /// The same as `workflow start`, under the name that some fingers know
    #[command(name = "start_temporal_workflow", hide = true)]
    StartTemporalWorkflow(StartArguments),
    /// The same as `worker start`, under the name that some fingers know
    #[command(name = "start_temporal_worker", hide = true)]
    StartTemporalWorker(WorkerArguments),
}

#[derive(Debug, Subcommand)]
pub(crate) enum SearchAttributesVerb {
    /// Add to the namespace what it lacks, and wait until it knows them
    #[command(
        after_help = "Example:\n  mainspring search-attributes register --namespace orders\n\nRun twice, it adds nothing twice. \
On Temporal Cloud an administrator adds them instead: `check -o json` lists names and types."
    )]
    Register {
        /// How to print
        #[arg(short, long, value_enum, default_value_t)]
        output: Output,
    },
    /// Whether the namespace knows them all, with their types; exit code 78 if not
    #[command(after_help = "Example:\n  mainspring search-attributes check -o json")]
    Check {
        /// How to print
        #[arg(short, long, value_enum, default_value_t)]
        output: Output,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum GenerateVerb {
    /// The dev server and one process a task queue, for mprocs
    #[command(
        after_help = "Example:\n  mainspring generate mprocs > bin/mprocs.yaml && mprocs --config bin/mprocs.yaml"
    )]
    Mprocs {
        /// How a process runs this command
        #[arg(long, default_value = "cargo run --quiet --")]
        command: String,
    },
    /// Values of the chart temporal-worker for the worker of a task queue, with every setting that it needs
    #[command(
        after_help = "Example:\n  mainspring generate chart-values --task-queue general-purpose-task-queue > values.yaml && helm upgrade --install \\\n    \
workers charts/temporal-worker --values values.yaml"
    )]
    ChartValues {
        /// The task queue
        #[arg(short, long)]
        task_queue: String,
        /// A setting, NAME=VALUE; may be given several times. Not a secret
        #[arg(long, value_name = "NAME=VALUE")]
        env: Vec<String>,
    },
    /// Completions for a shell
    #[command(
        after_help = "Example:\n  mainspring generate completions bash > ~/.local/share/bash-completion/completions/mainspring"
    )]
    Completions {
        /// For which shell
        shell: clap_complete::Shell,
    },
    /// Man pages, one a verb
    #[command(
        after_help = "Example:\n  mainspring generate man target/man && man -l target/man/mainspring-workflow-execute.1"
    )]
    Man {
        /// Where they go; made if it is not there
        folder: PathBuf,
    },
}

#[derive(Args, Debug)]
pub(crate) struct DevArguments {
    /// Only these products, separated by commas
    #[arg(long, value_delimiter = ',')]
    pub(crate) products: Vec<String>,
    /// Port of the dev server
    #[arg(long, default_value_t = 7233)]
    pub(crate) port: u16,
    /// Port of its UI
    #[arg(long, default_value_t = 8081)]
    pub(crate) ui_port: u16,
    /// Keep the server's state in this file
    #[arg(long)]
    pub(crate) db: Option<PathBuf>,
    /// Run every product on development-task-queue; calls between products follow
    #[arg(long)]
    pub(crate) one_queue: bool,
    /// Rebuild at each change of the sources, and restart the workers that it touches; running workflows go on
    #[arg(long, conflicts_with = "one_queue")]
    pub(crate) watch: bool,
    /// The server alone: the workers run elsewhere
    #[arg(long, conflicts_with_all = ["products", "one_queue", "watch"])]
    pub(crate) no_workers: bool,
}

#[derive(Args, Debug)]
pub(crate) struct LintArguments {
    /// Also workflow code: a file or folder, from the workspace's root; src/workflows.rs and src/workflows/ always are
    #[arg(long)]
    pub(crate) path: Vec<PathBuf>,
    /// How to print
    #[arg(short, long, value_enum, default_value_t)]
    pub(crate) output: Output,
}

#[derive(Debug, Subcommand)]
pub(crate) enum WorkerVerb {
    /// Run the workers of some products until SIGTERM or Ctrl-C
    #[command(
        after_help = "Example:\n  mainspring worker start --product general-purpose\n\nLogs go to stdout; settings come from the \
environment (`mainspring config show`). A second signal leaves at once."
    )]
    Start(WorkerArguments),
}

#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub(crate) struct WorkerArguments {
    /// These products, separated by commas
    #[arg(short, long, value_delimiter = ',')]
    pub(crate) product: Vec<String>,
    /// Every product on these task queues, separated by commas
    #[arg(short, long, value_delimiter = ',')]
    pub(crate) task_queue: Vec<String>,
    /// Every product
    #[arg(long)]
    pub(crate) all: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigVerb {
    /// Print every setting, its value and where it came from; secrets are masked
    #[command(after_help = "Example:\n  mainspring config show -o json")]
    Show {
        /// How to print
        #[arg(short, long, value_enum, default_value_t)]
        output: Output,
    },
    /// Fail on a setting that is wrong, missing or unknown; with --chart-values, on values of the chart that do not fit the products
    #[command(
        after_help = "Examples:\n  mainspring config check && echo fine\n  mainspring config check --chart-values charts/temporal-worker/examples/*.yaml\n\n\
Of values, queues, binaries and settings are held against the products; whatever else there is Helm itself refuses."
    )]
    Check {
        /// Values of the chart temporal-worker to check in place of this environment; each file is one release's
        #[arg(long, value_name = "FILE", num_args = 1..)]
        chart_values: Vec<PathBuf>,
        /// How to print
        #[arg(short, long, value_enum, default_value_t)]
        output: Output,
    },
}

/// The form of data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people
    #[default]
    Text,
    /// For programs; stable
    Json,
}
