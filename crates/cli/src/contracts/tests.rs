//! Planted changes of real types: each is found, with who is hit, the field, and what would be right; or is none.
#![allow(unreachable_pub, reason = "the types of a version are written as a product's are")]

use std::collections::BTreeMap;

use mainspring_vocabulary::WireType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::described::{self, Described, Part, Role};
use super::findings::{self, Finding};

/// What is found when `Old` became `New`, as lines.
fn became<Old, New>(role: Role) -> Vec<String>
where
    Old: JsonSchema + Serialize + for<'de> Deserialize<'de> + 'static,
    New: JsonSchema + Serialize + for<'de> Deserialize<'de> + 'static,
{
    let described = |wire| {
        let (name, pointer, version) = match role {
            Role::Input => ("input", "/input", None),
            Role::Progress => ("progress", described::PROGRESS, Some(1)),
            Role::Result | Role::Answer => ("result", "/result", None),
        };
        let part = Part { name: name.into(), pointer: pointer.into(), role, wire };
        Described { file: "workflows/ship.json".into(), name: "workflow ship".into(), parts: vec![part], version }
    };
    let old = described(WireType::of::<Old>()).document();
    let committed = BTreeMap::from([("workflows/ship.json".to_owned(), old)]);
    let (found, outdated) = findings::find(&committed, &[described(WireType::of::<New>())]);
    assert!(found.is_empty() || outdated.is_empty(), "what breaks is not merely outdated: {found:?} {outdated:?}");
    found.iter().map(Finding::line).collect()
}

/// Both versions side by side, so that a case reads as a diff.
macro_rules! versions {
    ($name:ident { $($old:tt)* } => { $($new:tt)* }) => {
        mod $name {
            use super::*;
            pub(super) mod old {
                use super::*;
                $($old)*
            }
            pub(super) mod new {
                use super::*;
                $($new)*
            }
        }
    };
}

macro_rules! types {
    ($_name:ident: $($old:tt)*) => {
        #[derive(Serialize, Deserialize, JsonSchema)]
        $($old)*
    };
}

