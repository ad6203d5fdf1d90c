//! Effects that happen once.

use std::fmt::Display;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::store::Value;
use crate::{Outbox, OutboxError, Store};

impl<DB: Store> Outbox<DB> {
    /// Does `body` in a transaction with its key. Whoever comes again with this key and this effect's name gets the result
    /// of the first that committed, and whoever comes meanwhile waits for it. An error rolls everything back, and
    /// takes no key.
    ///
    /// The key is an activity's `idempotency_key`, say; the name tells several effects of one activity apart.
    /// The result is kept as JSON, so keep it small.
    ///
    /// # Errors
    /// What `body` said, and [`OutboxError`]. If the answer to the commit got lost, the effect may have been done: ask again.
    pub async fn once<T, E, F>(&self, key: impl Display, effect: &str, body: F) -> Result<T, E>
    where
        T: Serialize + DeserializeOwned,
        E: From<OutboxError>,
        F: AsyncFnOnce(&mut DB::Connection) -> Result<T, E>,
    {
        const WHAT: &str = "do an effect";
        let key = key.to_string();
        let mut transaction = self.pool.begin().await.map_err(|error| self.failed(WHAT, error))?;
        let names = [Value::Text(&key), Value::Text(effect)];
        let taken = DB::execute(&mut transaction, &self.tables.take_key(DB::WORDS), &names).await;
        if taken.map_err(|error| self.failed(WHAT, error))? == 0 {
            let kept = DB::text(&mut transaction, &self.tables.result(), &names).await;
            let kept = kept.map_err(|error| self.failed(WHAT, error))?.unwrap_or_default();
            return serde_json::from_str(&kept).map_err(|source| unreadable("the kept", effect, source).into());
        }
        let result = body(&mut transaction).await?;
        let text = serde_json::to_string(&result).map_err(|source| unreadable("the", effect, source))?;
        let values = [Value::Text(&key), Value::Text(effect), Value::Text(&text)];
        let kept = DB::execute(&mut transaction, &self.tables.keep_result(), &values).await;
        kept.map_err(|error| self.failed(WHAT, error))?;
        transaction.commit().await.map_err(|error| self.failed(WHAT, error))?;
        Ok(result)
    }
}

fn unreadable(which: &str, effect: &str, source: serde_json::Error) -> OutboxError {
    OutboxError::Json { what: format!("{which} result of effect {effect}"), source }
}
