//! What the derive makes of every form of a variant.

use std::time::Duration;

use mainspring_vocabulary::{Classified, Failure, FailureType};

#[derive(Debug, Failure)]
enum Every {
    #[failure(terminal, message = "a unit")]
    Unit,
    #[failure(retryable, message = "{name} is {size:>3}", type_name = "Named", next_delay = "1m 30s")]
    Fields { name: String, size: u32 },
    #[failure(retryable, message = "only the second: {1:?}", benign)]
    Tuple(u32, String),
}

#[derive(Debug, Failure)]
enum Asked {
    #[failure(retryable, message = "busy", next_delay = after)]
    Maybe { after: Option<Duration> },
    #[failure(retryable, message = "busy until {hour}", next_delay = wait)]
    Surely { hour: u8, wait: Duration },
}

#[test]
fn the_next_delay_can_be_what_the_other_side_asked_for() {
    let minute = Duration::from_secs(60);
    assert_eq!(Asked::Maybe { after: Some(minute) }.next_delay(), Some(minute));
    assert_eq!(Asked::Maybe { after: None }.next_delay(), None);
    assert_eq!(Asked::Surely { hour: 3, wait: minute }.next_delay(), Some(minute));
}

#[derive(Debug, Failure)]
#[failure(retryable, message = "one kind alone", type_name = "Alone")]
struct One;

#[test]
fn each_kind_has_a_constant_by_which_its_type_is_named() {
    let of = |kind: FailureType| (kind.name(), kind.retryable());
    assert_eq!([Every::UNIT, Every::FIELDS, Every::TUPLE].map(of), [("Unit", false), ("Named", true), ("Tuple", true)]);
    assert_eq!((of(One::TYPE), One::TYPE.to_string()), (("Alone", true), "Alone".to_owned()));
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
    assert_eq!((Every::TYPE_NAMES, Every::NON_RETRYABLE), (&["Unit", "Named", "Tuple"][..], &["Unit"][..]));
}

/// Names that could clash with those of the derive's output, and every kind of source.
#[deny(warnings)]
mod odd {
    use mainspring_vocabulary::{Classified, Failure};

    // Nothing here uses them: the derive must not either.
    #[expect(dead_code)]
    type Option = ();
    #[expect(dead_code)]
    type Result = ();

    #[derive(Failure)]
    enum Odd {
        #[failure(retryable, message = "{{{1}}} and {1:>5}")]
        Braces(u8, u8),
        #[failure(retryable, message = "{f} {self_} {type:?}")]
        Named { f: u8, self_: u8, r#type: u8 },
        #[failure(terminal)]
        #[failure(message = "{source}")]
        Boxed {
            #[source]
            source: Box<dyn std::error::Error + Send + Sync>,
        },
        #[failure(terminal, message = "with {0}")]
        Anyhow(#[source] anyhow::Error),
    }

    #[derive(Failure)]
    #[failure(terminal, message = "nothing more to say")]
    struct Nothing;

    #[test]
    fn a_derive_keeps_out_of_the_way_of_its_surroundings() {
        let named = Odd::Named { f: 1, self_: 2, r#type: 3 };
        assert_eq!([Odd::Braces(1, 2).to_string(), named.to_string()], ["{2} and     2", "1 2 3"]);
        let of = |odd: Odd| (odd.to_string(), odd.cause().map(ToString::to_string));
        let disk = || std::io::Error::other("disk full");
        assert_eq!(of(Odd::Boxed { source: disk().into() }), ("disk full".into(), Some("disk full".into())));
        assert_eq!(of(Odd::Anyhow(disk().into())), ("with disk full".into(), Some("disk full".into())));
        assert_eq!((Nothing.to_string(), Nothing.type_name()), ("nothing more to say".into(), "Nothing"));
    }

    #[test]
    fn a_question_mark_keeps_the_class() {
        fn activity() -> std::result::Result<(), temporalio_common::ActivityError> {
            Err(Nothing)?
        }
        fn workflow() -> temporalio_workflow::WorkflowResult<()> {
            Err(Nothing)?
        }
        let Err(temporalio_common::ActivityError::Application(failure)) = activity() else { panic!("another error") };
        assert_eq!(failure.type_name(), Some("Nothing"));
        let Err(temporalio_workflow::WorkflowTermination::Failed(failure)) = workflow() else { panic!("it went on") };
        assert_eq!(failure.to_string(), "nothing more to say");
    }
}
