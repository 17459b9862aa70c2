//! `latitude erase`, and the copy of what is kept about one person: it belongs to those it is about.

use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use serde_json::Value;

use super::cli::WithConfig;
use super::say::say;
use crate::domain::Time;
use crate::domain::ids::ConnectionId;
use crate::env::Env;
use crate::store::Store;
use crate::sync::rights;

/// Forget one person: what they wrote, owned and did.
#[derive(Debug, Args)]
pub struct Erase {
    #[command(flatten)]
    at: WithConfig,
    /// An e-mail address, or CONNECTION:ID
    #[arg(long, value_name = "WHO")]
    person: String,
    /// Do it; without this, only show who would be forgotten
    #[arg(long)]
    yes: bool,
}

impl Erase {
    /// Forgets them.
    ///
    /// # Errors
    /// What the configuration or the database refuses; a person nobody knows.
    pub async fn run(self, env: Env) -> anyhow::Result<ExitCode> {
        let store = self.at.read()?.store_that_is_there(&env).await?;
        for (connection, id) in &find(&store, &self.person).await? {
            if self.yes {
                rights::erase(&store, connection, id, env.now()).await?;
            }
            let done = if self.yes {
                "forgotten"
            } else {
                "would be forgotten"
            };
            say!("{connection}: person {id} {done}");
        }
        if self.yes {
            say!(
                "What stands in the CRM, and in backups made before, is not touched: docs/operations.md."
            );
        } else {
            say!("Nothing was changed. Add --yes to do it.");
        }
        store.close().await;
        Ok(ExitCode::SUCCESS)
    }
}

/// What is kept about a person, as `/mine.json` gives it to them.
///
/// # Errors
/// The database's; a person nobody knows.
pub async fn about(store: &Store, person: &str, now: Time) -> anyhow::Result<Value> {
    let found = find(store, person).await?;
    let whom: Vec<(&ConnectionId, &str)> = found
        .iter()
        .map(|(connection, id)| (connection, id.as_str()))
        .collect();
    let mut tx = store.snapshot().await?;
    Ok(rights::about(&mut tx, &whom, now).await?)
}

async fn find(store: &Store, person: &str) -> anyhow::Result<Vec<(ConnectionId, String)>> {
    let mut tx = store.read().await?;
    let found: Vec<(ConnectionId, String)> = match person.split_once(':') {
        Some((connection, id)) => {
            let connection = ConnectionId::from(connection);
            let people = tx.people(&connection).await?.into_iter();
            let known = people.filter(|it| it.id.as_str() == id);
            known
                .map(|it| (connection.clone(), it.id.as_str().to_owned()))
                .collect()
        }
        None => tx.everyone_at(person).await?,
    };
    if found.is_empty() {
        bail!(
            "--person {person}: nobody is known by that; write an e-mail address or CONNECTION:ID"
        );
    }
    Ok(found)
}
