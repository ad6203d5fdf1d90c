//! The wire breaks off in the middle of each verb of `schedules`: what was asked is done once.

use mainspring_servers::proxy::{Fault, Match, WireProxy};
use serde_json::json;

use super::{Planner, command, cron, nine_in_the_past, run};
use crate::desk::{Outcome, masked};

/// Once before the server has the request, and once before the command has the answer.
fn break_twice(proxy: &WireProxy, method: &str) {
    proxy.fault(Match::method(method).times(1), Fault::Cut);
    proxy.fault(Match::method(method).times(1), Fault::CutAfterForward);
}

/// How often the server took a patch. What it refuses for a moment comes again, and does not count.
fn patches(proxy: &WireProxy) -> usize {
    proxy.records_of("PatchSchedule").iter().filter(|record| record.grpc_status == Some(0)).count()
}

#[tokio::test]
async fn a_trigger_a_pause_a_backfill_and_a_deletion_take_effect_once() -> Outcome {
    let planner = Planner::new().await?;
    let proxy = WireProxy::builder(planner.env.address().parse()?).start().await?;
    let (behind, id) = (proxy.address(), planner.schedule("cut", nine_in_the_past()).await?);

    break_twice(&proxy, "PatchSchedule");
    break_twice(&proxy, "DescribeSchedule");
    let triggered = run(&behind, &["trigger", "-s", &id]).await?;
    assert_eq!((triggered.code, triggered.talk.as_str()), (0, ""));
    assert_eq!((patches(&proxy), planner.started(&id).await?), (1, 1));

    break_twice(&proxy, "PatchSchedule");
    run(&behind, &["pause", "-s", &id, "--reason", "x"]).await?.is(0, "", "schedule cut-# is paused: x\n");
    let state = planner.calls.describe(&id).await?.schedule.and_then(|schedule| schedule.state).ok_or("no state")?;
    assert_eq!((json!(state.paused), state.notes.as_str(), patches(&proxy)), (json!(true), "x", 2));

    break_twice(&proxy, "PatchSchedule");
    let week = ["--start-time", "2026-03-02T00:00:00Z", "--end-time", "2026-03-08T23:00:00Z"];
    let backfill = [&["backfill", "-s", &id, "--overlap-policy", "AllowAll"], &week[..]].concat();
    let said = run(&behind, &backfill).await?;
    said.is(0, "7\n", "schedule cut-# is backfilled for 7 times: all at once\n");
    assert_eq!((patches(&proxy), planner.started(&id).await?), (3, 8));

    break_twice(&proxy, "DeleteSchedule");
    run(&behind, &["delete", "-s", &id]).await?.is(0, "", "schedule cut-# was deleted\n");
    let sent = proxy.count_of("DeleteSchedule");
    assert!(sent >= 3 && !planner.calls.exists(&id).await?, "{sent}");
    Ok(())
}

#[tokio::test]
async fn what_is_only_read_is_read_again() -> Outcome {
    let planner = Planner::new().await?;
    let proxy = WireProxy::builder(planner.env.address().parse()?).start().await?;
    let (behind, id) = (proxy.address(), planner.schedule("read", cron("0 9 * * *")).await?);
    for (method, arguments) in [("DescribeSchedule", &["describe", "-s", &id][..]), ("ListSchedules", &["list"])] {
        break_twice(&proxy, method);
        let said = run(&behind, arguments).await?;
        let sent = proxy.count_of(method);
        assert!(said.code == 0 && sent >= 3, "{sent} of {method}: {said:?}");
    }
    proxy.fault(Match::method("ListSchedules"), Fault::Status(7, "not yours".to_owned()));
    let refused = run(&behind, &["list"]).await?;
    refused.is(69, "", "error: schedules could not be listed, for Temporal gives no leave: not yours\n");
    Ok(())
}

#[tokio::test]
async fn ctrl_c_says_that_it_is_not_known() -> Outcome {
    let planner = Planner::new().await?;
    let proxy = WireProxy::builder(planner.env.address().parse()?).start().await?;
    let id = planner.schedule("cut", cron("0 9 * * *")).await?;
    proxy.fault(Match::method("PatchSchedule"), Fault::Hang);
    let trigger = command(&proxy.address(), &["trigger", "-s", &id]).spawn()?;
    proxy.wait_for_count("PatchSchedule", 1, std::time::Duration::from_secs(30)).await?;
    let pid = nix::unistd::Pid::from_raw(i32::try_from(trigger.id().ok_or("it has ended")?)?);
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT)?;
    let output = trigger.wait_with_output().await?;
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(130), &b""[..]));
    assert_eq!(
        masked(&String::from_utf8(output.stderr)?),
        "error: interrupted. Schedule cut-# may have been triggered, or not: look with `mainspring schedules describe \
         --schedule-id cut-#`\n"
    );
    Ok(())
}
