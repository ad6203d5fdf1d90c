//! The ids of the activity or workflow that runs, as fields. They are the same in its every line, so a thread keeps the
//! last ones: most lines find theirs there.

use std::sync::{Arc, Weak};

use mainspring_context::{Activity, Scope, Workflow};

use crate::fields::Fields;

/// The ids of the scope that was asked for last.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    last: Option<Last>,
    fields: Fields,
}

/// It keeps the place of what it knows, so that no other comes there, and nothing of what is in it.
#[derive(Debug)]
struct Last {
    of: Of,
    limit: usize,
}

#[derive(Debug)]
enum Of {
    Activity(Weak<Activity>),
    Workflow(Weak<Workflow>),
}

impl Of {
    fn new(scope: &Scope) -> Option<Self> {
        let activity = scope.as_activity().map(|activity| Self::Activity(Arc::downgrade(activity)));
        activity.or_else(|| scope.as_workflow().map(|workflow| Self::Workflow(Arc::downgrade(workflow))))
    }

    fn is(&self, scope: &Scope) -> bool {
        match self {
            Self::Activity(last) => scope.as_activity().is_some_and(|now| Arc::as_ptr(now) == last.as_ptr()),
            Self::Workflow(last) => scope.as_workflow().is_some_and(|now| Arc::as_ptr(now) == last.as_ptr()),
        }
    }
}

impl Ids {
    /// Those of the scope, none longer than `limit` bytes.
    pub(crate) fn of(&mut self, scope: &Scope, limit: usize) -> &Fields {
        if !self.last.as_ref().is_some_and(|last| last.limit == limit && last.of.is(scope)) {
            self.fields.clear();
            self.fields.put_scope(scope, limit);
            self.last = Of::new(scope).map(|of| Last { of, limit });
        }
        &self.fields
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::Known;

    fn run(ids: &mut Ids, scope: &Scope, limit: usize) -> Option<String> {
        ids.of(scope, limit).get(Known::WorkflowRunId).map(|run| run.text.to_owned())
    }

    #[test]
    fn each_scope_has_its_own_whatever_was_there_before() {
        let mut ids = Ids::default();
        let workflow = |run: &str| Workflow { workflow_run_id: run.to_owned(), ..Workflow::default() };
        for turn in 0..1000 {
            // Each is gone before the next, which the allocator would put into its place.
            let name = format!("run-{turn}");
            let scope = Scope::workflow(workflow(&name), false);
            assert_eq!(run(&mut ids, &scope, 100).as_deref(), Some(name.as_str()));
            let name = format!("activity-{turn}");
            let scope = Scope::activity(Activity { workflow_run_id: Some(name.clone()), ..Activity::default() });
            assert_eq!(run(&mut ids, &scope, 100).as_deref(), Some(name.as_str()));
            assert_eq!(run(&mut ids, &scope, 4).as_deref(), Some("acti"), "another limit, another cut");
        }
    }

    #[test]
    fn what_is_kept_does_not_keep_an_activity() {
        let mut ids = Ids::default();
        let activity = Arc::new(Activity::default());
        ids.of(&Scope::activity(Arc::clone(&activity)), 100);
        assert_eq!(Arc::strong_count(&activity), 1);
    }
}
