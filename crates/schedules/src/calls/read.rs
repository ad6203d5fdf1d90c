//! What is only read.

use std::time::SystemTime;

use mainspring_client::calls::Refused;
use temporalio_client::tonic::Code;
use temporalio_common::protos::temporal::api::common::v1::WorkflowExecution;
use temporalio_common::protos::temporal::api::enums::v1::WorkflowExecutionStatus;
use temporalio_common::protos::temporal::api::schedule::v1::{Schedule, ScheduleInfo, ScheduleListEntry};
use temporalio_common::protos::temporal::api::workflowservice::v1::{
    DescribeScheduleRequest, DescribeScheduleResponse, DescribeWorkflowExecutionRequest,
    ListScheduleMatchingTimesRequest, ListSchedulesRequest, ListSchedulesResponse,
};

use super::CallError;
use super::Schedules;

/// Schedules a page of a list.
const PAGE: i32 = 500;
/// Times that are taken of one range: a hundred questions.
const MOST_TIMES: usize = 100_000;

impl Schedules {
    /// What the server has of a schedule, as of now: of what it has answered before, all is in it.
    ///
    /// # Errors
    /// [`CallError::NotFound`], or what the server or the network said.
    pub async fn describe(&self, id: &str) -> Result<DescribeScheduleResponse, CallError> {
        let described = self.described(id).await;
        described.map_err(|refused| CallError::of_a_question(refused, id, format!("schedule {id} cannot be read")))
    }

    /// Whether there is such a schedule.
    ///
    /// # Errors
    /// What the server or the network said, when it cannot be told.
    pub async fn exists(&self, id: &str) -> Result<bool, CallError> {
        match self.describe(id).await {
            Ok(_) => Ok(true),
            Err(CallError::NotFound { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// All schedules that match this list filter, all of them if it is empty. The server's index is a second or so behind.
    ///
    /// # Errors
    /// What the server or the network said.
    pub async fn list(&self, query: &str) -> Result<Vec<ScheduleListEntry>, CallError> {
        let (mut found, mut token) = (Vec::new(), Vec::new());
        loop {
            let page = self.list_page(query, PAGE, token).await?;
            found.extend(page.schedules);
            token = page.next_page_token;
            if token.is_empty() {
                return Ok(found);
            }
        }
    }

    /// One page of [`list`](Self::list), from the token of the page before.
    ///
    /// # Errors
    /// What the server or the network said.
    pub async fn list_page(&self, query: &str, most: i32, token: Vec<u8>) -> Result<ListSchedulesResponse, CallError> {
        let request = ListSchedulesRequest {
            namespace: self.namespace.clone(),
            maximum_page_size: most,
            next_page_token: token,
            query: query.to_owned(),
        };
        let page = self.call(|service, request| service.list_schedules(request), request).await;
        page.map_err(|refused| CallError::of_a_question(refused, "", "schedules could not be listed".to_owned()))
    }

    /// The times at which a schedule starts something, from one moment to another, both included; jitter is in them. The
    /// server answers a thousand at a time, and is asked until there are no more.
    ///
    /// # Errors
    /// [`CallError::NotFound`], [`CallError::TooMany`] if there are more than 100,000, or what the server or the network said.
    pub async fn matching_times(
        &self,
        id: &str,
        from: SystemTime,
        to: SystemTime,
    ) -> Result<Vec<SystemTime>, CallError> {
        let mut times: Vec<SystemTime> = Vec::new();
        // The server leaves out what is at the start.
        let mut after = from - super::backfill::TICK;
        loop {
            let request = ListScheduleMatchingTimesRequest {
                namespace: self.namespace.clone(),
                schedule_id: id.to_owned(),
                start_time: Some(after.into()),
                end_time: Some(to.into()),
            };
            let answer = self.call(|service, request| service.list_schedule_matching_times(request), request).await;
            let what = || format!("the times of schedule {id} cannot be read");
            let answer = answer.map_err(|refused| CallError::of_a_question(refused, id, what()))?;
            let page = answer.start_time.into_iter().filter_map(|time| SystemTime::try_from(time).ok());
            let before = times.len();
            times.extend(page);
            if times.len() > MOST_TIMES {
                return Err(CallError::TooMany { schedule: id.to_owned(), most: MOST_TIMES });
            }
            match times.last() {
                Some(last) if times.len() > before => after = *last,
                _ => return Ok(times),
            }
        }
    }

    pub(super) async fn described(&self, id: &str) -> Result<DescribeScheduleResponse, Refused> {
        let request = DescribeScheduleRequest { namespace: self.namespace.clone(), schedule_id: id.to_owned() };
        self.call(|service, request| service.describe_schedule(request), request).await
    }

    /// Whether a workflow of this id runs.
    pub(super) async fn runs(&self, workflow_id: &str) -> Result<bool, CallError> {
        let execution = WorkflowExecution { workflow_id: workflow_id.to_owned(), run_id: String::new() };
        let namespace = self.namespace.clone();
        let request = DescribeWorkflowExecutionRequest { namespace, execution: Some(execution) };
        match self.call(|service, request| service.describe_workflow_execution(request), request).await {
            Ok(told) => {
                let status = told.workflow_execution_info.unwrap_or_default().status();
                Ok(matches!(status, WorkflowExecutionStatus::Running | WorkflowExecutionStatus::Paused))
            }
            Err(refused) if refused.is(Code::NotFound) => Ok(false),
            Err(refused) => {
                Err(CallError::of_a_question(refused, "", format!("workflow {workflow_id} cannot be read")))
            }
        }
    }
}

/// The parts of a description, which the server always fills.
pub(super) fn parts(described: &DescribeScheduleResponse) -> (Schedule, ScheduleInfo) {
    (described.schedule.clone().unwrap_or_default(), described.info.clone().unwrap_or_default())
}
