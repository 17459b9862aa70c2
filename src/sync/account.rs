//! What the ledger says about each connection, and another try: for the command and the page.

use serde::Serialize;

use super::{MOVES, RECONCILE};
use crate::domain::Time;
use crate::domain::ids::ConnectionId;
use crate::store::ledger::{Entry, Run};
use crate::store::watch::Standing;
use crate::store::writes::PARKED_SHOWN;
use crate::store::{self, Store};

/// Runs shown of a connection.
const RUNS: i64 = 5;

/// What the ledger says about one connection.
#[derive(Debug, Serialize)]
pub struct Account {
    /// How it is doing.
    #[serde(flatten)]
    pub standing: Standing,
    /// Deals given up on, with the CRM's reason: the first of them, `standing` counts them all.
    pub parked_deals: Vec<Parked>,
    /// Its last runs, newest first.
    pub runs: Vec<Run>,
    /// Its last entries, newest first.
    pub entries: Vec<Entry>,
}

impl Account {
    /// Whether more deals were given up on than are listed.
    pub fn shows_some_parked(&self) -> bool {
        let listed = i64::try_from(self.parked_deals.len()).unwrap_or(i64::MAX);
        listed >= PARKED_SHOWN && self.standing.parked > listed
    }
}

/// A deal given up on until it, its set-up or someone changes something.
#[derive(Debug, Serialize)]
pub struct Parked {
    /// The CRM's id.
    pub deal: String,
    /// The CRM's reason.
    pub reason: String,
}

/// What the ledger says: of one connection or all, of one deal or all.
///
/// # Errors
/// The database's.
pub async fn accounts(
    store: &Store,
    only: Option<&str>,
    deal: Option<&str>,
    last: i64,
) -> store::Result<Vec<Account>> {
    let mut tx = store.read().await?;
    let mut accounts = Vec::new();
    let mut standings = tx.standings().await?;
    tx.count_open_deals(&mut standings).await?;
    for standing in standings {
        if only.is_some_and(|only| only != standing.connection) {
            continue;
        }
        let id = ConnectionId::from(standing.connection.as_str());
        let parked = tx.parked(&id, deal).await?.into_iter();
        accounts.push(Account {
            standing,
            parked_deals: parked
                .map(|(deal, reason)| Parked { deal, reason })
                .collect(),
            runs: tx.runs(&id, RUNS).await?,
            entries: tx.ledger(&id, deal, last).await?,
        });
    }
    Ok(accounts)
}

/// Makes everything of a connection due now, parked deals included; notes that in the ledger.
/// Returns how many deals were parked.
///
/// # Errors
/// The database's.
pub async fn retry(store: &Store, id: &ConnectionId, now: Time) -> store::Result<u64> {
    let mut tx = store.write().await?;
    // What the database refused is read again by a walk over everything.
    let unread = u64::try_from(tx.deals_set_aside(id).await?).unwrap_or_default();
    let parked = tx.unpark(id, now).await? + unread;
    tx.forget_setup(id).await?;
    let again = |it: &&str| unread > 0 || *it != RECONCILE;
    for step in MOVES.into_iter().filter(again) {
        tx.hasten_anyway(id, step, now).await?;
    }
    tx.note(&[Entry {
        connection: id.as_str().to_owned(),
        at: now,
        step: "retry".to_owned(),
        deal: None,
        attempt: 0,
        outcome: "asked for".to_owned(),
        code: None,
        message: Some(format!("{parked} parked deals are tried again")),
        version: None,
        mark: None,
    }])
    .await?;
    tx.commit().await?;
    Ok(parked)
}
