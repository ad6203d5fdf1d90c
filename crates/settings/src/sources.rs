//! What values are looked up in: flags, then the environment, then the profile of a configuration file.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;

use crate::SettingsError;
use crate::file::{Asked, Profile};

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

impl Origin {
    /// What is stronger is greater.
    pub(crate) const fn rank(&self) -> u8 {
        match self {
            Self::Flag(_) => 3,
            Self::Env(_) => 2,
            Self::File(_) => 1,
            Self::Default => 0,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) | Self::Env(name) | Self::File(name) => f.write_str(name),
            Self::Default => f.write_str("default"),
        }
    }
}

/// A value as it was found. `name` is what its user would look for.
#[derive(Clone)]
pub(crate) struct Found {
    pub(crate) name: String,
    pub(crate) value: Result<String, String>,
    pub(crate) origin: Origin,
}

/// A set of values, by name of the environment variable.
///
/// An empty value counts as not set, for that is how shells and manifests unset one.
#[derive(Clone, Default)]
pub struct Sources {
    flags: BTreeMap<String, (String, String)>,
    env: BTreeMap<String, Result<String, String>>,
    file: Option<Profile>,
    or_default_file: bool,
}

impl Sources {
    /// The environment of this process, and the profile that it names (TEMPORAL_PROFILE) of the file that it names
    /// (TEMPORAL_CONFIG_FILE, else Temporal's default place).
    ///
    /// # Errors
    /// The file or the profile is named and not there, or the file is not valid.
    pub fn from_process() -> Result<Self, SettingsError> {
        Self::environment().with_file()
    }

    /// The environment of this process, and no file yet: a command adds its flags, which may name another file or
    /// profile, and then [`Sources::with_file`].
    pub fn environment() -> Self {
        Self { or_default_file: true, ..Self::from_vars(std::env::vars_os()) }
    }

