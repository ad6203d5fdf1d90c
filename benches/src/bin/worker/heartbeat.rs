//! Gaps between heartbeats at the wire, while twice as many activities as there are cores burn: in async code that never
//! gives its thread back, on Mainspring and on the bare SDK, where they stop the beats; and, with a Heartbeater, in such
//! code and on the pool.

use std::collections::HashMap;
use std::time::Instant;

use mainspring_servers::proxy::WireProxy;
use mainspring_testing::{Env, TestError, Workflows};

use crate::contender::Contender;
use mainspring_benches::figures::percentile;

/// How long each activity burns.
const SECONDS: u64 = 40;
/// The activities' heartbeat timeout is 2 s; the SDK sends at most one beat in 80 % of that.
const INTERVAL: f64 = 1.6;
/// 99 of 100 gaps may be at most this multiple of the interval.
const BUDGET: f64 = 1.1;

pub(crate) async fn bench(env: &Env, contenders: &[Contender]) -> Result<(), TestError> {
    let activities = std::thread::available_parallelism()?.get() * 2;
    println!(
        "\nHeartbeats at the wire: {activities} activities burn {SECONDS} s each; heartbeat timeout 2 s, so the SDK's \
         throttle lets a beat pass every {INTERVAL} s"
    );
    println!("async code that never awaits, and beats every 50 ms by hand");
    for contender in contenders {
        one(contender, env, "burn", activities).await?;
    }
    let mainspring = &contenders[0];
    println!("async code that never awaits, under a Heartbeater");
    one(mainspring, env, "burn-under-heartbeater", activities).await?;
    println!("blocking code on the pool, under a Heartbeater; a pool runs as many as there are cores, the rest waits");
    one(mainspring, env, "burn-on-pool", activities).await
}

async fn one(contender: &Contender, env: &Env, workflow: &str, activities: usize) -> Result<(), TestError> {
    let Run { mut gaps, ended } = run(contender, env, workflow, activities).await?;
    let p99 = percentile(&mut gaps, 0.99);
    let seen = match gaps.len() {
        0 => "no two beats of an activity arrived".to_owned(),
        n => {
            let (p50, most) = (percentile(&mut gaps, 0.5), percentile(&mut gaps, 1.0));
            format!("n {n:4}  p50 {p50:.2} s  p99 {p99:.2} s  max {most:.2} s")
        }
    };
    let lost = activities - ended;
    println!("{:22} {seen}; {ended} of {activities} activities ended, {lost} timed out", contender.name);
    if contender.budget.is_none() {
        let kept = p99 <= BUDGET * INTERVAL && ended == activities;
        let verdict = if kept { "kept" } else { "MISSED" };
        println!("p99 of the gaps        {:.3} × the interval, budget {BUDGET}: {verdict}", p99 / INTERVAL);
    }
    Ok(())
}

struct Run {
    /// Seconds.
    gaps: Vec<f64>,
    ended: usize,
}

async fn run(contender: &Contender, env: &Env, workflow: &str, activities: usize) -> Result<Run, TestError> {
    let proxy = WireProxy::builder(env.address().parse()?).capture("RecordActivityTaskHeartbeat").start().await?;
    let queue = env.queue(workflow);
    let running = contender.start(&proxy.address(), &queue)?;
    let client = env.client().await?;
    let ids: Vec<String> = (0..activities).map(|_| env.id(workflow)).collect();
    for id in &ids {
        client.begin(&queue, id, workflow, &SECONDS).await?;
    }
    let mut ended = 0;
    for (n, id) in ids.iter().enumerate() {
        eprintln!("{:22} waiting for activity {} of {activities}", contender.name, n + 1);
        // A workflow whose one attempt has timed out has failed, and that is a figure here.
        ended += usize::from(client.result::<u64>(id).await.is_ok());
    }
    drop(running);
    let mut beats = HashMap::<Vec<u8>, Vec<Instant>>::new();
    for record in proxy.records_of("RecordActivityTaskHeartbeat") {
        // The task token comes first in a beat, and tells one activity's beats from another's.
        let body = record.body.as_ref().map(|body| body.to_vec()).unwrap_or_default();
        beats.entry(body.into_iter().take(120).collect()).or_default().push(record.at);
    }
    let gap = |pair: &[Instant]| pair[1].duration_since(pair[0]).as_secs_f64();
    let gaps = beats.values().flat_map(|beats| beats.windows(2).map(gap)).collect();
    Ok(Run { gaps, ended })
}
