//! What was applied last, kept in the memo of the schedule's action: the server keeps that as it is, where it compiles specs and drops a schedule's own
//! memo on update. Each workflow that the schedule starts bears it too, so it is small: a checksum stands for what may be large.

use mainspring_client::{ClientError, Payloads};
use serde::{Deserialize, Serialize};
use temporalio_common::protos::temporal::api::common::v1::{Memo, Payload};
use temporalio_common::protos::temporal::api::schedule::v1::Schedule as Message;

use super::facts::Facts;
use super::message::{started, started_mut};
use crate::{Owner, RECORD};

/// The mark of the owner in the memo of the schedule itself, where lists show it. Set when it is made; no update touches it.
pub(crate) const OWNER: &str = "MainspringOwner";
/// The form of records that this version writes and reads.
const VERSION: u32 = 1;

/// A record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) version: u32,
    pub(crate) owner: String,
    pub(crate) applied: Facts,
}

impl Record {
    pub(crate) fn new(owner: &Owner, applied: Facts) -> Self {
        Self { version: VERSION, owner: owner.as_str().to_owned(), applied }
    }

    /// Whether a later version wrote it.
    pub(crate) const fn is_newer(&self) -> bool {
        self.version > VERSION
    }

    /// The record in a message, if there is one that can be read.
    pub(crate) async fn of(message: &Message, payloads: &Payloads) -> Result<Option<Self>, ClientError> {
        let memo = started(message).and_then(|workflow| workflow.memo.as_ref());
        let Some(payload) = memo.and_then(|memo| memo.fields.get(RECORD)) else { return Ok(None) };
        Ok(serde_json::from_value(payloads.decode_json(payload).await?).ok())
    }

    /// Puts it into a message.
    pub(crate) async fn put(&self, message: &mut Message, payloads: &Payloads) -> Result<(), ClientError> {
        let record = serde_json::to_value(self).unwrap_or_default();
        let payload = payloads.encode_json(&record).await?;
        if let Some(workflow) = started_mut(message) {
            workflow.memo.get_or_insert_default().fields.insert(RECORD.to_owned(), payload);
        }
        Ok(())
    }
}

/// The owner that the schedule's own memo tells.
pub(crate) async fn marked(memo: Option<&Memo>, payloads: &Payloads) -> Result<Option<Owner>, ClientError> {
    let Some(payload) = memo.and_then(|memo| memo.fields.get(OWNER)) else { return Ok(None) };
    let mark = payloads.decode_json(payload).await?;
    Ok(mark.as_str().map(|mark| Owner::read(mark.to_owned())))
}

/// The mark, for a new schedule's memo.
pub(crate) async fn mark(owner: &Owner, payloads: &Payloads) -> Result<Payload, ClientError> {
    payloads.encode(&owner.as_str().to_owned()).await
}
