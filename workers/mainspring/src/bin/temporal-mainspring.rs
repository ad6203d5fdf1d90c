//! The same command under the name by which Temporal's CLI finds an extension: `temporal mainspring …`.

fn main() -> std::process::ExitCode {
    mainspring_cli::main(mainspring_command::products())
}
