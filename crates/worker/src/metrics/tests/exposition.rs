//! A strict reader of Prometheus' text format: every line must parse, a name is declared once and before its samples,
//! and a histogram is whole.

use std::collections::{BTreeMap, HashMap, HashSet};

#[derive(Debug)]
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) value: f64,
}

#[derive(Debug, Default)]
pub(crate) struct Exposition {
    pub(crate) types: HashMap<String, String>,
    pub(crate) samples: Vec<Sample>,
}

impl Exposition {
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let mut read = Self::default();
        let mut seen = HashSet::new();
        for line in text.lines().filter(|line| !line.is_empty()) {
            if let Some(declared) = line.strip_prefix("# TYPE ") {
                let (name, kind) = declared.split_once(' ').ok_or_else(|| format!("no type: {line}"))?;
                if !["counter", "gauge", "histogram"].contains(&kind) {
                    return Err(format!("not a type that we show: {line}"));
                }
                if read.types.insert(name.to_owned(), kind.to_owned()).is_some() {
                    return Err(format!("{name} is declared twice"));
                }
            } else if line.starts_with("# HELP ") {
                continue;
            } else {
                let sample = sample(line).ok_or_else(|| format!("not a sample: {line}"))?;
                if !seen.insert((sample.name.clone(), sample.labels.clone())) {
                    return Err(format!("the same series twice: {line}"));
                }
                if !read.is_declared(&sample.name) {
                    return Err(format!("a sample before its type: {line}"));
                }
                read.samples.push(sample);
            }
        }
        read.whole_histograms()?;
        Ok(read)
    }

    /// The value of the one series with this name that has at least these labels.
    pub(crate) fn value(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let has = |sample: &&Sample| {
            sample.name == name && labels.iter().all(|(key, value)| sample.labels.get(*key).is_some_and(|v| v == value))
        };
        let found: Vec<_> = self.samples.iter().filter(has).collect();
        assert_eq!(found.len(), 1, "{name} {labels:?} in {:#?}", self.samples);
        found[0].value
    }

    fn is_declared(&self, name: &str) -> bool {
        let of_histogram = |suffix: &str| {
            let family = name.strip_suffix(suffix);
            family.and_then(|family| self.types.get(family)).is_some_and(|kind| kind == "histogram")
        };
        self.types.contains_key(name) || ["_bucket", "_sum", "_count"].iter().any(|suffix| of_histogram(suffix))
    }

    fn whole_histograms(&self) -> Result<(), String> {
        for family in self.types.iter().filter(|(_, kind)| *kind == "histogram").map(|(family, _)| family) {
            let of = |suffix: &str| {
                let name = format!("{family}{suffix}");
                self.samples.iter().filter(move |sample| sample.name == name)
            };
            for count in of("_count") {
                let buckets: Vec<_> = of("_bucket")
                    .filter(|bucket| {
                        let mut labels = bucket.labels.clone();
                        labels.remove("le");
                        labels == count.labels
                    })
                    .collect();
                if buckets.last().is_none_or(|last| last.labels["le"] != "+Inf" || last.value != count.value) {
                    return Err(format!("{family} has no last bucket of {}", count.value));
                }
                if buckets.windows(2).any(|pair| pair[0].value > pair[1].value) {
                    return Err(format!("the buckets of {family} fall"));
                }
            }
            if of("_sum").count() != of("_count").count() {
                return Err(format!("{family} has a series without a sum"));
            }
        }
        Ok(())
    }
}

fn sample(line: &str) -> Option<Sample> {
    let at = line.find(['{', ' '])?;
    let (name, mut rest) = line.split_at(at);
    if !is_name(name, ":") {
        return None;
    }
    let mut labels = BTreeMap::new();
    if let Some(inner) = rest.strip_prefix('{') {
        rest = inner;
        while !rest.starts_with('}') {
            let (key, after) = rest.split_once("=\"")?;
            let (value, after) = quoted(after)?;
            if !is_name(key, "") || labels.insert(key.to_owned(), value).is_some() {
                return None;
            }
            rest = after.strip_prefix(',').unwrap_or(after);
        }
        rest = &rest[1..];
    }
    let value = rest.strip_prefix(' ')?.parse().ok()?;
    Some(Sample { name: name.to_owned(), labels, value })
}

fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(match characters.next()?.1 {
                'n' => '\n',
                other @ ('\\' | '"') => other,
                _ => return None,
            }),
            other => value.push(other),
        }
    }
    None
}

fn is_name(name: &str, more: &str) -> bool {
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    starts && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || more.contains(c))
}

#[test]
fn the_reader_refuses_what_prometheus_would() {
    for (bad, why) in [
        ("# TYPE a counter\na 1\n# TYPE a counter\na{b=\"c\"} 1\n", "a is declared twice"),
        ("# TYPE a counter\na 1\na 2\n", "the same series twice: a 2"),
        ("a 1\n", "a sample before its type: a 1"),
        ("# TYPE a counter\na{b=\"c} 1\n", "not a sample: a{b=\"c} 1"),
        ("# TYPE a-b counter\na-b 1\n", "not a sample: a-b 1"),
        ("# TYPE a counter\na one\n", "not a sample: a one"),
        ("# TYPE a histogram\na_bucket{le=\"+Inf\"} 1\na_sum 1\na_count 2\n", "a has no last bucket of 2"),
    ] {
        assert_eq!(Exposition::read(bad).map(|_| ()), Err(why.to_owned()));
    }
}
