//! `latitude key`: makes a key; seals everything anew after a rotation; gives up what a lost key sealed.

use std::process::ExitCode;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use clap::Args;

use super::cli::WithConfig;
use super::say::say;
use crate::domain::ids::ConnectionId;
use crate::env::Env;
use crate::store::tx::Tx;
use crate::store::{self, Store};
use crate::sync::vault::place;

/// Make a key for `secrets.key`, or seal everything anew with the newest one.
#[derive(Debug, Args)]
pub struct Key {
    #[command(flatten)]
    at: WithConfig,
    /// Seal what older keys sealed with the newest one, so that they can be taken away
    #[arg(long)]
    reseal: bool,
    /// Give up the saved sign-ins that no key opens any more, so that `latitude connect` can make new ones
    #[arg(long, conflicts_with = "reseal")]
    lost: bool,
}

impl Key {
    /// Runs it.
    ///
    /// # Errors
    /// What the configuration or the database refuses.
    pub async fn run(self, env: Env) -> anyhow::Result<ExitCode> {
        if self.lost {
            return self.lost(&env).await;
        }
        if !self.reseal {
            say!("{}", BASE64_STANDARD.encode(env.bytes::<32>()));
            return Ok(ExitCode::SUCCESS);
        }
        let store = self.at.read()?.store_that_is_there(&env).await?;
        let sealed = reseal(&store).await?;
        say!("{sealed} sign-ins were sealed anew; secrets.older_keys may be emptied now.");
        store.close().await;
        Ok(ExitCode::SUCCESS)
    }

    async fn lost(&self, env: &Env) -> anyhow::Result<ExitCode> {
        let config = self.at.read()?;
        config.must_be_there()?;
        let store = config.store_as_it_is(env).await?;
        let given_up = give_up(&store).await?;
        match given_up.as_slice() {
            [] => say!("Every saved sign-in opens: nothing was given up."),
            names => say!(
                "Given up: the sign-ins of {}. Sign in again: `latitude connect --connection NAME`.",
                names.join(", ")
            ),
        }
        store.close().await;
        Ok(ExitCode::SUCCESS)
    }
}

/// Every saved sign-in: whose it is, sealed, and its version.
async fn saved(tx: &mut Tx) -> store::Result<Vec<(ConnectionId, Vec<u8>, i64)>> {
    let mut saved = Vec::new();
    for connection in tx.connections().await? {
        let id = ConnectionId::from(connection.id);
        if let Some(row) = tx.tokens(&id).await?
            && let Some(sealed) = row.tokens
        {
            saved.push((id, sealed, row.token_version));
        }
    }
    Ok(saved)
}

/// Seals every saved sign-in that an older key sealed with the newest one; safe while others work.
/// Returns how many there were.
///
/// # Errors
/// When one does not open with any key, or the database refuses.
pub async fn reseal(store: &Store) -> anyhow::Result<u64> {
    let mut tx = store.write_unhurried().await?;
    let mut count = 0;
    for (id, sealed, version) in saved(&mut tx).await? {
        if !store.seal().is_old(&sealed) {
            continue;
        }
        let plain = store.seal().open(&place(&id), &sealed).map_err(|error| {
            anyhow::anyhow!(
                "the saved sign-in of connection {id} does not open: {error}; \
                 add its key to secrets.older_keys, or sign in again with `latitude connect`"
            )
        })?;
        let fresh = store.seal().close(&place(&id), &plain);
        // Saved anew meanwhile: then with the newest key already.
        tx.reseal_tokens(&id, &fresh, version).await?;
        count += 1;
    }
    tx.commit().await?;
    Ok(count)
}

/// Gives up every saved sign-in that no key opens; nothing else is sealed. Returns whose they were.
///
/// # Errors
/// The database's.
pub async fn give_up(store: &Store) -> anyhow::Result<Vec<String>> {
    let mut tx = store.write().await?;
    let mut given_up = Vec::new();
    for (id, sealed, version) in saved(&mut tx).await? {
        if store.seal().open(&place(&id), &sealed).is_err() {
            tx.forget_tokens(&id, version).await?;
            given_up.push(id.as_str().to_owned());
        }
    }
    tx.commit().await?;
    Ok(given_up)
}
