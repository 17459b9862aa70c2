//! Tokens in the database: sealed, saved before use, replaced by one process at a time.

use async_trait::async_trait;
use chrono::TimeDelta;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::domain::Time;
use crate::domain::ids::ConnectionId;
use crate::env::Env;
use crate::http::fault::{Cause, Fault};
use crate::http::token::{Tokens, Vault};
use crate::store::sealed::SealError;
use crate::store::{self, Store};

/// How long a process may take to replace tokens before another may try.
const CLAIM: TimeDelta = TimeDelta::seconds(30);

/// The tokens of one connection.
pub struct StoreVault {
    store: Store,
    env: Env,
    id: ConnectionId,
}

#[derive(Serialize, Deserialize)]
struct Plain {
    access: String,
    refresh: Option<String>,
    expires_at: Option<Time>,
    base: Option<url::Url>,
    #[serde(default)]
    granted: Option<Vec<String>>,
}

impl StoreVault {
    /// The vault of one connection.
    pub fn new(store: Store, env: Env, id: ConnectionId) -> Self {
        Self { store, env, id }
    }

    fn place(&self) -> String {
        place(&self.id)
    }

    fn open(&self, sealed: &[u8], version: i64) -> Result<Tokens, Fault> {
        let plain = self
            .store
            .seal()
            .open(&self.place(), sealed)
            .map_err(unsealable)?;
        let plain: Plain = serde_json::from_slice(&plain)
            .map_err(|error| Fault::Setup(Cause::told("sealed", error.to_string())))?;
        Ok(Tokens {
            access: plain.access.into(),
            refresh: plain.refresh.map(SecretString::from),
            expires_at: plain.expires_at,
            base: plain.base,
            granted: plain.granted,
            version,
        })
    }
}

/// What binds a connection's sealed tokens to their place.
pub fn place(id: &ConnectionId) -> String {
    format!("{id}/tokens")
}

fn unsealable(error: SealError) -> Fault {
    Fault::Setup(Cause::told(
        "sealed",
        format!("the saved sign-in does not open: {error}"),
    ))
}

/// A database that does not answer is a reason to come back, not to sign in again.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that map_err calls"
)]
pub(super) fn unanswered(error: store::Error) -> Fault {
    Fault::Later {
        at: None,
        cause: Cause::told("database", error.to_string()),
    }
}

#[async_trait]
impl Vault for StoreVault {
    async fn load(&self) -> Result<Option<Tokens>, Fault> {
        let mut tx = self.store.read().await.map_err(unanswered)?;
        let row = tx.tokens(&self.id).await.map_err(unanswered)?;
        match row {
            Some(row) => row
                .tokens
                .map(|sealed| self.open(&sealed, row.token_version))
                .transpose(),
            None => Ok(None),
        }
    }

    async fn claim(&self, version: i64) -> Result<bool, Fault> {
        let now = self.env.now();
        let mut tx = self.store.write().await.map_err(unanswered)?;
        let claimed = tx
            .claim_tokens(&self.id, version, now, now + CLAIM)
            .await
            .map_err(unanswered)?;
        tx.commit().await.map_err(unanswered)?;
        Ok(claimed)
    }

    async fn save(&self, tokens: Tokens) -> Result<Option<Tokens>, Fault> {
        let plain = Plain {
            access: tokens.access.expose_secret().to_owned(),
            refresh: tokens
                .refresh
                .as_ref()
                .map(|it| it.expose_secret().to_owned()),
            expires_at: tokens.expires_at,
            base: tokens.base.clone(),
            granted: tokens.granted.clone(),
        };
        let plain = serde_json::to_vec(&plain)
            .unwrap_or_else(|error| unreachable!("tokens are plain data: {error}"));
        let sealed = self.store.seal().close(&self.place(), &plain);
        let mut tx = self.store.write().await.map_err(unanswered)?;
        let version = tx
            .save_tokens(&self.id, &sealed, tokens.version)
            .await
            .map_err(unanswered)?;
        tx.commit().await.map_err(unanswered)?;
        Ok(version.map(|version| Tokens { version, ..tokens }))
    }

    async fn release(&self, version: i64) -> Result<(), Fault> {
        let mut tx = self.store.write().await.map_err(unanswered)?;
        tx.release_tokens(&self.id, version)
            .await
            .map_err(unanswered)?;
        tx.commit().await.map_err(unanswered)
    }
}
