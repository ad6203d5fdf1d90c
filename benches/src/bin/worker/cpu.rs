//! CPU time of the worker for 1,000 workflows of five echo activities, 30 at once; and its memory once warm.

use futures::StreamExt;
use mainspring_testing::{Env, TestClient, TestError, Workflows};

use crate::contender::Contender;
use mainspring_benches::figures::{interval, verdict};

/// Workflows that run at once, as the peers' load does.
const AT_ONCE: usize = 30;
/// Idle memory of a worker with all features on, in MiB.
const IDLE_BUDGET: f64 = 30.0;

struct Turn {
    cpu_per_1000: f64,
    idle_mib: f64,
}

pub(crate) async fn bench(
    env: &Env,
    ours: &[Contender],
    peers: &[Contender],
    rounds: usize,
    workflows: usize,
) -> Result<(), TestError> {
    println!("\nCPU: {rounds} rounds of {workflows} workflows of 5 activities, {AT_ONCE} at once");
    let contenders: Vec<&Contender> = ours.iter().chain(peers).collect();
    let mut turns: Vec<Vec<Turn>> = contenders.iter().map(|_| Vec::new()).collect();
    for round in 1..=rounds {
        for (contender, turns) in contenders.iter().zip(&mut turns) {
            let turn = turn(contender, env, workflows).await?;
            eprintln!("round {round:2} of {rounds}  {:20}  {:.2} s CPU per 1,000", contender.name, turn.cpu_per_1000);
            turns.push(turn);
        }
    }
    println!("{:22} {:>20} {:>20}", "", "CPU s per 1,000", "RSS once warm, MiB");
    for (contender, turns) in contenders.iter().zip(&turns) {
        let (cpu, half) = interval(&turns.iter().map(|turn| turn.cpu_per_1000).collect::<Vec<_>>());
        let (rss, _) = interval(&turns.iter().map(|turn| turn.idle_mib).collect::<Vec<_>>());
        println!("{:22} {:>20} {rss:>20.1}", contender.name, format!("{cpu:.2} ± {half:.2}"));
    }
    let (rss, half) = interval(&turns[0].iter().map(|turn| turn.idle_mib).collect::<Vec<_>>());
    println!("idle RSS {rss:.1} ± {half:.1} MiB, budget {IDLE_BUDGET}: {}", verdict(rss, half, IDLE_BUDGET));
    for (contender, theirs) in contenders.iter().zip(&turns) {
        let Some(budget) = contender.budget else { continue };
        let pairs = turns[0].iter().zip(theirs);
        let ratios: Vec<f64> = pairs.map(|(ours, theirs)| ours.cpu_per_1000 / theirs.cpu_per_1000).collect();
        let (mean, half) = interval(&ratios);
        let verdict = verdict(mean, half, budget);
        println!("CPU / {:22} {mean:.3} ± {half:.3} (95 %), budget {budget}: {verdict}", contender.name);
    }
    Ok(())
}

async fn turn(contender: &Contender, env: &Env, workflows: usize) -> Result<Turn, TestError> {
    let (running, queue) = contender.on_its_own(env)?;
    let client = env.client().await?;
    load(&client, env, &queue, 50).await?;
    let idle_mib = running.rss()? / 1024.0;
    let before = running.cpu()?;
    load(&client, env, &queue, workflows).await?;
    #[allow(clippy::cast_precision_loss)]
    let cpu_per_1000 = (running.cpu()? - before) * 1000.0 / workflows as f64;
    running.stop()?;
    Ok(Turn { cpu_per_1000, idle_mib })
}

/// Runs so many workflows to their ends.
pub(crate) async fn load(client: &TestClient, env: &Env, queue: &str, workflows: usize) -> Result<(), TestError> {
    let text = "x".repeat(100);
    let one = |_| async {
        let id = env.id("bench");
        client.begin(queue, &id, "bench", &text).await?;
        let result: String = client.result(&id).await?;
        if result == text { Ok(()) } else { Err(TestError::from("the workflow gave back another text")) }
    };
    let mut ends = futures::stream::iter(0..workflows).map(one).buffer_unordered(AT_ONCE);
    while let Some(end) = ends.next().await {
        end?;
    }
    Ok(())
}
