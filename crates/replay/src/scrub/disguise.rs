//! Strings that look like the ones before, and are others.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::{Number, Value};

/// Ids are looked through for strings of at least this length: shorter ones are in everything.
const SHORTEST_IN_IDS: usize = 3;
/// As `postgresql`.
const LONGEST_SCHEME: usize = 12;

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

    /// The same for the same string. A date or a time stays, unless it `must` not.
    pub(super) fn of(&mut self, text: &str, must: bool) -> String {
        if text.is_empty() || (!must && is_time(text)) {
            return text.to_owned();
        }
        if let Some(before) = self.known.get(text) {
            return before.clone();
        }
        // A secret's beginning is no scheme.
        let disguised = self.after(if must { 0 } else { scheme(text) }, text);
        self.known.insert(text.to_owned(), disguised.clone());
        disguised
    }

    /// Text that people read: known strings inside of it become what they are elsewhere, the rest other letters.
    pub(super) fn words(&self, text: &str) -> String {
        let word = |word: &str| self.known.get(word).cloned().unwrap_or_else(|| self.letters(word));
        text.split(' ').map(word).collect::<Vec<_>>().join(" ")
    }

    /// An id that was given from outside: known strings inside of it become what they are elsewhere, the rest other letters.
    pub(super) fn id(&mut self, id: &str) -> String {
        if let Some(before) = self.known.get(id) {
            return before.clone();
        }
        // Nothing is made of a UUID's parts, and there are many.
        if is_uuid(id) {
            return self.letters(id);
        }
        let disguised = inside(id, &self.known, |rest| self.letters(rest));
        self.known.insert(id.to_owned(), disguised.clone());
        disguised
    }

    /// An id that code makes, and the SDK compares: only known strings inside of it change, as they do in the code. What
    /// code makes of a value in any other way does not replay, so such a history is not saved.
    pub(super) fn made(&mut self, id: &str) {
        let stays = id.chars().all(|c| c.is_ascii_digit());
        if !self.known.contains_key(id) {
            let renamed = if stays { id.to_owned() } else { inside(id, &self.known, str::to_owned) };
            self.known.insert(id.to_owned(), renamed);
        }
    }

    pub(super) fn number(&self, number: &Number) -> Value {
        let text = self.letters(&number.to_string());
        serde_json::from_str(&text).unwrap_or(Value::Number(Number::from(0)))
    }

    fn letters(&self, text: &str) -> String {
        self.after(scheme(text), text)
    }

    /// Other letters after so many bytes.
    fn after(&self, stays: usize, text: &str) -> String {
        let hex = is_uuid(text);
        let time = is_time(text);
        let (scheme, rest) = text.split_at(stays);
        let mut stream = Stream::new(self.salt, text);
        let mut disguised = scheme.to_owned();
        let mut in_field = 0;
        for (place, letter) in rest.chars().enumerate() {
            in_field = if letter.is_ascii_digit() { in_field + 1 } else { 0 };
            disguised.push(match letter {
                'a'..='f' | '0'..='9' if hex => char::from(b"0123456789abcdef"[stream.below(16)]),
                // A date remains one: no field is above 9, nor 0.
                '0'..='9' if time && in_field == 1 => '0',
                '0'..='9' if time && in_field == 2 => char::from(b"123456789"[stream.below(9)]),
                'A'..='Z' if time => letter,
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

/// Known strings inside of an id, the longest first; `other` says what becomes of the pieces between them.
pub(super) fn inside(id: &str, known: &BTreeMap<String, String>, other: impl Fn(&str) -> String) -> String {
    let fits = |from: &str| from.len() >= SHORTEST_IN_IDS && id.contains(from);
    let mut parts: Vec<(&String, &String)> = known.iter().filter(|(from, _)| fits(from)).collect();
    parts.sort_by_key(|(from, _)| std::cmp::Reverse(from.len()));
    let (mut renamed, mut between) = (String::new(), String::new());
    let mut rest = id;
    while let Some(first) = rest.chars().next() {
        let part = parts.iter().find_map(|(from, to)| Some((rest.strip_prefix(from.as_str())?, to)));
        if let Some((after, to)) = part {
            renamed += &other(&std::mem::take(&mut between));
            renamed += to;
            rest = after;
        } else {
            between.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    renamed + &other(&between)
}

/// How long the scheme of a URL at its beginning is, with `://`. Any other text before `://` is a text.
fn scheme(text: &str) -> usize {
    let Some((scheme, _)) = text.split_once("://") else { return 0 };
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "+.-".contains(c);
    let is_one = scheme.starts_with(|c: char| c.is_ascii_lowercase()) && scheme.chars().all(fits);
    // No scheme of the registry's in use is longer; a secret is.
    if is_one && scheme.len() <= LONGEST_SCHEME { scheme.len() + 3 } else { 0 }
}

/// Dates and times are read by code. The whole text has to be one.
fn is_time(text: &str) -> bool {
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { 'd' } else { c }).collect();
    let of_day = |shape: &str| {
        let shape = ["Z", "+dd:dd", "-dd:dd"].iter().find_map(|zone| shape.strip_suffix(zone)).unwrap_or(shape);
        let (whole, fraction) = shape.split_once('.').unwrap_or((shape, "d"));
        let is_fraction = (1..=9).contains(&fraction.len()) && fraction.chars().all(|c| c == 'd');
        is_fraction && (whole == "dd:dd:dd" || (whole == "dd:dd" && !shape.contains('.')))
    };
    match shape.strip_prefix("dddd-dd-dd") {
        Some("") => true,
        Some(rest) => rest.strip_prefix(['T', ' ']).is_some_and(of_day),
        None => of_day(&shape),
    }
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
