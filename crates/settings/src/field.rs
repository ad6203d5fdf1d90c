//! One field: its names, its words, and how its text becomes a value.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use crate::mask;
use crate::report::Entry;
use crate::sources::{Found, Origin};
use crate::{Fault, Reader, Secret};

const DURATION: &str = "which is not a duration: write seconds, such as 30 or 2.5, or 5m";

/// A field on its way to a value. The getter decides the type and the default.
#[derive(Debug)]
#[must_use = "a field is read by its getter"]
pub struct Field<'r, 'a> {
    reader: &'r mut Reader<'a>,
    names: Vec<&'static str>,
    doc: &'static str,
    ignore: fn(&str) -> bool,
    is_secret: bool,
}

/// A value that somebody set, with the name by which they did.
#[derive(Clone)]
pub(crate) struct Got<T> {
    pub(crate) value: T,
    pub(crate) name: String,
    pub(crate) origin: Origin,
}

impl<T> Got<T> {
    pub(crate) const fn rank(&self) -> u8 {
        self.origin.rank()
    }
}

impl<'r, 'a> Field<'r, 'a> {
    pub(crate) fn new(reader: &'r mut Reader<'a>, name: &'static str) -> Self {
        Self { reader, names: vec![name], doc: "", ignore: |_| false, is_secret: false }
    }

    /// Another name for the same setting. Two of them with different values are a fault that names both.
    pub fn alias(mut self, name: &'static str) -> Self {
        self.names.push(name);
        self
    }

    /// What the setting is for, in one sentence.
    pub const fn doc(mut self, doc: &'static str) -> Self {
        self.doc = doc;
        self
    }

    /// Values that are somebody else's, and are passed over: Kubernetes injects some under names like ours.
    pub const fn ignoring(mut self, ignore: fn(&str) -> bool) -> Self {
        self.ignore = ignore;
        self
    }

    /// A text.
    pub fn string(self, default: &str) -> String {
        self.parse(default.to_owned(), |text| Ok(text.to_owned()))
    }

    /// A text that may be missing.
    pub fn optional_string(self) -> Option<String> {
        self.parse_optional(|text| Ok(text.to_owned()))
    }

    /// A text that has no default: a fault when it is missing.
    pub fn required_string(self) -> String {
        self.required(|field| field.optional_string()).unwrap_or_default()
    }

    /// A path that may be missing. The text of a key where its path belongs is a fault, and is not shown.
    pub fn optional_path(self) -> Option<PathBuf> {
        self.got_path().map(|got| got.value)
    }

    /// A secret that may be missing. Spaces and line breaks around it are dropped.
    pub fn secret(self) -> Option<Secret> {
        self.got_secret().map(|got| got.value)
    }

    /// A secret that has no default: a fault when it is missing.
    pub fn required_secret(self) -> Secret {
        self.required(|field| field.secret()).unwrap_or_else(|| Secret::new(String::new()))
    }

    pub(crate) fn got_path(self) -> Option<Got<PathBuf>> {
        let got = self.got(None, |text| Ok(Shown(mask::path(text)?, text.to_owned())))?;
        Some(Got { value: got.value.0, name: got.name, origin: got.origin })
    }

    pub(crate) fn got_secret(mut self) -> Option<Got<Secret>> {
        self.is_secret = true;
        self.got(None, |text| Ok(Secret::new(text.to_owned())))
    }

    pub(crate) fn got_flag(self) -> Option<Got<bool>> {
        self.got(None, parse_bool)
    }

    /// A value of its own for what is missing keeps the section infallible; the fault stops it from being used.
    fn required<T>(self, get: impl FnOnce(Field<'_, 'a>) -> Option<T>) -> Option<T> {
        let Self { reader, names, doc, ignore, is_secret } = self;
        let (name, faults) = (names[0], reader.faults.len());
        let value = get(Field { reader: &mut *reader, names, doc, ignore, is_secret });
        if value.is_none() && reader.faults.len() == faults {
            reader.fault(name, format!("is missing, and has no default: {doc}"));
        }
        value
    }

    /// A length of time: seconds (`30`, `2.5`) or with a unit (`5m`, `1h 30m`).
    pub fn duration_seconds(self, default: Duration) -> Duration {
        self.parse(Span(default), parse_duration).0
    }

    /// A length of time that may be missing.
    pub fn optional_duration(self) -> Option<Duration> {
        self.parse_optional(parse_duration).map(|span| span.0)
    }

    /// A whole number within a range.
    pub fn count(self, default: usize, range: RangeInclusive<usize>) -> usize {
        self.parse(default, within(range))
    }

    /// A whole number within a range, that may be missing.
    pub fn optional_count(self, range: RangeInclusive<usize>) -> Option<usize> {
        self.parse_optional(within(range))
    }

    /// A number within a range, that may be missing.
    pub fn optional_number(self, range: RangeInclusive<f64>) -> Option<f64> {
        self.parse_optional(within(range))
    }

