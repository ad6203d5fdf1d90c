//! The same work on Mainspring, with everything on.
#![allow(missing_docs, missing_debug_implementations, unreachable_pub)]

mod work;

use mainspring::Product;
use work::{Bench, Burn, Work};

fn main() -> std::process::ExitCode {
    let queue = std::env::var("BENCH_QUEUE").unwrap_or_else(|_| "bench".to_owned());
    let connect = |_setup| async { Ok(Work) };
    mainspring::run([Product::new("bench", queue)
        .workflow::<Bench>()
        .workflow::<Burn>()
        .activities(connect, |set| set.activity_unchecked(Work::echo).activity_unchecked(Work::burn))])
}
