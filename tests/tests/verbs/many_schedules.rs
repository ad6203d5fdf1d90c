#![cfg(feature = "full")]
//! As many schedules as a company has, applied by several processes at once.

use mainspring_servers::TemporalDevServer;
use serde_json::json;

use crate::applying::Declaring;
use crate::desk::{Desk, Outcome};

#[tokio::test]
async fn three_hundred_schedules_applied_by_five_processes_at_once_are_there_once_each() -> Outcome {
    // On a server of its own, or every other test would wait behind it.
    let server = TemporalDevServer::builder().start().await?;
    let mut declaring = Declaring::at(Desk::idle().await?.behind(server.address()), 300);
    for jitter in ["5m", "6m"] {
        declaring.lines.iter_mut().for_each(|line| line["jitter"] = json!(jitter));
        let five = futures::future::join_all((0..5).map(|_| declaring.json(&["apply"]))).await;
        for applied in five {
            let (code, said) = applied?;
            assert_eq!(code, 0, "{said}");
        }
        let (code, plan) = declaring.json(&["plan"]).await?;
        assert_eq!((code, &plan["counts"]["unchanged"]), (0, &json!(300)), "{}", plan["counts"]);
    }
    Ok(())
}