    /// An environment of these pairs and nothing else; a TEMPORAL_CONFIG_FILE among them is read by
    /// [`Sources::with_file`].
    pub fn from_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self::from_vars(pairs.into_iter().map(|(name, value)| (name.into(), value.into())))
    }

    fn from_vars(vars: impl Iterator<Item = (OsString, OsString)>) -> Self {
        // A name that is no text is none of ours. A value that is no text is a fault, once somebody reads it.
        let env = vars.filter_map(|(name, value)| {
            let value = value.into_string().map_err(|_| "is not UTF-8 text: set it again".to_owned());
            Some((name.into_string().ok()?, value))
        });
        Self { env: env.collect(), ..Self::default() }
    }

    /// Reads the file that TEMPORAL_CONFIG_FILE names, by flag or variable; for a process, else the one at Temporal's
    /// default place.
    ///
    /// # Errors
    /// As [`Sources::from_process`].
    pub fn with_file(mut self) -> Result<Self, SettingsError> {
        self.file = None;
        let (file, profile) = (self.asked("TEMPORAL_CONFIG_FILE")?, self.asked("TEMPORAL_PROFILE")?);
        self.file = Profile::load(file.as_ref(), profile.as_ref(), self.or_default_file)?;
        Ok(self)
    }

    /// A value that beats the environment: `flag` is how the user wrote it, such as `--address`. A file or profile named
    /// by flag is read by the next [`Sources::with_file`].
    #[must_use]
    pub fn with_flag(mut self, name: &str, flag: &str, value: impl Into<String>) -> Self {
        self.flags.insert(name.to_owned(), (flag.to_owned(), value.into()));
        self
    }

    /// Without every value whose name is `unwanted`, wherever it was set.
    #[must_use]
    pub fn without(mut self, unwanted: impl Fn(&str) -> bool) -> Self {
        self.flags.retain(|name, _| !unwanted(name));
        self.env.retain(|name, _| !unwanted(name));
        if let Some(profile) = &mut self.file {
            profile.values.retain(|name, _| !unwanted(name));
        }
        self
    }

    fn asked(&self, name: &'static str) -> Result<Option<Asked>, SettingsError> {
        let Some(found) = self.find(&[name]).into_iter().next() else { return Ok(None) };
        match found.value {
            Ok(value) => Ok(Some(Asked { by: found.name, value: value.trim().to_owned() })),
            Err(message) => Err(SettingsError::Faults(vec![crate::Fault { name: found.name, message }])),
        }
    }

    /// Every one of the names that is set in the strongest place where any is.
    pub(crate) fn find(&self, names: &[&'static str]) -> Vec<Found> {
        let places = [Self::in_flags, Self::in_env, Self::in_file];
        let mut found =
            places.iter().map(|place| names.iter().filter_map(|name| place(self, name)).collect::<Vec<_>>());
        found.find(|found| !found.is_empty()).unwrap_or_default()
    }

    /// Every value whose name begins with a prefix, by its name.
    pub(crate) fn family(&self, prefix: &str) -> BTreeMap<String, Found> {
        let mut family = BTreeMap::new();
        let file = self.file.iter().flat_map(|profile| profile.values.keys());
        for name in file.chain(self.env.keys()).chain(self.flags.keys()).filter(|name| name.starts_with(prefix)) {
            // As with the SDK, an empty variable takes away what the file sets.
            let emptied = self.env.get(name).is_some_and(is_empty) && !self.flags.contains_key(name);
            let found = self.in_flags(name).or_else(|| self.in_env(name)).or_else(|| self.in_file(name));
            if let Some(found) = found.filter(|_| !emptied) {
                family.insert(name.clone(), found);
            }
        }
        family
    }

    fn in_flags(&self, name: &str) -> Option<Found> {
        let (flag, value) = self.flags.get(name).filter(|(_, value)| !value.trim().is_empty())?;
        Some(Found { name: flag.clone(), value: Ok(value.clone()), origin: Origin::Flag(flag.clone()) })
    }

    fn in_env(&self, name: &str) -> Option<Found> {
        let value = self.env.get(name).filter(|value| !is_empty(value))?;
        // Kubernetes sets NAME_PORT=tcp://… for every service of the namespace: TEMPORAL_PORT, for one named temporal.
        let injected = value.as_ref().is_ok_and(|value| {
            name.ends_with("_PORT") && ["tcp://", "udp://", "sctp://"].iter().any(|scheme| value.starts_with(scheme))
        });
        let origin = Origin::Env(name.to_owned());
        (!injected).then(|| Found { name: name.to_owned(), value: value.clone(), origin })
    }

    fn in_file(&self, name: &str) -> Option<Found> {
        let profile = self.file.as_ref()?;
        let value = profile.values.get(name)?.clone();
        let origin = Origin::File(profile.label.clone());
        Some(Found { name: format!("{name} of {}", profile.label), value: Ok(value), origin })
    }

    pub(crate) fn env_names(&self) -> impl Iterator<Item = &str> {
        self.env.keys().map(String::as_str)
    }
}

fn is_empty(value: &Result<String, String>) -> bool {
    value.as_ref().is_ok_and(|value| value.trim().is_empty())
}

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Values may be secrets, and only a field knows.
        f.debug_struct("Sources")
            .field("flags", &self.flags.len())
            .field("env", &self.env.len())
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::ffi::OsStringExt;

    use super::*;
    use crate::{Report, connection::ConnectionSettings, load};

    #[test]
    fn a_value_that_is_no_text_is_a_fault_of_its_name_and_of_nobody_else() {
        let stray = || OsString::from_vec(vec![0xff, 0xfe]);
        let other = Sources::from_vars([("OTHER".into(), stray())].into_iter());
        assert!(load::<ConnectionSettings>(&other).is_ok());
        for name in ["TEMPORAL_NAMESPACE", "TEMPORAL_API_KEY", "TEMPORAL_GRPC_META_TEAM"] {
            let sources = Sources::from_vars([(name.into(), stray())].into_iter());
            let error = load::<ConnectionSettings>(&sources).unwrap_err().to_string();
            assert_eq!(error, format!("{name} is not UTF-8 text: set it again"));
            assert_eq!(Report::new(&sources).section::<ConnectionSettings>(&sources).faults().len(), 1);
        }
        let file = Sources::from_vars([("TEMPORAL_PROFILE".into(), stray())].into_iter()).with_file();
        assert_eq!(file.unwrap_err().to_string(), "TEMPORAL_PROFILE is not UTF-8 text: set it again");
    }
}
