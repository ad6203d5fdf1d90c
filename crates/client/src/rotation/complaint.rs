//! Says once that something is wrong, and again only when it is wrong in another way or came right in between.

use parking_lot::Mutex;

/// What was complained of last.
#[derive(Debug, Default)]
pub(crate) struct Complaint(Mutex<Option<String>>);

impl Complaint {
    /// True if this was not said already.
    pub(crate) fn is_new(&self, reason: &str) -> bool {
        let mut last = self.0.lock();
        let is_new = last.as_deref() != Some(reason);
        if is_new {
            *last = Some(reason.to_owned());
        }
        is_new
    }

    /// All is well again.
    pub(crate) fn settle(&self) {
        *self.0.lock() = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_a_thing_once_until_it_changes_or_is_settled() {
        let complaint = Complaint::default();
        let said: Vec<bool> = ["a", "a", "b", "b"].map(|reason| complaint.is_new(reason)).to_vec();
        assert_eq!(said, [true, false, true, false]);
        complaint.settle();
        assert!(complaint.is_new("b"));
    }
}
