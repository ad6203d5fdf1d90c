//! How far an activity has come, in a form that survives a deploy in the middle of it.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What an attempt tells the next one: named fields and a version.
///
/// The next attempt may run on an older or a newer build. A field that was added needs `#[serde(default)]`; one that is
/// gone is passed over. What differs in more than that gets a new [`VERSION`](Self::VERSION), and
/// [`from_version`](Self::from_version) says what becomes of the other versions.
///
/// ```
/// use mainspring_vocabulary::Progress;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
/// struct Copied {
///     rows: u64,
///     #[serde(default)]
///     errors: u64,
/// }
///
/// impl Progress for Copied {
///     const VERSION: u32 = 1;
/// }
///
/// let details = mainspring_vocabulary::progress::to_details(&Copied { rows: 7, errors: 1 }).unwrap();
/// assert_eq!(details, serde_json::json!({ "version": 1, "progress": { "rows": 7, "errors": 1 } }));
/// let older = serde_json::json!({ "version": 1, "progress": { "rows": 7 } });
/// assert_eq!(mainspring_vocabulary::progress::from_details(older), Ok(Copied { rows: 7, errors: 0 }));
/// ```
pub trait Progress: Serialize + DeserializeOwned {
    /// The version of these fields.
    const VERSION: u32;

    /// Reads what another version has written, `None` for "start over". By default its fields are read as they are.
    fn from_version(version: u32, fields: Value) -> Option<Self> {
        let _ = version;
        serde_json::from_value(fields).ok()
    }
}

/// Why details could not be written or read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProgressError {
    /// Serde refused the value, or it has no named fields.
    Unwritable(String),
    /// The details are not those of a [`Progress`].
    Foreign,
    /// They are of this version and do not fit.
    Unreadable {
        /// Its version.
        version: u32,
        /// Serde's word.
        reason: String,
    },
    /// They are of another version, which this build cannot use.
    OtherVersion {
        /// Its version.
        version: u32,
        /// What this build writes.
        ours: u32,
    },
}

impl std::fmt::Display for ProgressError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unwritable(reason) => {
                write!(f, "progress cannot be written as JSON ({reason}): it must be a struct with named fields")
            }
            Self::Foreign => f.write_str("the details have no \"version\" and \"progress\": something else wrote them"),
            Self::Unreadable { version, reason } => write!(f, "progress of version {version} does not fit: {reason}"),
            Self::OtherVersion { version, ours } => {
                write!(f, "progress of version {version} cannot be used by this build, which writes version {ours}")
            }
        }
    }
}

impl std::error::Error for ProgressError {}

#[derive(Serialize, Deserialize)]
struct Details {
    version: u32,
    progress: Value,
}

/// The details of a heartbeat: `{"version": 1, "progress": {…}}`.
///
/// # Errors
/// [`ProgressError::Unwritable`]: serde refuses the value, or it has no named fields.
pub fn to_details<P: Progress>(progress: &P) -> Result<Value, ProgressError> {
    let unwritable = |reason: String| ProgressError::Unwritable(reason);
    let fields = serde_json::to_value(progress).map_err(|error| unwritable(error.to_string()))?;
    if !fields.is_object() {
        return Err(unwritable(format!("it is {fields}")));
    }
    serde_json::to_value(Details { version: P::VERSION, progress: fields })
        .map_err(|error| unwritable(error.to_string()))
}

/// What [`to_details`] has written, by this build or another.
///
/// # Errors
/// Every other [`ProgressError`]; none of them is more than a reason to start over.
pub fn from_details<P: Progress>(details: Value) -> Result<P, ProgressError> {
    if !details.is_object() {
        // Serde would take a list for the fields in order.
        return Err(ProgressError::Foreign);
    }
    let Details { version, progress } = serde_json::from_value(details).map_err(|_| ProgressError::Foreign)?;
    if version == P::VERSION {
        let read = serde_json::from_value(progress);
        return read.map_err(|error| ProgressError::Unreadable { version, reason: error.to_string() });
    }
    P::from_version(version, progress).ok_or(ProgressError::OtherVersion { version, ours: P::VERSION })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Copied {
        rows: u64,
    }

    impl Progress for Copied {
        const VERSION: u32 = 2;

        fn from_version(version: u32, fields: Value) -> Option<Self> {
            // Version 1 counted batches of ten.
            (version == 1).then(|| fields["batches"].as_u64().map(|batches| Self { rows: batches * 10 }))?
        }
    }

    #[test]
    fn another_versions_progress_is_what_the_type_says() {
        let read = |details| from_details::<Copied>(details);
        assert_eq!(read(json!({ "version": 1, "progress": { "batches": 3 } })), Ok(Copied { rows: 30 }));
        let newer = read(json!({ "version": 3, "progress": { "rows": 3 } })).unwrap_err();
        assert_eq!(newer.to_string(), "progress of version 3 cannot be used by this build, which writes version 2");
    }

    #[test]
    fn what_nobody_of_ours_wrote_is_an_error_and_no_panic() {
        for foreign in
            [json!(null), json!(7), json!([1, 2]), json!({ "rows": 1 }), json!({ "version": -1, "progress": {} })]
        {
            assert_eq!(from_details::<Copied>(foreign), Err(ProgressError::Foreign));
        }
        let said =
            from_details::<Copied>(json!({ "version": 2, "progress": { "rows": "x" } })).unwrap_err().to_string();
        assert!(said.starts_with("progress of version 2 does not fit: invalid type: string \"x\""), "{said}");
    }

    #[test]
    fn progress_without_names_is_refused() {
        #[derive(Serialize, Deserialize)]
        struct Bare(u64);
        impl Progress for Bare {
            const VERSION: u32 = 1;
        }
        let said = to_details(&Bare(7)).unwrap_err().to_string();
        assert_eq!(said, "progress cannot be written as JSON (it is 7): it must be a struct with named fields");
    }
}
