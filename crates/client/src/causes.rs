//! An error with its causes as one sentence, for an operator to read.

use std::error::Error;

/// The error's message and those of its causes, the outermost first, joined by colons.
///
/// Many messages repeat the one below them: a cause whose text is already there is left out.
///
/// ```
/// let cause = std::io::Error::other("disk full");
/// assert_eq!(mainspring_client::with_causes(&cause), "disk full");
/// ```
pub fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let said = cause.to_string();
        if !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::fmt;

    use super::*;

    #[derive(Debug)]
    struct Link(&'static str, Option<Box<Self>>);

    impl fmt::Display for Link {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl Error for Link {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            self.1.as_ref().map(|cause| &**cause as &(dyn Error + 'static))
        }
    }

    fn chain(texts: &[&'static str]) -> Link {
        let (first, rest) = texts.split_first().unwrap();
        Link(first, (!rest.is_empty()).then(|| Box::new(chain(rest))))
    }

    #[test]
    fn causes_follow_in_their_order() {
        assert_eq!(with_causes(&chain(&["alone"])), "alone");
        assert_eq!(with_causes(&chain(&["no start", "no answer", "refused"])), "no start: no answer: refused");
    }

    #[test]
    fn a_cause_that_was_said_already_is_not_said_again() {
        let repeating = chain(&["no start: no answer", "no answer", "refused", "no start"]);
        assert_eq!(with_causes(&repeating), "no start: no answer: refused");
    }

    #[test]
    fn a_cause_without_words_adds_nothing() {
        assert_eq!(with_causes(&chain(&["no start", "", "refused"])), "no start: refused");
    }
}
