//! How schedules come and go over a wire that breaks off, and what is read of them.

use mainspring_schedules::calls::CallError;

use crate::rig::{Outcome, Rig, cron, request};

#[tokio::test]
async fn a_schedule_is_created_once_and_one_that_was_there_is_told() -> Outcome {
    let rig = Rig::new().await?;
    let id = format!("s-{}", uuid::Uuid::new_v4().simple());
    assert!(!rig.flaky.exists(&id).await?);
    rig.break_twice("CreateSchedule");
    rig.flaky.create(request(&id, cron("0 0 1 1 *"))).await?;
    assert!(rig.proxy.count_of("CreateSchedule") >= 3, "{:?}", rig.proxy.records_of("CreateSchedule"));
    rig.break_twice("DescribeSchedule");
    assert!(rig.flaky.exists(&id).await?);
    let error = rig.flaky.create(request(&id, cron("0 0 1 1 *"))).await.unwrap_err();
    assert!(matches!(error, CallError::Exists { .. }), "{error:?}");
    assert_eq!(error.to_string(), format!("schedule {id} is there already: update it, or take another id"));
    let error = rig.calls.create(request("wrong", cron("every day"))).await.unwrap_err();
    assert!(matches!(error, CallError::Refused { .. }), "{error:?}");
    assert!(error.to_string().starts_with("schedule wrong could not be created: "), "{error}");
    Ok(())
}

#[tokio::test]
async fn a_schedule_is_deleted_once_and_one_that_was_not_there_is_told() -> Outcome {
    let rig = Rig::new().await?;
    let id = rig.yearly().await?;
    rig.break_twice("DeleteSchedule");
    rig.flaky.delete(&id).await?;
    assert!(rig.proxy.count_of("DeleteSchedule") >= 3, "{:?}", rig.proxy.records_of("DeleteSchedule"));
    assert!(!rig.calls.exists(&id).await?);
    let gone = format!("there is no schedule {id}");
    assert_eq!(rig.flaky.delete(&id).await.unwrap_err().to_string(), gone);
    assert_eq!(rig.flaky.describe(&id).await.unwrap_err().to_string(), gone);
    assert_eq!(rig.flaky.trigger(&id, None).await.unwrap_err().to_string(), gone);
    assert_eq!(rig.flaky.pause(&id, None).await.unwrap_err().to_string(), gone);
    assert_eq!(rig.flaky.update(&id, |_| ()).await.unwrap_err().to_string(), gone);
    Ok(())
}
