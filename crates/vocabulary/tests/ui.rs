//! What the compiler says of a derive that is wrong. `TRYBUILD=overwrite cargo test -p mainspring-vocabulary --test ui`
//! writes the expected texts anew.
//!
//! Only cases that must not compile: one that must would make trybuild build every dependency, where a check is enough.
//! The first run checks them all (about a minute); later ones take a second. The texts are the derive's own but for
//! `std_error`, where rustc speaks.

#[test]
fn a_wrong_derive_says_what_would_be_right() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
