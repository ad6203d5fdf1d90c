//! How a schedule comes and goes.

use temporalio_client::tonic::Code;
use temporalio_common::protos::temporal::api::workflowservice::v1::{CreateScheduleRequest, DeleteScheduleRequest};

use super::CallError;
use super::{Schedules, request_id};

impl Schedules {
    /// Creates a schedule. Of the request, `namespace`, `identity` and `request_id` are filled in, everything else is the
    /// caller's: the schedule itself with its input encoded, memo, search attributes, a first patch.
    ///
    /// # Errors
    /// [`CallError::Exists`] if another was first; [`CallError::Refused`] with what the server finds wrong; or what
    /// the network said.
    pub async fn create(&self, request: CreateScheduleRequest) -> Result<(), CallError> {
        let id = request.schedule_id.clone();
        let request = CreateScheduleRequest {
            namespace: self.namespace.clone(),
            identity: self.identity(),
            request_id: request_id(),
            ..request
        };
        match self.call(|service, request| service.create_schedule(request), request).await {
            Ok(_) => Ok(()),
            // An attempt whose answer was lost has made it.
            Err(refused) if refused.is(Code::AlreadyExists) && refused.lost => Ok(()),
            Err(refused) if refused.is(Code::AlreadyExists) => Err(CallError::Exists { schedule: id }),
            Err(refused) => Err(CallError::of(refused, &id, format!("schedule {id} could not be created"))),
        }
    }

    /// Deletes a schedule. What it has started goes on.
    ///
    /// # Errors
    /// [`CallError::NotFound`] if there was none, or what the server or the network said.
    pub async fn delete(&self, id: &str) -> Result<(), CallError> {
        let request = DeleteScheduleRequest {
            namespace: self.namespace.clone(),
            schedule_id: id.to_owned(),
            identity: self.identity(),
        };
        match self.call(|service, request| service.delete_schedule(request), request).await {
            Ok(_) => Ok(()),
            // An attempt whose answer was lost has deleted it.
            Err(refused) if refused.is(Code::NotFound) && refused.lost => Ok(()),
            Err(refused) => Err(CallError::of(refused, id, format!("schedule {id} could not be deleted"))),
        }
    }
}
