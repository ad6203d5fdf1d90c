//! Strings that look like the ones before, and are others.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::{Number, Value};

/// Ids are looked through for strings of at least this length: shorter ones are in everything.
const SHORTEST_IN_IDS: usize = 3;

pub(super) struct Disguise<'a> {
    salt: &'a str,
    known: BTreeMap<String, String>,
}

impl<'a> Disguise<'a> {
    pub(super) const fn new(salt: &'a str) -> Self {
        Self { salt, known: BTreeMap::new() }
    }

    /// What each string became.
    pub(super) const fn known(&self) -> &BTreeMap<String, String> {
        &self.known
    }

    /// The same for the same string.
    pub(super) fn of(&mut self, text: &str) -> String {
        if stays(text) {
            return text.to_owned();
        }
        if let Some(before) = self.known.get(text) {
            return before.clone();
        }
        let disguised = self.letters(text);
        self.known.insert(text.to_owned(), disguised.clone());
        disguised
    }

    /// Text that people read: known strings inside of it become what they are elsewhere, the rest other letters.
    pub(super) fn words(&self, text: &str) -> String {
        let word = |word: &str| self.known.get(word).cloned().unwrap_or_else(|| self.letters(word));
        text.split(' ').map(word).collect::<Vec<_>>().join(" ")
    }

    pub(super) fn number(&self, number: &Number) -> Value {
        let text = self.letters(&number.to_string());
        serde_json::from_str(&text).unwrap_or(Value::Number(Number::from(0)))
    }

    fn letters(&self, text: &str) -> String {
        let hex = is_uuid(text);
        let (scheme, rest) = text.split_once("://").map_or(("", text), |(scheme, _)| text.split_at(scheme.len() + 3));
        let mut stream = Stream::new(self.salt, text);
        let mut disguised = scheme.to_owned();
        for (place, letter) in rest.chars().enumerate() {
            disguised.push(match letter {
                'a'..='f' | '0'..='9' if hex => char::from(b"0123456789abcdef"[stream.below(16)]),
                // No number begins with 0.
                '1'..='9' if place == 0 => char::from(b"123456789"[stream.below(9)]),
                '0'..='9' => char::from(b"0123456789"[stream.below(10)]),
                'A'..='Z' => char::from(b'A' + stream.letter()),
                _ if letter.is_alphabetic() => char::from(b'a' + stream.letter()),
                other => other,
            });
        }
        disguised
    }
}

/// Known strings inside of an id, the longest first.
pub(super) fn inside(id: &str, known: &BTreeMap<String, String>) -> String {
    let mut parts: Vec<(&String, &String)> = known.iter().filter(|(from, _)| from.len() >= SHORTEST_IN_IDS).collect();
    parts.sort_by_key(|(from, _)| std::cmp::Reverse(from.len()));
    let mut renamed = String::new();
    let mut rest = id;
    'rest: while let Some(first) = rest.chars().next() {
        for (from, to) in &parts {
            if let Some(after) = rest.strip_prefix(from.as_str()) {
                renamed.push_str(to);
                rest = after;
                continue 'rest;
            }
        }
        renamed.push(first);
        rest = &rest[first.len_utf8()..];
    }
    renamed
}

/// Dates, times and durations are read by code; an empty string has nothing to hide.
fn stays(text: &str) -> bool {
    let shape: String = text.chars().take(10).map(|c| if c.is_ascii_digit() { 'd' } else { c }).collect();
    text.is_empty() || shape == "dddd-dd-dd" || shape.starts_with("dd:dd")
}

fn is_uuid(text: &str) -> bool {
    let dashes: Vec<usize> = text.char_indices().filter(|(_, c)| *c == '-').map(|(place, _)| place).collect();
    text.len() == 36 && dashes == [8, 13, 18, 23] && text.chars().all(|c| c == '-' || c.is_ascii_hexdigit())
}

/// Numbers that follow from salt and text.
struct Stream {
    state: u64,
}

impl Stream {
    fn new(salt: &str, text: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        (salt, text).hash(&mut hasher);
        Self { state: hasher.finish() }
    }

    fn below(&mut self, end: usize) -> usize {
        let mut hasher = DefaultHasher::new();
        self.state.hash(&mut hasher);
        self.state = hasher.finish();
        usize::try_from(self.state % end as u64).unwrap_or_default()
    }

    fn letter(&mut self) -> u8 {
        u8::try_from(self.below(26)).unwrap_or_default()
    }
}
