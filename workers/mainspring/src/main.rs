//! The management command, over every product of this repository.

fn main() -> std::process::ExitCode {
    mainspring_cli::main(mainspring_command::products())
}
