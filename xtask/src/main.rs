//! Every chore of this repository, one verb each: `cargo xtask` lists them.
//!
//! Each CI job is one verb, so a red job is repeated by pasting one line. The verbs run cargo and git as they are found
//! on this machine; servers and tools come from `mainspring-servers`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is a command for people: printing is its job")]

mod bench;
mod changed;
mod deny;
mod failure;
mod image;
mod lint;
mod msrv;
mod repository;
mod setup;
mod shipped;
mod suite;
mod tidy;
#[cfg(test)]
mod workflows;

use std::{ffi::OsString, num::NonZero, process::ExitCode};

use clap::{CommandFactory, Parser, Subcommand};

use crate::{failure::Failure, repository::Repository};

/// Every chore of this repository, one verb each.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Subcommand)]
enum Verb {
    /// Install what is missing of the servers and tools that the tests use; do nothing when all is there
    Setup,
    /// Format, clippy, docs and our own checks: all of them, then every failure at once
    Lint {
        /// Run these only: fmt, tidy, clippy, workflows, doc, deny
        #[arg(value_name = "STEP")]
        steps: Vec<String>,
        /// Also run `deny`
        #[arg(long, conflicts_with = "steps")]
        full: bool,
    },
    /// Our own checks only (CONTRIBUTING.md lists the rules); part of `lint`
    Tidy,
    /// Dependencies: bans, licences and sources with cargo-deny, installed on first use
    Deny,
    /// Whether the workspace builds with the oldest Rust that it promises, its rust-version; rustup installs that
    Msrv,
    /// Every test: unit, doc and end-to-end, against real servers; the last line is the total
    Test {
        /// Add the slow tier: kills, restarts, thousands of workflows
        #[arg(long)]
        full: bool,
        /// How many test binaries run at once; they share two tests for each core (RUST_TEST_THREADS is for each)
        #[arg(long, short, value_name = "N", default_value = "2")]
        jobs: NonZero<usize>,
        /// Given to every test binary: a filter, `--exact`, `--nocapture`
        #[arg(last = true, value_name = "ARGS")]
        arguments: Vec<String>,
    },
    /// Which worker binaries a deployment would replace, and why
    Changed(changed::Arguments),
    /// One benchmark, in release mode; without NAME, their names
    Bench {
        /// Its name: a file of benches/src/bin
        name: Option<String>,
        /// Given to the benchmark
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGS")]
        arguments: Vec<OsString>,
    },
    /// The images of the Dockerfile, assembled and run here without Docker: as PID 1, not root, read-only
    Image(image::ImageArguments),
    /// A process as a container has it; `image` calls it
    #[command(hide = true)]
    ImageCell(image::CellArguments),
}

fn main() -> ExitCode {
    let Some(verb) = Arguments::parse().verb else {
        print!("{}", Arguments::command().render_help());
        return ExitCode::SUCCESS;
    };
    run(verb).unwrap_or_else(|failure| {
        eprintln!("error: {failure}");
        ExitCode::FAILURE
    })
}

fn run(verb: Verb) -> Result<ExitCode, Failure> {
    let repository = Repository::find()?;
    let well = match verb {
        Verb::Setup => setup::run(true).map(|()| true),
        Verb::Lint { steps, full } => lint::run(&repository, &steps, full),
        Verb::Tidy => tidy::run(&repository),
        Verb::Deny => deny::run(&repository),
        Verb::Msrv => msrv::run(&repository),
        Verb::Test { full, jobs, arguments } => suite::run(&repository, full, jobs, &arguments),
        Verb::Changed(arguments) => changed::run(&repository, &arguments),
        Verb::Bench { name, arguments } => bench::run(&repository, name.as_deref(), &arguments),
        Verb::Image(arguments) => image::run(&repository, &arguments),
        Verb::ImageCell(arguments) => return image::enter(&arguments),
    }?;
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
