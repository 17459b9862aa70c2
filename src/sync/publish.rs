//! Publishing in Latitude: a version is added, and carrying it to the CRM is made due, in the one
//! transaction whose end the seller reads as "saved".

use super::assess::assess_now;
use super::{ASK, WRITE_BACK};
use crate::domain::Time;
use crate::domain::field::Field;
use crate::domain::framework::Framework;
use crate::domain::ids::{ConnectionId, DealId, PersonId};
use crate::domain::strategy::Answers;
use crate::store::Result;
use crate::store::deals::Dossier;
use crate::store::strategies::{Assessed, NewVersion};
use crate::store::tx::Tx;

/// What became of a publish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Published {
    /// Saved as this version.
    Saved(i64),
    /// The same words as before: nothing to save.
    Unchanged(i64),
    /// Someone changed it since the seller started; nothing was saved. The seller picks.
    Overtaken(i64),
}

/// Publishes a seller's words as the next version after `base`, graded at once: it is one move less
/// on their way to the CRM.
///
/// A blank never wipes what stood there.
///
/// # Errors
/// The database's.
pub async fn publish(
    tx: &mut Tx,
    connection: &ConnectionId,
    at: (&Dossier, i64),
    (author, answers): (&PersonId, &Answers),
    framework: &Framework,
    now: Time,
) -> Result<Published> {
    let said = (author, answers, &[][..]);
    publish_taking_back(tx, connection, at, said, framework, now).await
}

/// The same, where the seller said of some fields that what stood there is taken back: it is then
/// taken out of the CRM as well.
///
/// # Errors
/// The database's.
pub async fn publish_taking_back(
    tx: &mut Tx,
    connection: &ConnectionId,
    (deal, base): (&Dossier, i64),
    (author, answers, back): (&PersonId, &Answers, &[Field]),
    framework: &Framework,
    now: Time,
) -> Result<Published> {
    let before = deal
        .answers
        .as_ref()
        .map(|it| it.0.clone())
        .unwrap_or_default();
    let answers = answers.after_taking_back(&before, back);
    if answers.says_the_same(&before) {
        return Ok(Published::Unchanged(deal.version));
    }
    let latest = tx.is_latest(connection, &deal.id, deal.version).await?;
    let id = DealId::from(deal.id.as_str());
    if base != deal.version || !latest {
        // Sent twice, it may have come first the other time.
        let there = tx.dossier(connection, &id).await?;
        let same = there.filter(|it| {
            let said = it.answers.as_ref();
            said.is_some_and(|said| answers.says_the_same(&said.0))
        });
        return Ok(match same {
            Some(there) => Published::Unchanged(there.version),
            None => Published::Overtaken(deal.version),
        });
    }
    let version = deal.version + 1;
    let assessment = assess_now(tx, connection, (deal, &answers, now), framework).await?;
    let new = NewVersion {
        deal: &deal.id,
        version,
        answers,
        source: "panel",
        author: Some(author.as_str()),
        at: now,
        stage: &deal.stage,
        amount: deal.amount,
        close_on: deal.close_on,
    };
    tx.add_versions(connection, &[new]).await?;
    let assessed = Assessed {
        deal: &deal.id,
        version,
        assessment,
    };
    tx.save_assessments(connection, &framework.label(), &[assessed], now)
        .await?;
    tx.carry(connection, &id, now).await?;
    for step in [ASK, WRITE_BACK] {
        tx.hasten(connection, step, now).await?;
    }
    Ok(Published::Saved(version))
}
