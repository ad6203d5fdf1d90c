//! A patch, as pauses, triggers and backfills are sent. Before one whose answer was lost is sent again, the schedule is looked
//! at: the server knows a request by its id only until the workflow behind the schedule continues as new.

use mainspring_client::calls::Method;
use temporalio_common::protos::temporal::api::schedule::v1::SchedulePatch;
use temporalio_common::protos::temporal::api::workflowservice::v1::{DescribeScheduleResponse, PatchScheduleRequest};

use super::CallError;
use super::{Schedules, request_id};

impl Schedules {
    /// Sends it until it is answered, or until a description shows that it has landed. `what` is the beginning of a sentence.
    pub(super) async fn patch(
        &self,
        id: &str,
        patch: SchedulePatch,
        what: &str,
        landed: impl Fn(&DescribeScheduleResponse) -> bool + Send + Sync,
    ) -> Result<(), CallError> {
        let request = PatchScheduleRequest {
            namespace: self.namespace.clone(),
            schedule_id: id.to_owned(),
            patch: Some(patch),
            identity: self.identity(),
            request_id: request_id(),
        };
        let mut attempts = self.attempts();
        loop {
            let method: Method<_, _> = |service, request| service.patch_schedule(request);
            let Err(status) = attempts.attempt(&self.connection, method, request.clone()).await else { return Ok(()) };
            attempts.another(status).await.map_err(|refused| CallError::of(refused, id, what.to_owned()))?;
            // It has to be known before it is sent again, so without an answer here there is no other attempt.
            let told = self.described(id).await.map_err(|mut refused| {
                refused.lost = true;
                CallError::of(refused, id, what.to_owned())
            })?;
            if landed(&told) {
                return Ok(());
            }
        }
    }
}
