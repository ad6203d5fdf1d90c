//! The worker of the task queue `new-queue-task-queue`.

fn main() -> std::process::ExitCode {
    mainspring::run([new_product::product()])
}
