//! The worker under test: a product of workflows and activities that misbehave on demand. Its task queue, and what its
//! "build" does differently, come from the environment, as in no real product. With arguments it is the management command
//! over the same product and another one.
#![allow(missing_docs, missing_debug_implementations, unreachable_pub)]

mod activities;
mod beats;
mod books;
mod builds;
mod ledger;
mod rounds;
mod workflows;

use mainspring::Product;

fn main() -> std::process::ExitCode {
    mainspring::activity::isolated::child([&beats::APART]);
    let queues = std::env::var("LAB_QUEUES").unwrap_or_else(|_| "lab".to_owned());
    let products = queues.split(',').enumerate().map(|(i, queue)| lab(&format!("lab-{i}"), queue));
    if let Ok(build) = std::env::var("LAB_BUILD") {
        let products = [builds::product(&build, &queues)];
        return if std::env::args_os().len() == 1 { mainspring::run(products) } else { mainspring_cli::main(products) };
    }
    match std::env::args_os().len() {
        1 => mainspring::run(products),
        _ => mainspring_cli::main(products.chain([books::product()])),
    }
}

fn lab(name: &str, queue: &str) -> Product {
    Product::new(name, queue)
        .workflow::<workflows::Call>()
        .workflow::<workflows::Steps>()
        .workflow::<workflows::Fragile>()
        .workflow::<workflows::Spin>()
        .workflow::<workflows::Wait>()
        .workflow::<workflows::Local>()
        .workflow::<workflows::Relay>()
        .workflow::<ledger::Ledger>()
        .workflow::<ledger::Chain>()
        .workflow::<ledger::Turns>()
        .workflow::<workflows::Tally>()
        .workflow::<rounds::Rounds>()
        .activities(|_setup| async { Ok(activities::Lab) }, activities::all)
        .activities(
            |_setup| async { Ok(beats::Beats) },
            |set| {
                set.activity(beats::Beats::resume_over_a_death)
                    .activity(beats::Beats::effect_once)
                    .activity(beats::Beats::deaf_after_details)
                    .activity(beats::Beats::stalls)
                    .activity(beats::Beats::refused)
                    .activity(beats::Beats::optional)
                    .activity(beats::Beats::leaves_a_heartbeater)
                    .activity(beats::Beats::foreign_details)
                    .activity(beats::Beats::checks)
                    .activity(beats::Beats::counts_until)
                    .activity(beats::Beats::apart)
                    .activity(beats::Beats::pool_burn)
                    .activity(beats::Beats::pool_panic)
                    .activity(beats::Beats::pool_until_cancelled)
            },
        )
}
