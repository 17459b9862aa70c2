//! A database that was gone or full is in the ledger afterwards: while it lasted nothing could be
//! written there.

use super::MOVES;
use super::worker::Engine;
use crate::store;
use crate::store::ledger::Entry;

impl Engine {
    /// Takes note of how a unit of work ended as far as the database goes, and writes down a
    /// trouble that is over.
    pub(super) async fn mind_the_database<T>(&self, done: &store::Result<T>) -> store::Result<()> {
        let now = self.env.now();
        if let Err(error) = done {
            self.store.noticed(error, now);
            return Ok(());
        }
        if self.store.trouble().await.is_some() {
            return Ok(());
        }
        let Some(over) = self.store.trouble_over() else {
            return Ok(());
        };
        let lasted = (now - over.since).num_seconds();
        let message = format!(
            "the database {} for {lasted} s from {} on: {}",
            over.kind.word(),
            over.since.format("%Y-%m-%d %H:%M:%S"),
            over.told
        );
        tracing::info!(lasted, "the database takes writes again");
        let entries: Vec<Entry> = self
            .connections()
            .map(|(id, _)| Entry {
                connection: id.as_str().to_owned(),
                at: now,
                step: MOVES.join(" "),
                deal: None,
                attempt: 0,
                outcome: "later".to_owned(),
                code: Some("database".to_owned()),
                message: Some(message.clone()),
                version: None,
                mark: None,
            })
            .collect();
        let mut tx = self.store.write().await?;
        tx.note(&entries).await?;
        tx.commit().await
    }
}
