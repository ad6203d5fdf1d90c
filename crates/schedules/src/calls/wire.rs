//! One call, repeated while there is hope, always with the same request. What may be done twice by a repetition is looked at
//! before it: see `patch`.

use std::time::Duration;

use mainspring_client::calls::{self, Attempts, Limit, Method, Refused};
use temporalio_client::tonic::Code;

use super::CallError;
use super::Schedules;

/// How long one attempt may take.
const ATTEMPT: Duration = Duration::from_secs(10);

impl Schedules {
    /// Calls until there is an answer, or patience is spent.
    pub(super) async fn call<Q: Clone, A>(&self, method: Method<Q, A>, request: Q) -> Result<A, Refused> {
        calls::call(&self.connection, method, request, self.limit()).await
    }

    pub(super) fn attempts(&self) -> Attempts {
        Attempts::new(self.limit())
    }

    const fn limit(&self) -> Limit {
        Limit { attempt: ATTEMPT, patience: self.patience }
    }
}

impl CallError {
    /// Of a call that changes something. `what` is the sentence's beginning: "schedule x could not be paused".
    pub(super) fn of(refused: Refused, schedule: &str, what: String) -> Self {
        let (told, silent) = (refused.to_string(), refused.is_silence());
        let (attempts, seconds, lost) = (refused.attempts, refused.took.as_secs(), refused.lost);
        let code = refused.status.code();
        let status = Box::new(refused.status);
        match code {
            Code::NotFound => Self::NotFound { schedule: schedule.to_owned() },
            Code::Unauthenticated | Code::PermissionDenied => Self::Denied { what, told, status },
            _ if silent => Self::Unanswered { what, told, attempts, seconds, lost, status },
            _ => Self::Refused { what, told, status },
        }
    }

    /// Of a question, which changes nothing however it ends.
    pub(super) fn of_a_question(refused: Refused, schedule: &str, what: String) -> Self {
        Self::of(refused.of_a_question(), schedule, what)
    }
}
