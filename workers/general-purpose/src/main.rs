//! The worker of `general-purpose-task-queue`.

fn main() -> std::process::ExitCode {
    mainspring::run([general_purpose::product(), travelling_salesman_solver::product()])
}
