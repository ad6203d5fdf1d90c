//! The management command over your own products.

fn main() -> std::process::ExitCode {
    mainspring_cli::main([greetings::product()])
}
