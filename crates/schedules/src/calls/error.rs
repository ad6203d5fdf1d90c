//! Why a call was not done, in words for an operator.

use temporalio_client::tonic::Status;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// No such schedule, or no longer.
    #[error("there is no schedule {schedule}")]
    NotFound {
        /// Its id.
        schedule: String,
    },
    /// It was there before anybody here asked for it.
    #[error("schedule {schedule} is there already: update it, or take another id")]
    Exists {
        /// Its id.
        schedule: String,
    },
    /// The server does not take what it was given.
    #[error("{what}: {told}")]
    Refused {
        /// The sentence's beginning: "schedule x could not be created".
        what: String,
        /// What the server said.
        told: String,
        /// All of its answer.
        #[source]
        status: Box<Status>,
    },
    /// The server does not take it from us.
    #[error("{what}, for Temporal gives no leave: {told}")]
    Denied {
        /// The sentence's beginning.
        what: String,
        /// What the server said.
        told: String,
        /// All of its answer.
        #[source]
        status: Box<Status>,
    },
    /// Nobody answered in time, or nobody who knew.
    #[error("{what}: {told} ({attempts} attempts in {seconds} s){}", if *.lost { "; an attempt got no answer, so it may have been done all the same" } else { "" })]
    Unanswered {
        /// The sentence's beginning.
        what: String,
        /// What the network, or the server, said last.
        told: String,
        /// How often it was asked.
        attempts: u32,
        /// For how long it was asked again.
        seconds: u64,
        /// It would have changed something, and may have.
        lost: bool,
        /// The last answer.
        #[source]
        status: Box<Status>,
    },
    /// A range with too many times.
    #[error("schedule {schedule} has more than {most} times in that range: take a shorter one")]
    TooMany {
        /// Its id.
        schedule: String,
        /// As many would be taken.
        most: usize,
    },
    /// A change was taken, and undone or lost each time.
    #[error(
        "{what}: it was asked for {rounds} times, and each time the schedule was another afterwards. Somebody else is changing it: look with `describe`, and try again"
    )]
    Contested {
        /// The sentence's beginning.
        what: String,
        /// How often it was asked for.
        rounds: u32,
    },
}
