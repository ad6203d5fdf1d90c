//! Memory over many activities: the SDK keeps a token of each that a worker has run; Mainspring rebuilds that worker.

use mainspring_testing::{Env, TestError};

use crate::contender::Contender;
use crate::cpu::load;
use mainspring_benches::figures::slope;

/// Activities of one workflow.
const EACH: usize = 5;
/// Workflows between two looks at the memory: 250 activities, so that the saw-tooth of 2,000 is seen.
const BETWEEN: usize = 50;
/// Bytes an activity.
const BUDGET: f64 = 20.0;

#[allow(clippy::cast_precision_loss)]
pub(crate) async fn bench(env: &Env, contenders: &[Contender], activities: usize) -> Result<(), TestError> {
    let step = BETWEEN * EACH;
    println!("\nMemory over {activities} activities: RSS every {step} of them, and the line through all after a fifth");
    for contender in contenders.iter().filter(|contender| contender.name != "bare SDK, defaults") {
        let (running, queue) = contender.on_its_own(env)?;
        let client = env.client().await?;
        let mut points = Vec::new();
        let mut own = Vec::new();
        while points.len() * step < activities {
            load(&client, env, &queue, BETWEEN).await?;
            points.push((((points.len() + 1) * step) as f64, running.rss()?));
            own.push((((own.len() + 1) * step) as f64, running.anonymous()?));
            if points.len() % 20 == 0 {
                let (done, rss) = points[points.len() - 1];
                eprintln!("{:22} {done:7} of {activities} activities, {:.1} MiB", contender.name, rss / 1024.0);
            }
        }
        let warm = &points[points.len() / 5..];
        let bytes = slope(warm) * 1024.0;
        let of_its_own = slope(&own[own.len() / 5..]) * 1024.0;
        let verdict = match contender.budget {
            None if bytes > BUDGET => format!(", budget {BUDGET}: MISSED"),
            None => format!(", budget {BUDGET}: kept"),
            Some(_) => String::new(),
        };
        let mib = |share: usize| warm[(warm.len() - 1) * share / 4].1 / 1024.0;
        let quarters: Vec<String> = (0..=4).map(|share| format!("{:.1}", mib(share))).collect();
        let highest = warm.iter().map(|point| point.1).fold(0.0, f64::max) / 1024.0;
        println!(
            "{:22} {bytes:6.0} bytes an activity{verdict} ({of_its_own:.0} without the pages of the program's file); RSS by quarters {} MiB, highest {highest:.1}",
            contender.name,
            quarters.join(" ")
        );
        running.stop()?;
    }
    Ok(())
}
