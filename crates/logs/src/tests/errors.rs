//! Errors and their causes.

use std::error::Error;
use std::fmt;
use std::io;

use super::{json, logged, parsed};
use crate::form::Form;

#[derive(Debug)]
struct Failed(&'static str, Option<Box<dyn Error + 'static>>);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Error for Failed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.1.as_deref()
    }
}

fn export() -> Failed {
    let cause = Failed("the bucket is gone", Some(Box::new(io::Error::other("404 \"NoSuchBucket\""))));
    Failed("the export failed", Some(Box::new(cause)))
}

#[test]
fn an_error_becomes_its_chain() {
    let error = export();
    insta::assert_snapshot!(json(|| tracing::error!(error = &error as &dyn Error, part = 3, "gave up")));
}

#[test]
fn an_error_given_as_text_is_a_text() {
    let error = export();
    insta::assert_snapshot!(json(|| tracing::error!(error = %error, "gave up")));
}

#[test]
fn an_error_for_people_is_one_sentence() {
    let error = export();
    let (text, _) = logged(Form::Text { colour: false }, 4096, "info", || {
        tracing::error!(error = &error as &dyn Error, "gave up");
    });
    insta::assert_snapshot!(text);
}

#[test]
fn a_chain_in_circles_ends() {
    #[derive(Debug)]
    struct Circle;
    impl fmt::Display for Circle {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("round")
        }
    }
    impl Error for Circle {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&Self)
        }
    }
    let (text, _) = logged(Form::Json, 4096, "info", || tracing::error!(error = &Circle as &dyn Error, "gave up"));
    assert_eq!(parsed(&text)[0]["error"].as_array().unwrap().len(), 33);
}

#[test]
fn an_inner_error_takes_the_place_of_an_outer_one_with_its_causes() {
    let (outer, inner) = (export(), Failed("another", None));
    let text = json(|| {
        let _span = tracing::info_span!("copy", error = &outer as &dyn Error, rows = 1).entered();
        tracing::error!(error = &inner as &dyn Error, "gave up");
    });
    insta::assert_snapshot!(text);
}
