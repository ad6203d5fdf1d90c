//! What a line looks like, through a subscriber of its own.

mod errors;
mod lines;
mod loss;
mod produce;
mod replay;
mod safety;

use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;
use tracing_subscriber::layer::SubscriberExt;

use crate::form::Form;
use crate::writer::{self, LogGuard, LogStats};
use crate::{Levels, LogLayer};

/// A stream that keeps what was written.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl io::Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn noon() -> SystemTime {
    UNIX_EPOCH + Duration::new(1_795_222_923, 4_000)
}

/// What `code` logs at `levels`, and the counts.
fn logged(form: Form, limit: usize, levels: &str, code: impl FnOnce()) -> (String, LogStats) {
    let kept = Kept::default();
    let (sink, guard): (_, LogGuard) = writer::start(Box::new(kept.clone()), writer::CAPACITY).unwrap();
    let layer = LogLayer::new(sink, form, limit).with_clock(noon);
    let subscriber = tracing_subscriber::registry().with(Levels::parse(levels).unwrap().targets()).with(layer);
    tracing::subscriber::with_default(subscriber, code);
    assert!(guard.flush(Duration::from_secs(30)), "a stream in memory takes everything");
    let text = String::from_utf8(kept.0.lock().clone()).unwrap();
    (text, guard.stats())
}

/// The same as JSON lines, without the place in the source, which moves with every edit.
fn json(code: impl FnOnce()) -> String {
    let (text, _) = logged(Form::Json, 64 * 1024, "trace", code);
    without_place(&text)
}

fn without_place(text: &str) -> String {
    let mut lines = Vec::new();
    for line in text.lines() {
        let from = line.find(",\"filename\"").unwrap();
        let to = from + line[from..].find("\"lineno\":").unwrap() + 9;
        let digits = line[to..].bytes().take_while(u8::is_ascii_digit).count();
        lines.push(format!("{}{}", &line[..from], &line[to + digits..]));
    }
    lines.join("\n")
}

/// Every line, parsed; fails when one is not a JSON object, or has a key twice.
fn parsed(text: &str) -> Vec<serde_json::Map<String, serde_json::Value>> {
    text.lines()
        .map(|line| {
            let keys: UniqueKeys = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
            keys.0
        })
        .collect()
}

struct UniqueKeys(serde_json::Map<String, serde_json::Value>);

impl<'de> serde::Deserialize<'de> for UniqueKeys {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys;
        impl<'de> serde::de::Visitor<'de> for Keys {
            type Value = UniqueKeys;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<UniqueKeys, A::Error> {
                let mut keys = serde_json::Map::new();
                while let Some((key, value)) = map.next_entry::<String, serde_json::Value>()? {
                    assert!(!keys.contains_key(&key), "{key} is there twice");
                    keys.insert(key, value);
                }
                Ok(UniqueKeys(keys))
            }
        }
        deserializer.deserialize_map(Keys)
    }
}
