//! The worker under test: a product of workflows and activities that misbehave on demand. Its task queue, and what its
//! "build" does differently, come from the environment, as in no real product. With arguments it is the management command
//! over the same product and another one.
#![allow(missing_docs, missing_debug_implementations, unreachable_pub)]

mod activities;
mod beats;
mod books;
mod builds;
mod keys;
mod later;
mod ledger;
mod lines;
mod rounds;
mod told;
mod workflows;

use mainspring::Product;
use mainspring::logs::{LogSource, SourceId};

fn main() -> std::process::ExitCode {
    mainspring::activity::isolated::child([&beats::APART]);
    let queues = std::env::var("LAB_QUEUES").unwrap_or_else(|_| "lab".to_owned());
    // Lines of JSON: what the first of them declares.
    let schedules = std::env::var("LAB_SCHEDULES").unwrap_or_default();
    let schedules = mainspring::schedules::read_lines(&schedules).expect("LAB_SCHEDULES is lines of schedules");
    let products = queues.split(',').enumerate().map(|(i, queue)| {
        let schedules = schedules.iter().filter(|_| i == 0).cloned();
        let name = std::env::var("LAB_PRODUCT").unwrap_or_else(|_| format!("lab-{i}"));
        schedules.fold(lab(&name, queue), Product::schedule)
    });
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
        .workflow::<keys::CallLocal>()
        .activities(
            |_setup| async { Ok(keys::Keys) },
            |set| set.activity_unchecked(keys::Keys::tell_keys).activity_unchecked(keys::Keys::beats_locally),
        )
        .activities(|_setup| async { Ok(later::Later) }, later::all)
        .log_source(LogSource::new("lab", SourceId::Whole).of("call"))
        .activities(|_setup| async { Ok(told::Told) }, |set| set.activity_unchecked(told::Told::tell))
        .workflow::<rounds::Rounds>()
        .workflow::<lines::Talk>()
        .activities(|_setup| async { Ok(lines::Talker) }, |set| set.activity_unchecked(lines::Talker::talk))
        .log_source(LogSource::new("talks", SourceId::After("talk-")).of("talk"))
        .activities(|_setup| async { Ok(activities::Lab) }, activities::all)
        .activities(
            |_setup| async { Ok(beats::Beats) },
            |set| {
                set.activity_unchecked(beats::Beats::resume_over_a_death)
                    .activity_unchecked(beats::Beats::effect_once)
                    .activity_unchecked(beats::Beats::deaf_after_details)
                    .activity_unchecked(beats::Beats::stalls)
                    .activity_unchecked(beats::Beats::refused)
                    .activity_unchecked(beats::Beats::optional)
                    .activity_unchecked(beats::Beats::leaves_a_heartbeater)
                    .activity_unchecked(beats::Beats::foreign_details)
                    .activity_unchecked(beats::Beats::checks)
                    .activity_unchecked(beats::Beats::counts_until)
                    .activity_unchecked(beats::Beats::apart)
                    .activity_unchecked(beats::Beats::pool_burn)
                    .activity_unchecked(beats::Beats::pool_panic)
                    .activity_unchecked(beats::Beats::pool_until_cancelled)
            },
        )
}
