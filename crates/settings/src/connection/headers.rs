//! TEMPORAL_GRPC_META_*: headers of every call. They often carry a credential, so their values are kept as secrets.

use std::collections::{BTreeMap, btree_map};

use crate::{Reader, Secret};

/// How the names of all begin.
pub(super) const PREFIX: &str = "TEMPORAL_GRPC_META_";

/// Headers by name, in lower case with hyphens. `Debug` shows the names and no value; iterating gives both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(BTreeMap<String, Secret>);

impl Headers {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value of one.
    pub fn get(&self, name: &str) -> Option<&Secret> {
        self.0.get(name)
    }
}

impl IntoIterator for Headers {
    type Item = (String, String);
    type IntoIter = std::iter::Map<btree_map::IntoIter<String, Secret>, fn((String, Secret)) -> Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter().map(|(name, value)| (name, value.expose().clone()))
    }
}

impl<'a> IntoIterator for &'a Headers {
    type Item = (&'a String, &'a String);
    type IntoIter = std::iter::Map<btree_map::Iter<'a, String, Secret>, fn((&'a String, &'a Secret)) -> Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter().map(|(name, value)| (name, value.expose()))
    }
}

/// The names as the SDK writes them. Whether gRPC can carry a header is for the client to say.
pub(super) fn read(reader: &mut Reader<'_>) -> Headers {
    let given =
        reader.family(PREFIX, "Header of every call; the rest of the name is the header's, with _ in place of -");
    Headers(given.into_iter().map(|(rest, value)| (rest.to_lowercase().replace('_', "-"), value)).collect())
}
