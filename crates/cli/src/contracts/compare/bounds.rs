//! Keywords that bound a number, a length or a form: which of two is the narrower.

use serde_json::{Value, json};

use super::flat::{Plain, type_of};

/// A bound of `now` that something within `was` may break: the keyword with what it was and what it is.
pub(super) struct Narrowed {
    pub(super) keyword: &'static str,
    pub(super) was: Option<Value>,
    pub(super) now: Value,
}

pub(super) const KEYWORDS: [&str; 14] = [
    "format",
    "maximum",
    "exclusiveMaximum",
    "minimum",
    "exclusiveMinimum",
    "multipleOf",
    "minLength",
    "maxLength",
    "pattern",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
];

/// The integers of Rust, which schemas name by `format` and bound only where they are small.
const INTEGERS: [(&str, i128, i128); 12] = [
    ("int8", i8::MIN as i128, i8::MAX as i128),
    ("int16", i16::MIN as i128, i16::MAX as i128),
    ("int32", i32::MIN as i128, i32::MAX as i128),
    ("int64", i64::MIN as i128, i64::MAX as i128),
    ("int", i64::MIN as i128, i64::MAX as i128),
    ("uint8", 0, u8::MAX as i128),
    ("uint16", 0, u16::MAX as i128),
    ("uint32", 0, u32::MAX as i128),
    ("uint64", 0, u64::MAX as i128),
    ("uint", 0, u64::MAX as i128),
    ("int128", i128::MIN, i128::MAX),
    ("uint128", 0, i128::MAX),
];

pub(super) fn narrowed(was: &Plain, now: &Plain) -> Vec<Narrowed> {
    let kind = type_of(now).or_else(|| type_of(was));
    let applies = |of: &[&str]| kind.is_none_or(|kind| of.contains(&kind));
    let mut found = Vec::new();
    let mut refuse = |keyword, was: Option<Value>, now: Value| found.push(Narrowed { keyword, was, now });
    if applies(&["integer", "number"]) {
        let (old, new) = (Range::of(was), Range::of(now));
        if let Some(format) = now.get("format").filter(|_| new.by_format && !old.within(&new)) {
            refuse("format", was.get("format").cloned(), format.clone());
        } else {
            for keyword in ["minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"] {
                let Some(bound) = now.get(keyword).and_then(Bound::of) else { continue };
                if !old.keeps(keyword, bound) {
                    refuse(keyword, was.get(keyword).cloned(), now[keyword].clone());
                }
            }
        }
        if let Some(step) = now.get("multipleOf") {
            let multiple = was.get("multipleOf").and_then(Value::as_f64).zip(step.as_f64());
            if multiple.is_none_or(|(was, now)| was % now != 0.0) {
                refuse("multipleOf", was.get("multipleOf").cloned(), step.clone());
            }
        }
    }
    for (kinds, keyword, lower) in [
        ("string", "minLength", true),
        ("string", "maxLength", false),
        ("array", "minItems", true),
        ("array", "maxItems", false),
        ("object", "minProperties", true),
        ("object", "maxProperties", false),
    ] {
        let Some(bound) = now.get(keyword).filter(|_| applies(&[kinds])).and_then(Value::as_u64) else { continue };
        let old = was.get(keyword).and_then(Value::as_u64);
        let kept = if lower { old.unwrap_or(0) >= bound } else { old.is_some_and(|old| old <= bound) };
        if !kept {
            refuse(keyword, was.get(keyword).cloned(), json!(bound));
        }
    }
    for (kinds, keyword) in [("string", "format"), ("string", "pattern"), ("array", "uniqueItems")] {
        let Some(now) = now.get(keyword).filter(|now| applies(&[kinds]) && **now != json!(false)) else { continue };
        let is_number = keyword == "format" && kind.is_none_or(|kind| kind != "string");
        if was.get(keyword) != Some(now) && !is_number {
            refuse(keyword, was.get(keyword).cloned(), now.clone());
        }
    }
    found
}

/// Whole where it can be: an f64 cannot tell the largest integers apart.
#[derive(Clone, Copy)]
enum Bound {
    Whole(i128),
    Broken(f64),
}

impl Bound {
    fn of(value: &Value) -> Option<Self> {
        let whole = value.as_i64().map(i128::from).or_else(|| value.as_u64().map(i128::from));
        whole.map(Self::Whole).or_else(|| value.as_f64().map(Self::Broken))
    }

    /// Whether it is below the other, or equal where `equal` is enough.
    fn below(self, other: Self, equal: bool) -> bool {
        match (self, other) {
            (Self::Whole(one), Self::Whole(other)) => one < other || equal && one == other,
            (one, other) => one.broken() < other.broken() || equal && one.broken() <= other.broken(),
        }
    }

