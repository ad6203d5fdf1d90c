//! The worker.

fn main() -> std::process::ExitCode {
    mainspring::run([greetings::product()])
}
