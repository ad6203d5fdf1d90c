//! From exec to the first poll, and from SIGTERM to the exit of an idle worker, as the wire sees them.

use std::time::{Duration, Instant};

use mainspring_servers::proxy::{Record, WireProxy};
use mainspring_testing::{Env, TestError};

use crate::contender::Contender;
use mainspring_benches::figures::percentile;

/// Milliseconds from exec to the first poll.
const BUDGET: f64 = 100.0;
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) async fn bench(env: &Env, contenders: &[Contender], rounds: usize) -> Result<(), TestError> {
    println!("\nStart and end of an idle worker, {rounds} rounds");
    let mut times: Vec<(Vec<f64>, Vec<f64>)> = contenders.iter().map(|_| Default::default()).collect();
    for _ in 0..rounds {
        for (contender, (starts, ends)) in contenders.iter().zip(&mut times) {
            let proxy = WireProxy::builder(env.address().parse()?).start().await?;
            let from = Instant::now();
            let running = contender.start(&proxy.address(), &env.queue("start"))?;
            let polls = |record: &Record| record.is("PollWorkflowTaskQueue") || record.is("PollActivityTaskQueue");
            let first = proxy.wait_for(polls, PATIENCE).await?;
            starts.push(first.at.duration_since(from).as_secs_f64() * 1e3);
            // Both kinds poll: then it is up, and to stop it is to stop an idle worker.
            proxy.wait_for(|record| record.is("PollWorkflowTaskQueue"), PATIENCE).await?;
            proxy.wait_for(|record| record.is("PollActivityTaskQueue"), PATIENCE).await?;
            let from = Instant::now();
            running.stop()?;
            ends.push(from.elapsed().as_secs_f64() * 1e3);
        }
    }
    println!("{:22} {:>26} {:>26}", "", "exec → first poll, ms", "SIGTERM → exit, ms");
    for (contender, (starts, ends)) in contenders.iter().zip(&mut times) {
        let shown = |values: &mut Vec<f64>| {
            format!("median {:.0}, max {:.0}", percentile(values, 0.5), percentile(values, 1.0))
        };
        println!("{:22} {:>26} {:>26}", contender.name, shown(starts), shown(ends));
    }
    let median = percentile(&mut times[0].0, 0.5);
    let verdict = if median > BUDGET { "MISSED" } else { "kept" };
    println!("exec → first poll      {median:.0} ms, budget {BUDGET}: {verdict}");
    Ok(())
}
