//! The worker of the task queue `analytics`.

fn main() -> std::process::ExitCode {
    mainspring::run([analytics::product()])
}
