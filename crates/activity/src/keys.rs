//! Keys by which another system knows a request again. Temporal runs an activity at least once: what it asks of others must
//! bear the same key each time.

use mainspring_context::LocalCall;
use temporalio_sdk::activities::{ActivityContext, ActivityInfo};
use uuid::Uuid;

/// Beneath it lie the keys of Mainspring. Never changed: a retry may run on another build.
const KEYS: Uuid = Uuid::from_u128(0x5b6f_9f0e_9d0c_4d5a_8c1e_3f5a_62d7_71c4);

/// The same for every attempt of this activity, on whatever worker, and for no other activity: a UUIDv5 of namespace, workflow
/// id, run id and activity id.
///
/// Another run has other keys: after a reset or a continue-as-new, under a workflow's retry policy, and where somebody starts
/// the workflow again. What must outlive a run takes [`key_for`]. Of a local activity it is the number of its call in the
/// run that counts, for the SDK changes a local activity's id when it retries by a timer; an `activity_id` of
/// one's own takes the number's place. Under a worker that is not Mainspring's there is no number, and the id counts.
///
/// ```
/// # use mainspring_activity::idempotency_key;
/// # use temporalio_sdk::activities::{ActivityContext, ActivityError};
/// # async fn post(key: String) -> Result<(), ActivityError> { Ok(()) }
/// async fn charge(ctx: ActivityContext) -> Result<(), ActivityError> {
///     post(idempotency_key(&ctx).to_string()).await
/// }
/// ```
pub fn idempotency_key(ctx: &ActivityContext) -> Uuid {
    of(&activity(ctx))
}

/// The same whichever run asks: a UUIDv5 of namespace, activity type and `business_id`, such as an order's number. Two types
/// of activities have different keys for one id, so that a charge and its receipt are not taken for each other.
///
/// A renamed activity type has new keys, and so has another namespace.
pub fn key_for(ctx: &ActivityContext, business_id: &str) -> Uuid {
    let ActivityInfo { namespace, activity_type, .. } = ctx.info();
    of(&["business", namespace.as_str(), activity_type.as_str(), business_id])
}

/// Another for each attempt: for what has to tell attempts apart, such as the name of a temporary file.
pub fn attempt_key(ctx: &ActivityContext) -> Uuid {
    of(&[&activity(ctx)[..], &[ctx.info().attempt.to_string()]].concat())
}

fn activity(ctx: &ActivityContext) -> [String; 5] {
    let info = ctx.info();
    let workflow_id = info.workflow_id.as_deref().unwrap_or_default();
    // A standalone activity has a run of its own.
    let run_id = info.workflow_run_id.as_deref().or(info.activity_run_id.as_deref()).unwrap_or_default();
    let call = ctx.headers().get(LocalCall::HEADER).and_then(|header| number(&header.data));
    let (kind, which) = match call {
        Some(number) => ("local call", number),
        None if info.is_local => ("local", info.activity_id.clone()),
        None => ("activity", info.activity_id.clone()),
    };
    [kind.to_owned(), info.namespace.clone(), workflow_id.to_owned(), run_id.to_owned(), which]
}

fn number(header: &[u8]) -> Option<String> {
    let call = LocalCall::from_bytes(header)?;
    (call.number > 0).then(|| call.number.to_string())
}

/// Each part behind its length, for an id may hold any separator.
fn of(parts: &[impl AsRef<str>]) -> Uuid {
    let mut name = Vec::new();
    for part in parts {
        let part = part.as_ref();
        name.extend_from_slice(&(part.len() as u64).to_be_bytes());
        name.extend_from_slice(part.as_bytes());
    }
    Uuid::new_v5(&KEYS, &name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_those_of_earlier_builds() {
        let key = of(&["activity", "default", "onboarding-ada", "0198a7", "1"]);
        assert_eq!(key.to_string(), "1ee87240-1cfe-5c54-8e6c-38fe4fd148bc");
        assert_eq!(key.get_version_num(), 5);
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
        assert_ne!(of(&["a", ""]), of(&["a"]));
    }
}
