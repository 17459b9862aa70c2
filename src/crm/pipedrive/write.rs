//! Writing: one deal a call, only our own fields.

use serde_json::{Map, Value as Json, json};

use super::faults;
use super::read::{cost, note_quota};
use super::wire::{self, Envelope};
use crate::crm::session::Session;
use crate::crm::write::{Outcome, Update};
use crate::domain::field::Field;
use crate::http::fault::Fault;

/// Writes a batch, one deal after the other; the profile lets no more than one stand in it.
pub async fn write(session: &Session, batch: &[Update]) -> Result<Vec<Outcome>, Fault> {
    let mut outcomes = Vec::with_capacity(batch.len());
    for update in batch {
        outcomes.push(write_one(session, update).await?);
    }
    Ok(outcomes)
}

async fn write_one(session: &Session, update: &Update) -> Result<Outcome, Fault> {
    let keys: Vec<(Field, &str)> = update
        .fields
        .iter()
        .filter_map(|(field, _)| Some((*field, session.fields.name(*field)?)))
        .collect();
    let values: Map<String, Json> = update
        .fields
        .iter()
        .filter_map(|(field, value)| {
            let key = session.fields.name(*field)?;
            Some((key.to_owned(), wire::told(*field, value, &session.fields)))
        })
        .collect();
    let reply = session
        .api
        .patch(format!("/api/v2/deals/{}", update.deal))
        .cost(cost::CHANGE)
        .json(&json!({"custom_fields": values}))
        .idempotent()
        .any_reply()
        .await?;
    note_quota(session, &reply);
    match reply.status {
        200..=299 => match reply.decode::<Envelope<Json>>()?.success {
            true => Ok(Outcome::Written),
            false => Ok(Outcome::Refused(faults::refusal(&reply, &keys))),
        },
        404 | 410 => Ok(Outcome::Gone),
        409 | 423 => Ok(Outcome::Busy(faults::refusal(&reply, &keys))),
        // Scopes are about the app, a page about the network; any other 403 is about this deal.
        400 | 422 => Ok(Outcome::Refused(faults::refusal(&reply, &keys))),
        403 if !reply.looks_like_page() && !faults::lacks_scope(&reply) => {
            Ok(Outcome::Refused(faults::refusal(&reply, &keys)))
        }
        _ => Err(faults::fault(&reply)),
    }
}