    /// A share between 0 and 1.
    pub fn ratio(self, default: f64) -> f64 {
        self.parse(default, within(0.0..=1.0))
    }

    /// A share between 0 and 1, that may be missing.
    pub fn optional_ratio(self) -> Option<f64> {
        self.optional_number(0.0..=1.0)
    }

    /// Yes or no.
    pub fn flag(self, default: bool) -> bool {
        self.parse(default, parse_bool)
    }

    /// Yes or no, or not said.
    pub fn optional_flag(self) -> Option<bool> {
        self.parse_optional(parse_bool)
    }

    /// One of several words.
    pub fn choice<T: Copy + PartialEq>(self, choices: &[(&'static str, T)], default: T) -> T {
        let word =
            |value: T| choices.iter().find(|(_, choice)| *choice == value).map_or("", |(word, _)| word).to_owned();
        self.parse(Shown(default, word(default)), |text| {
            let wanted = text.to_ascii_lowercase();
            choices
                .iter()
                .find(|(word, _)| *word == wanted)
                .map(|(word, value)| Shown(*value, (*word).to_owned()))
                .ok_or_else(|| {
                    let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
                    format!("which is not one of {}", words.join(", "))
                })
        })
        .0
    }

    /// Anything that a function makes of the text. Its error reads on from `NAME is "text", `.
    pub fn parse<T: Display + PartialEq>(self, default: T, parse: impl Fn(&str) -> Result<T, String>) -> T {
        let shown = default.to_string();
        self.got(Some(shown), parse).map_or(default, |got| got.value)
    }

    /// The same for a setting that may be missing.
    pub fn parse_optional<T: Display + PartialEq>(self, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        self.got(None, parse).map(|got| got.value)
    }

    pub(crate) fn got<T: Display + PartialEq>(
        self,
        default: Option<String>,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<Got<T>> {
        let Self { reader, names, doc, ignore, is_secret } = self;
        let found = reader.sources.find(&names);
        let mut first: Option<Got<T>> = None;
        let mut unread: Option<Origin> = None;
        for Found { name, value, origin } in found {
            if value.as_deref().is_ok_and(ignore) {
                continue;
            }
            let parsed = value.and_then(|text| {
                let text = text.trim();
                // What a parser says of a secret could quote it.
                let blame = |why| {
                    if is_secret { "is not valid".to_owned() } else { format!("is {:?}, {why}", mask::shown(text)) }
                };
                parse(text).map_err(blame)
            });
            match (parsed, &first) {
                (Err(message), _) => {
                    reader.fault(name, message);
                    unread = unread.or(Some(origin));
                }
                (Ok(value), None) => first = Some(Got { value, name, origin }),
                (Ok(value), Some(earlier)) if value != earlier.value => {
                    let words = |value: &T| mask::shown(&value.to_string());
                    let values = match is_secret {
                        true => String::new(),
                        false => format!(" ({} and {})", words(&earlier.value), words(&value)),
                    };
                    let message = format!("and {name} are two names for one setting and differ{values}: keep one");
                    reader.faults.push(Fault { name: earlier.name.clone(), message });
                }
                (Ok(_), Some(_)) => {}
            }
        }
        // What did not parse has no value to show, and did not come from the default.
        let (value, origin) = match (&first, unread) {
            (Some(got), _) => (Some(mask::shown(&got.value.to_string())), got.origin.clone()),
            (None, Some(origin)) => (None, origin),
            (None, None) => (default.clone(), Origin::Default),
        };
        let (name, aliases) = (names[0].into(), names[1..].to_vec());
        reader.entries.push(Entry { section: reader.section, name, aliases, doc, default, value, origin });
        first
    }
}

/// A value with the text that stands for it.
struct Shown<T>(T, String);

impl<T> Display for Shown<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.1)
    }
}

impl<T: PartialEq> PartialEq for Shown<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

#[derive(PartialEq)]
struct Span(Duration);

impl Display for Span {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        humantime::format_duration(self.0).fmt(f)
    }
}

fn parse_duration(text: &str) -> Result<Span, String> {
    let seconds = text.parse::<f64>().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let span = seconds.or_else(|| humantime::parse_duration(text).ok());
    // Beyond a year it is a slip of the hand, and sums of durations must not overflow.
    span.filter(|span| *span <= Duration::from_secs(366 * 86_400)).map(Span).ok_or_else(|| DURATION.to_owned())
}

fn parse_bool(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" => Ok(false),
        _ => Err("which is not yes or no: write true or false".to_owned()),
    }
}

fn within<T>(range: RangeInclusive<T>) -> impl Fn(&str) -> Result<T, String>
where
    T: std::str::FromStr + PartialOrd + Display,
{
    move |text| {
        let number = text.parse::<T>().ok().filter(|number| range.contains(number));
        number.ok_or_else(|| format!("which is not a number from {} to {}", range.start(), range.end()))
    }
}