    const fn broken(self) -> f64 {
        match self {
            Self::Whole(whole) => whole as f64,
            Self::Broken(broken) => broken,
        }
    }
}

/// Its ends, with whether each is excluded.
struct Range {
    low: Option<(Bound, bool)>,
    high: Option<(Bound, bool)>,
    by_format: bool,
}

impl Range {
    fn of(plain: &Plain) -> Self {
        let end = |keyword: &str| plain.get(keyword).and_then(Bound::of);
        let tighter = |included: Option<Bound>, excluded: Option<Bound>, low: bool| match (included, excluded) {
            (Some(included), Some(excluded)) => {
                let included_wins = if low { excluded.below(included, false) } else { included.below(excluded, false) };
                Some(if included_wins { (included, false) } else { (excluded, true) })
            }
            (Some(included), None) => Some((included, false)),
            (None, excluded) => excluded.map(|excluded| (excluded, true)),
        };
        let mut low = tighter(end("minimum"), end("exclusiveMinimum"), true);
        let mut high = tighter(end("maximum"), end("exclusiveMaximum"), false);
        let format = plain.get("format").and_then(Value::as_str);
        let named = INTEGERS.iter().find(|(name, ..)| Some(*name) == format);
        if let Some((_, least, most)) = named {
            low = low.filter(|(low, _)| Bound::Whole(*least).below(*low, true)).or(Some((Bound::Whole(*least), false)));
            high =
                high.filter(|(high, _)| high.below(Bound::Whole(*most), true)).or(Some((Bound::Whole(*most), false)));
        }
        Self { low, high, by_format: named.is_some() }
    }

    fn keeps(&self, keyword: &str, bound: Bound) -> bool {
        let excluding = keyword.starts_with("exclusive");
        if keyword.ends_with("inimum") {
            self.low.is_some_and(|(low, excluded)| bound.below(low, !excluding || excluded))
        } else {
            self.high.is_some_and(|(high, excluded)| high.below(bound, !excluding || excluded))
        }
    }

    fn within(&self, other: &Self) -> bool {
        let low = other
            .low
            .is_none_or(|(bound, excluded)| self.keeps(if excluded { "exclusiveMinimum" } else { "minimum" }, bound));
        let high = other
            .high
            .is_none_or(|(bound, excluded)| self.keeps(if excluded { "exclusiveMaximum" } else { "maximum" }, bound));
        low && high
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Borrow;

    use super::*;

    fn keywords(was: impl Borrow<Value>, now: impl Borrow<Value>) -> Vec<&'static str> {
        let plain = |value: &Value| value.as_object().unwrap().clone();
        narrowed(&plain(was.borrow()), &plain(now.borrow())).into_iter().map(|found| found.keyword).collect()
    }

    #[test]
    fn a_smaller_integer_is_narrower_though_no_bound_says_so() {
        let int = |format: &str| json!({ "type": "integer", "format": format });
        assert_eq!(keywords(int("uint64"), int("uint32")), ["format"]);
        assert_eq!(keywords(int("uint32"), int("uint64")), [""; 0]);
        assert_eq!(keywords(int("uint32"), int("int64")), [""; 0]);
        assert_eq!(keywords(int("int64"), int("uint64")), ["format"]);
    }

    #[test]
    fn ends_are_compared_with_whether_they_belong() {
        let of = |keyword: &str, end: i64| json!({ "type": "number", keyword: end });
        assert_eq!(keywords(of("minimum", 1), of("exclusiveMinimum", 1)), ["exclusiveMinimum"]);
        assert_eq!(keywords(of("exclusiveMinimum", 1), of("minimum", 1)), [""; 0]);
        assert_eq!(keywords(of("maximum", 9), of("maximum", 8)), ["maximum"]);
        assert_eq!(keywords(of("maximum", 8), of("maximum", 9)), [""; 0]);
        assert_eq!(keywords(json!({ "type": "number" }), of("maximum", 9)), ["maximum"]);
    }

    #[test]
    fn lengths_and_forms_are_bounds_too() {
        let of = |keyword: &str, said: Value| json!({ "type": "string", keyword: said });
        assert_eq!(keywords(of("maxLength", json!(9)), of("maxLength", json!(8))), ["maxLength"]);
        assert_eq!(keywords(json!({ "type": "string" }), of("format", json!("uuid"))), ["format"]);
        assert_eq!(keywords(of("format", json!("uuid")), json!({ "type": "string" })), [""; 0]);
        assert_eq!(keywords(of("pattern", json!("a")), of("pattern", json!("b"))), ["pattern"]);
    }
}
