//! One field: its names, its words, and how its text becomes a value.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use crate::report::Entry;
use crate::sources::{Found, Origin};
use crate::{Reader, Secret};

const DURATION: &str = "which is not a duration: write seconds, such as 30 or 2.5, or 5m";

/// A field on its way to a value. The getter decides the type and the default.
#[derive(Debug)]
#[must_use = "a field is read by its getter"]
pub struct Field<'r, 'a> {
    reader: &'r mut Reader<'a>,
    names: Vec<&'static str>,
    doc: &'static str,
    ignore: fn(&str) -> bool,
}

impl<'r, 'a> Field<'r, 'a> {
    pub(crate) fn new(reader: &'r mut Reader<'a>, name: &'static str) -> Self {
        Self { reader, names: vec![name], doc: "", ignore: |_| false }
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

    /// A path that may be missing.
    pub fn optional_path(self) -> Option<PathBuf> {
        self.parse_optional(|text| Ok(Shown(PathBuf::from(text), text.to_owned()))).map(|shown| shown.0)
    }

    /// A secret that may be missing.
    pub fn secret(self) -> Option<Secret> {
        self.parse_optional(|text| Ok(Secret::new(text.to_owned())))
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
        let word = |value: T| choices.iter().find(|(_, choice)| *choice == value).map_or("", |(word, _)| word).to_owned();
        self.parse(Shown(default, word(default)), |text| {
            let wanted = text.to_ascii_lowercase();
            choices.iter().find(|(word, _)| *word == wanted).map(|(word, value)| Shown(*value, (*word).to_owned())).ok_or_else(
                || {
                    let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
                    format!("which is not one of {}", words.join(", "))
                },
            )
        })
        .0
    }

    /// Anything that a function makes of the text. Its error reads on from `NAME is "text", `.
    pub fn parse<T: Display + PartialEq>(self, default: T, parse: impl Fn(&str) -> Result<T, String>) -> T {
        let shown = default.to_string();
        self.read(Some(shown), parse).unwrap_or(default)
    }

    /// The same for a setting that may be missing.
    pub fn parse_optional<T: Display + PartialEq>(self, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        self.read(None, parse)
    }

    fn read<T: Display + PartialEq>(
        self,
        default: Option<String>,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let found = self.reader.sources.find(&self.names);
        let found = found.into_iter().filter(|found| !found.value.as_deref().is_ok_and(self.ignore));
        let mut first: Option<(Found, T)> = None;
        for found in found {
            match found.value.clone().and_then(|text| {
                parse(text.trim()).map_err(|why| if hides::<T>() { why } else { format!("is {text:?}, {why}") })
            }) {
                Err(message) => self.reader.fault(found.name, message),
                Ok(value) => match &first {
                    None => first = Some((found, value)),
                    Some((_, same)) if *same == value => {}
                    Some((earlier, other)) => {
                        let values = if hides::<T>() { String::new() } else { format!(" ({other} and {value})") };
                        let message = format!("and {} are two names for one setting and differ{values}: keep one", found.name);
                        self.reader.faults.push(crate::Fault { name: earlier.name.clone(), message });
                    }
                },
            }
        }
        let (value, origin) = match &first {
            Some((found, value)) => (Some(value.to_string()), found.origin.clone()),
            None => (default.clone(), Origin::Default),
        };
        self.reader.entries.push(Entry {
            section: self.reader.section,
            name: self.names[0],
            aliases: self.names[1..].to_vec(),
            doc: self.doc,
            default,
            value,
            origin,
        });
        first.map(|(_, value)| value)
    }
}

fn hides<T>() -> bool {
    std::any::type_name::<T>() == std::any::type_name::<Secret>()
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
    // A day is longer than any of our waits, and sums of durations must not overflow.
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