versions!(removed { types!(T: pub struct T { pub a: u32, pub note: String }); } => { types!(T: pub struct T { pub a: u32 }); });
versions!(renamed { types!(T: pub struct T { pub note: String }); } => { types!(T: pub struct T { pub remark: String }); });
versions!(aliased { types!(T: pub struct T { pub note: String, pub size: Option<u8> }); } => {
    types!(T: pub struct T {
        #[serde(alias = "note")]
        pub remark: String,
        #[serde(alias = "size", default)]
        pub length: Option<u8>,
    });
});
versions!(required { types!(T: pub struct T { pub a: u32 }); } => { types!(T: pub struct T { pub a: u32, pub b: u32 }); });
versions!(defaulted { types!(T: pub struct T { pub a: u32 }); } => {
    types!(T: pub struct T { pub a: u32, #[serde(default)] pub b: u32, pub c: Option<u32> });
});
versions!(retyped { types!(T: pub struct T { pub rows: Vec<Row> }); types!(Row: pub struct Row { pub id: String }); } => {
    types!(T: pub struct T { pub rows: Vec<Row> }); types!(Row: pub struct Row { pub id: u64 });
});
versions!(smaller { types!(T: pub struct T { pub n: u64 }); } => { types!(T: pub struct T { pub n: u32 }); });
versions!(shorter { types!(T: pub struct T { #[schemars(length(max = 9))] pub s: String }); } => {
    types!(T: pub struct T { #[schemars(length(max = 8))] pub s: String });
});
versions!(not_null { types!(T: pub struct T { pub a: Option<String> }); } => { types!(T: pub struct T { #[serde(default)] pub a: String }); });
versions!(variant { types!(T: pub enum T { Low, High }); } => { types!(T: pub enum T { Low }); });
versions!(variant_alias { types!(T: pub enum T { Low, High }); } => { types!(T: pub enum T { Low, #[serde(alias = "High")] Top }); });
versions!(tagged {
    types!(T: #[serde(tag = "kind")] pub enum T { Refund { cents: u32 }, Charge { cents: u32 } });
} => {
    types!(T: #[serde(tag = "kind")] pub enum T { Refund { cents: u32, reason: String }, Charge { cents: u32 } });
});
versions!(closed { types!(T: pub struct T { pub a: u32 }); } => {
    types!(T: #[serde(deny_unknown_fields)] pub struct T { pub a: u32 });
});
versions!(recursive { types!(T: pub struct T { pub next: Option<Box<Self>>, pub n: u32 }); } => {
    types!(T: pub struct T { pub next: Option<Box<Self>>, pub n: String });
});
versions!(nullable { types!(T: pub struct T { pub a: String }); } => { types!(T: pub struct T { pub a: Option<String> }); });

#[test]
fn what_an_older_caller_sends_and_nobody_reads_is_found_in_inputs() {
    for (found, expected) in [
        (
            became::<removed::old::T, removed::new::T>(Role::Input),
            &[
                "workflow ship, input: $.note is passed over now, and who sent it meant something by it: keep the field, or make its name an alias of another: #[serde(alias = \"note\")]",
            ][..],
        ),
        (
            became::<renamed::old::T, renamed::new::T>(Role::Input),
            &[
                "workflow ship, input: $.remark has to be there now, and what was written before may lack it: give it a default (#[serde(default)]), or make it an Option",
                "workflow ship, input: $.note is passed over now, and who sent it meant something by it: keep the field, or make its name an alias of another: #[serde(alias = \"note\")]",
            ],
        ),
        (
            became::<required::old::T, required::new::T>(Role::Input),
            &[
                "workflow ship, input: $.b has to be there now, and what was written before may lack it: give it a default (#[serde(default)]), or make it an Option",
            ],
        ),
        (
            became::<retyped::old::T, retyped::new::T>(Role::Input),
            &[
                "workflow ship, input: $.rows[*].id was a string, and is an integer from 0 on now: take both (an untagged enum), or give the new one a name of its own",
            ],
        ),
        (
            became::<smaller::old::T, smaller::new::T>(Role::Input),
            &[
                "workflow ship, input: $.n has format \"uint32\" now, and had \"uint64\": keep taking what was taken before",
            ],
        ),
        (
            became::<shorter::old::T, shorter::new::T>(Role::Input),
            &["workflow ship, input: $.s has maxLength 8 now, and had 9: keep taking what was taken before"],
        ),
        (
            became::<not_null::old::T, not_null::new::T>(Role::Input),
            &["workflow ship, input: $.a refuses null now: keep it an Option"],
        ),
        (
            became::<variant::old::T, variant::new::T>(Role::Input),
            &[
                "workflow ship, input: $ refuses \"High\" now: keep the value, or make it an alias of another: #[serde(alias = …)]",
            ],
        ),
        (
            became::<tagged::old::T, tagged::new::T>(Role::Input),
            &[
                "workflow ship, input: $.reason has to be there now, and what was written before may lack it: give it a default (#[serde(default)]), or make it an Option",
            ],
        ),
        (
            became::<closed::old::T, closed::new::T>(Role::Input),
            &[
                "workflow ship, input: $ refuses fields that it does not know, and passed them over before: take #[serde(deny_unknown_fields)] off again",
            ],
        ),
        (
            became::<recursive::old::T, recursive::new::T>(Role::Input),
            &[
                "workflow ship, input: $.n was an integer from 0 on, and is a string now: take both (an untagged enum), or give the new one a name of its own",
                "workflow ship, input: $.next.n was an integer from 0 on, and is a string now: take both (an untagged enum), or give the new one a name of its own",
            ],
        ),
    ] {
        assert_eq!(found, expected);
    }
}

#[test]
fn what_a_reader_can_take_is_no_finding() {
    let nothing: [String; 0] = [];
    assert_eq!(became::<aliased::old::T, aliased::new::T>(Role::Input), nothing, "an alias reads the old name");
    assert_eq!(
        became::<variant_alias::old::T, variant_alias::new::T>(Role::Input),
        nothing,
        "so does one of a variant"
    );
    assert_eq!(
        became::<defaulted::old::T, defaulted::new::T>(Role::Input),
        nothing,
        "a default and an Option may be missing"
    );
    assert_eq!(became::<smaller::new::T, smaller::old::T>(Role::Input), nothing, "a wider integer takes more");
    assert_eq!(became::<not_null::new::T, not_null::old::T>(Role::Input), nothing, "null is taken beside the rest");
    assert_eq!(became::<variant::new::T, variant::old::T>(Role::Input), nothing, "a new value is for new callers");
    assert_eq!(became::<recursive::old::T, recursive::old::T>(Role::Input), nothing);
    assert_eq!(
        became::<defaulted::old::T, defaulted::new::T>(Role::Result),
        nothing,
        "older readers pass a new field over"
    );
}

#[test]
fn results_are_held_against_both_who_reads_them_and_what_histories_keep() {
    let missing = "has to be there now, and what was written before may lack it: give it a default (#[serde(default)]), or make it an Option";
    for (found, expected) in [
        // A run in flight has the old result in its history.
        (became::<required::old::T, required::new::T>(Role::Result), &[format!("workflow ship, result: $.b {missing}")][..]),
        (
            became::<removed::old::T, removed::new::T>(Role::Result),
            &["workflow ship, result: $.note may be missing now, and older readers want it: always write it, as before".to_owned()],
        ),
        (
            became::<nullable::old::T, nullable::new::T>(Role::Result),
            &["workflow ship, result: $.a may be null now, which older readers refuse: always write a value, as before".to_owned()],
        ),
        (
            became::<variant::new::T, variant::old::T>(Role::Result),
            &["workflow ship, result: $ may be \"High\" now, which older readers refuse: write it once every reader knows it, or in a new field".to_owned()],
        ),
    ] {
        assert_eq!(found, expected);
    }
    // No history keeps the answer to a query.
    assert_eq!(became::<required::old::T, required::new::T>(Role::Answer), [""; 0]);
}

#[test]
fn what_is_gone_as_a_whole_is_found() {
    let schema = json!({ "type": "null" });
    let committed = BTreeMap::from([
        ("workflows/old.json".to_owned(), json!({ "input": schema, "result": schema })),
        ("activities/pay.json".to_owned(), json!({ "input": schema })),
        (
            "workflows/ship.json".to_owned(),
            json!({ "input": schema, "signals": { "stop": { "input": schema } }, "result": Value::Null }),
        ),
    ]);
    let input = Part { name: "input".into(), pointer: "/input".into(), role: Role::Input, wire: WireType::of::<()>() };
    let ship = Described {
        file: "workflows/ship.json".into(),
        name: "workflow ship".into(),
        parts: vec![input],
        version: None,
    };
    let (found, outdated) = findings::find(&committed, &[ship]);
    let lines: Vec<String> = found.iter().map(Finding::line).collect();
    assert_eq!(
        lines,
        [
            "activity pay is gone, and runs in flight wait for it: keep it registered until no open run needs it",
            "workflow old is gone, and runs in flight wait for it: keep it registered until no open run needs it",
            "workflow ship, result has no schema any more, so nobody can tell what breaks: register it with its types, or derive JsonSchema",
            "workflow ship, signals stop is gone from the contract, and callers still send it: keep its handler and its place in the contract's `messages`",
        ]
    );
    assert_eq!(outdated, [""; 0]);
}

#[test]
fn what_the_next_attempt_cannot_read_of_the_one_before_is_found() {
    assert_eq!(
        became::<required::old::T, required::new::T>(Role::Progress),
        [
            "workflow ship, progress: $.b has to be there now, and what was written before may lack it: give it a default (#[serde(default)]), or make it an Option; or raise its VERSION, and let `Progress::from_version` read what older attempts have left"
        ]
    );
    assert!(became::<smaller::old::T, smaller::new::T>(Role::Progress)[0].contains("$.n has format \"uint32\" now"));
    for found in [
        became::<defaulted::old::T, defaulted::new::T>(Role::Progress),
        // What is gone is passed over, and the next attempt is the only reader.
        became::<removed::old::T, removed::new::T>(Role::Progress),
        became::<variant_alias::old::T, variant_alias::new::T>(Role::Progress),
    ] {
        assert_eq!(found, [""; 0]);
    }
}

#[test]
fn progress_of_another_version_is_left_to_its_type_and_that_is_said() {
    let copy = |version: Option<u32>, parts: Vec<Part>| Described {
        file: "activities/copy.json".into(),
        name: "activity copy".into(),
        parts,
        version,
    };
    let progress =
        |wire| Part { name: "progress".into(), pointer: described::PROGRESS.into(), role: Role::Progress, wire };
    let first = copy(Some(1), vec![progress(WireType::of::<required::old::T>())]).document();
    assert_eq!((&first["progress"]["version"], &first["progress"]["fields"]["required"]), (&json!(1), &json!(["a"])));
    let committed = BTreeMap::from([("activities/copy.json".to_owned(), first)]);
    let second = [copy(Some(2), vec![progress(WireType::of::<required::new::T>())])];
    let (found, outdated) = findings::find(&committed, &second);
    assert_eq!((found, outdated), (Vec::new(), vec!["activities/copy.json".to_owned()]));
    assert_eq!(
        findings::other_versions(&committed, &second),
        [
            "the progress of activity copy has version 2 now, and had 1: what attempts have left of that one is up to `Progress::from_version`, which nobody checks; where it gives nothing, they start over"
        ]
    );
    let (gone, _) = findings::find(&committed, &[copy(None, Vec::new())]);
    assert_eq!(
        gone.iter().map(Finding::line).collect::<Vec<_>>(),
        [
            "activity copy, progress has no schema any more, so nobody can tell what an older attempt has left: say it beside the activity: set.activity(…).progress::<P>()"
        ]
    );
}
