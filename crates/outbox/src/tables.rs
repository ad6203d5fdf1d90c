//! The statements, over tables of a name. One text serves both databases: both take `$1`, `ON CONFLICT` and `RETURNING`.
//!
//! Times are milliseconds since 1970 by the database's own clock, so that relays on machines whose clocks differ agree.

use crate::OutboxError;

/// A prefix of tables' names that is safe inside a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tables(String);

/// What differs between the databases. Not for use by hand.
#[derive(Clone, Copy, Debug)]
pub struct Words {
    /// Milliseconds since 1970.
    pub(crate) now: &'static str,
    /// Behind a `SELECT` of rows that are to be taken.
    pub(crate) skip_locked: &'static str,
    /// Keeps two processes from making the tables at once.
    pub(crate) alone: Option<&'static str>,
}

impl Tables {
    pub(crate) fn new(name: &str) -> Result<Self, OutboxError> {
        let plain = |part: &str| {
            (1..=40).contains(&part.len())
                && part.starts_with(|first: char| first.is_ascii_lowercase())
                && part.chars().all(|one| one.is_ascii_lowercase() || one.is_ascii_digit() || one == '_')
        };
        let parts: Vec<&str> = name.split('.').collect();
        if parts.len() <= 2 && parts.iter().all(|part| plain(part)) {
            Ok(Self(name.to_owned()))
        } else {
            Err(OutboxError::BadName { name: name.to_owned() })
        }
    }

    /// A name of our own.
    pub(crate) fn of_default(name: &'static str) -> Self {
        Self(name.to_owned())
    }

    pub(crate) fn name(&self) -> &str {
        &self.0
    }

    /// Each may be run again and again.
    pub(crate) fn schema(&self) -> Vec<String> {
        let (name, bare) = (&self.0, self.0.rsplit('.').next().unwrap_or_default());
        vec![
            format!(
                "CREATE TABLE IF NOT EXISTS {name}_effects (
    key TEXT NOT NULL,
    effect TEXT NOT NULL,
    result TEXT NOT NULL,
    done_at BIGINT NOT NULL,
    PRIMARY KEY (key, effect)
)"
            ),
            format!(
                "CREATE TABLE IF NOT EXISTS {name}_starts (
    id TEXT NOT NULL PRIMARY KEY,
    workflow_type TEXT NOT NULL,
    workflow_id TEXT NOT NULL,
    task_queue TEXT NOT NULL,
    input TEXT NOT NULL,
    written_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL DEFAULT 0,
    last_error TEXT,
    set_aside_at BIGINT
)"
            ),
            format!(
                "CREATE INDEX IF NOT EXISTS {bare}_starts_due ON {name}_starts (due_at) WHERE set_aside_at IS NULL"
            ),
        ]
    }

    /// $1 key, $2 effect. No row: another has it.
    pub(crate) fn take_key(&self, words: Words) -> String {
        let (name, now) = (&self.0, words.now);
        format!(
            "INSERT INTO {name}_effects (key, effect, result, done_at) VALUES ($1, $2, '', {now}) ON CONFLICT DO NOTHING"
        )
    }

    /// $1 key, $2 effect, $3 result.
    pub(crate) fn keep_result(&self) -> String {
        format!("UPDATE {}_effects SET result = $3 WHERE key = $1 AND effect = $2", self.0)
    }

    /// $1 key, $2 effect.
    pub(crate) fn result(&self) -> String {
        format!("SELECT result FROM {}_effects WHERE key = $1 AND effect = $2", self.0)
    }

    /// $1 milliseconds.
    pub(crate) fn forget(&self, words: Words) -> String {
        format!("DELETE FROM {}_effects WHERE done_at < {} - $1", self.0, words.now)
    }

    /// $1 id, $2 workflow type, $3 workflow id, $4 task queue, $5 input.
    pub(crate) fn write(&self, words: Words) -> String {
        let (name, now) = (&self.0, words.now);
        format!(
            "INSERT INTO {name}_starts (id, workflow_type, workflow_id, task_queue, input, written_at, due_at) \
             VALUES ($1, $2, $3, $4, $5, {now}, {now})"
        )
    }

    /// $1 lease in milliseconds, $2 how many at most.
    pub(crate) fn claim(&self, words: Words) -> String {
        let (name, now, skip) = (&self.0, words.now, words.skip_locked);
        format!(
            "WITH due AS MATERIALIZED (SELECT id FROM {name}_starts WHERE set_aside_at IS NULL AND due_at <= {now} \
             ORDER BY due_at LIMIT $2 {skip}) \
             UPDATE {name}_starts SET due_at = {now} + $1 WHERE id IN (SELECT id FROM due) \
             RETURNING id, workflow_type, workflow_id, task_queue, input, attempts, last_error"
        )
    }

    /// $1 id.
    pub(crate) fn remove(&self) -> String {
        format!("DELETE FROM {}_starts WHERE id = $1", self.0)
    }

    /// $1 id, $2 milliseconds until the next attempt, $3 one if this attempt counts, $4 why it failed.
    pub(crate) fn put_off(&self, words: Words) -> String {
        format!(
            "UPDATE {}_starts SET due_at = {} + $2, attempts = attempts + $3, last_error = $4 WHERE id = $1",
            self.0, words.now
        )
    }

    /// $1 id, $2 why.
    pub(crate) fn set_aside(&self, words: Words) -> String {
        format!(
            "UPDATE {}_starts SET set_aside_at = {}, attempts = attempts + 1, last_error = $2 WHERE id = $1",
            self.0, words.now
        )
    }

    /// $1 id.
    pub(crate) fn try_again(&self, words: Words) -> String {
        format!(
            "UPDATE {}_starts SET set_aside_at = NULL, attempts = 0, due_at = {} WHERE id = $1 AND set_aside_at IS NOT NULL",
            self.0, words.now
        )
    }

    /// $1 id.
    pub(crate) fn discard(&self) -> String {
        format!("DELETE FROM {}_starts WHERE id = $1 AND set_aside_at IS NOT NULL", self.0)
    }

    /// $1 how many at most.
    pub(crate) fn list_set_aside(&self) -> String {
        format!(
            "SELECT id, workflow_type, workflow_id, task_queue, input, attempts, last_error FROM {}_starts \
             WHERE set_aside_at IS NOT NULL ORDER BY set_aside_at LIMIT $1",
            self.0
        )
    }

    /// Waiting ones, the oldest's age in milliseconds, those set aside.
    pub(crate) fn backlog(&self, words: Words) -> String {
        let (name, now) = (&self.0, words.now);
        format!(
            "SELECT COUNT(*) - COUNT(set_aside_at), \
             COALESCE({now} - MIN(CASE WHEN set_aside_at IS NULL THEN written_at END), 0), COUNT(set_aside_at) \
             FROM {name}_starts"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_no_plain_name_never_reaches_a_statement() {
        for name in ["mainspring", "billing.outbox", "a1_b"] {
            assert_eq!(Tables::new(name).unwrap().name(), name);
        }
        let long = "a".repeat(41);
        for name in ["", "Upper", "1a", "a;drop table b", "a.b.c", "a.", "a\"b", "ä", &long] {
            let error = Tables::new(name).unwrap_err().to_string();
            assert!(error.contains("is no name for the outbox's tables: take 1 to 40 of a-z"), "{error}");
        }
    }
}
