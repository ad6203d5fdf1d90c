//! What values are looked up in: flags, then the environment, then the profile of a configuration file.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;

use crate::SettingsError;
use crate::file::Profile;

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(tag = "from", content = "name", rename_all = "lowercase")]
pub enum Origin {
    /// A flag of the command, such as `--address`.
    Flag(String),
    /// An environment variable.
    Env(String),
    /// A configuration file and its profile.
    File(String),
    /// Nobody set it.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) | Self::Env(name) | Self::File(name) => f.write_str(name),
            Self::Default => f.write_str("default"),
        }
    }
}

/// A value as it was found.
#[derive(Clone)]
pub(crate) struct Found {
    pub(crate) name: String,
    pub(crate) value: Result<String, String>,
    pub(crate) origin: Origin,
}

/// A set of values, by name of the environment variable.
#[derive(Clone, Default)]
pub struct Sources {
    flags: BTreeMap<String, (String, String)>,
    env: BTreeMap<String, Result<String, String>>,
    file: Option<Profile>,
}

impl Sources {
    /// The environment of this process, and the profile that it names (TEMPORAL_PROFILE) of the file that it names
    /// (TEMPORAL_CONFIG_FILE, else Temporal's default place).
    ///
    /// # Errors
    /// The file or the profile is named and not there, or the file is not valid.
    pub fn from_process() -> Result<Self, SettingsError> {
        let env = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, text(value))));
        let mut sources = Self { env: env.collect(), ..Self::default() };
        sources.file = Profile::load(&sources.strings(), true)?;
        Ok(sources)
    }

    /// An environment of these pairs and nothing else; a TEMPORAL_CONFIG_FILE among them is read by
    /// [`Sources::with_file`].
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let env = pairs.into_iter().map(|(name, value)| (name.to_owned(), Ok(value.to_owned())));
        Self { env: env.collect(), ..Self::default() }
    }

    /// Reads the file that TEMPORAL_CONFIG_FILE names, and no other.
    ///
    /// # Errors
    /// As [`Sources::from_process`].
    pub fn with_file(mut self) -> Result<Self, SettingsError> {
        self.file = Profile::load(&self.strings(), false)?;
        Ok(self)
    }

    /// A value that beats the environment: `flag` is how the user wrote it, such as `--address`.
    #[must_use]
    pub fn with_flag(mut self, name: &str, flag: &str, value: impl Into<String>) -> Self {
        self.flags.insert(name.to_owned(), (flag.to_owned(), value.into()));
        self
    }

    /// Every place where one of the names is set, the strongest first.
    pub(crate) fn find(&self, names: &[&'static str]) -> Vec<Found> {
        let mut found = Vec::new();
        for name in names {
            if let Some((flag, value)) = self.flags.get(*name) {
                let origin = Origin::Flag(flag.clone());
                found.push(Found { name: flag.clone(), value: Ok(value.clone()), origin });
            }
        }
        if !found.is_empty() {
            return found;
        }
        for name in names {
            // An empty variable is how shells and manifests unset one.
            if let Some(value) = self.env.get(*name).filter(|value| value.as_deref() != Ok("")) {
                let origin = Origin::Env((*name).to_owned());
                found.push(Found { name: (*name).to_owned(), value: value.clone(), origin });
            }
        }
        if !found.is_empty() {
            return found;
        }
        let of_file = self.file.as_ref().and_then(|profile| {
            let (name, value) = names.iter().find_map(|name| Some((*name, profile.values.get(*name)?)))?;
            let origin = Origin::File(profile.label.clone());
            Some(Found { name: format!("{name} of {}", profile.label), value: Ok(value.clone()), origin })
        });
        of_file.into_iter().collect()
    }

    /// Names that are set and begin with a prefix, with what follows it and the value.
    pub(crate) fn family(&self, prefix: &str) -> BTreeMap<String, String> {
        let of_file = self.file.iter().flat_map(|profile| profile.values.iter());
        let of_env = self.env.iter().filter_map(|(name, value)| Some((name, value.as_ref().ok()?)));
        let matching = of_file.chain(of_env).filter_map(|(name, value)| {
            Some((name.strip_prefix(prefix)?.to_owned(), value.clone()))
        });
        matching.collect()
    }

    pub(crate) fn env_names(&self) -> impl Iterator<Item = &str> {
        self.env.keys().map(String::as_str)
    }

    fn strings(&self) -> std::collections::HashMap<String, String> {
        self.env.iter().filter_map(|(name, value)| Some((name.clone(), value.clone().ok()?))).collect()
    }
}

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Values may be secrets, and only a field knows.
        f.debug_struct("Sources").field("flags", &self.flags.len()).field("env", &self.env.len()).finish_non_exhaustive()
    }
}

fn text(value: OsString) -> Result<String, String> {
    value.into_string().map_err(|_| "is not valid UTF-8".to_owned())
}
