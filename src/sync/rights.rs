//! What people may have of what is kept about them: a copy, and that it is forgotten.

use serde_json::{Value, json};

use super::{ASK, ASSESS};
use crate::domain::Time;
use crate::domain::ids::ConnectionId;
use crate::store::forget::mark_of_person;
use crate::store::tx::Tx;
use crate::store::{self, Store};

/// Everything that is kept about a person, who may be one of several connections.
///
/// # Errors
/// The database's.
pub async fn about(tx: &mut Tx, whom: &[(&ConnectionId, &str)], now: Time) -> store::Result<Value> {
    let mut people = Vec::new();
    for (connection, person) in whom {
        let kept = tx.about_person(connection, person).await?;
        people.push(json!({"connection": connection.as_str(), "person": person, "kept": kept}));
    }
    Ok(json!({"latitude": env!("CARGO_PKG_VERSION"), "at": now, "about": people}))
}

/// Forgets one person of a connection.
///
/// # Errors
/// The database's.
pub async fn erase(
    store: &Store,
    connection: &ConnectionId,
    person: &str,
    now: Time,
) -> store::Result<()> {
    let mut tx = store.write_unhurried().await?;
    tx.erase(connection, person, &mark_of_person(connection, person), now)
        .await?;
    // Deals may have fallen back to a version of which the grade is forgotten.
    for step in [ASSESS, ASK] {
        tx.hasten(connection, step, now).await?;
    }
    tx.commit().await
}
