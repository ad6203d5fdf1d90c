//! What the derive makes of every form of a variant.

use std::time::Duration;

use mainspring_vocabulary::{Classified, Failure};

#[derive(Debug, Failure)]
enum Every {
    #[failure(terminal, message = "a unit")]
    Unit,
    #[failure(retryable, message = "{name} is {size:>3}", type_name = "Named", next_delay = "1m 30s")]
    Fields { name: String, size: u32 },
    #[failure(retryable, message = "only the second: {1:?}", benign)]
    Tuple(u32, String),
}

#[test]
fn each_variant_says_its_words_and_its_class() {
    let fields = Every::Fields { name: "x".into(), size: 7 };
    let tuple = Every::Tuple(1, "two".into());
    assert_eq!(
        [Every::Unit.to_string(), fields.to_string(), tuple.to_string()],
        ["a unit", "x is   7", "only the second: \"two\""]
    );
    assert_eq!([Every::Unit.type_name(), fields.type_name(), tuple.type_name()], ["Unit", "Named", "Tuple"]);
    assert_eq!([Every::Unit.retryable(), fields.retryable(), tuple.retryable()], [false, true, true]);
    assert_eq!((fields.next_delay(), tuple.next_delay()), (Some(Duration::from_secs(90)), None));
    assert_eq!((tuple.benign(), fields.benign()), (true, false));
    assert_eq!((Every::TYPE_NAMES, Every::TERMINAL), (&["Unit", "Named", "Tuple"][..], &["Unit"][..]));
}
