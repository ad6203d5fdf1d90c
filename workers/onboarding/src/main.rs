//! The worker of the task queue `onboarding`.

fn main() -> std::process::ExitCode {
    mainspring::run([onboarding::product()])
}
