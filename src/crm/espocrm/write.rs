//! Writing back: one record per call, guarded by its version where a person's words are at stake.

use reqwest::Method;
use serde_json::{Map, Value as Json};

use super::call::call;
use super::faults;
use super::wire::{kept, written};
use crate::crm::session::Session;
use crate::crm::write::{Outcome, Refusal, Update};
use crate::domain::field::Field;
use crate::http::fault::Fault;

/// Writes a batch; one outcome per update, in order.
pub async fn write(session: &Session, batch: &[Update]) -> Result<Vec<Outcome>, Fault> {
    let mut outcomes = Vec::new();
    for update in batch {
        match write_one(session, update).await {
            Ok(outcome) => outcomes.push(outcome),
            Err(fault) if outcomes.is_empty() => return Err(fault),
            // What is known of the others must be told; this one is tried again.
            Err(fault) => outcomes.push(Outcome::Busy(Refusal {
                code: fault.cause().code.clone().unwrap_or_default(),
                message: fault.cause().message.clone(),
                fields: Vec::new(),
                setup: false,
            })),
        }
    }
    Ok(outcomes)
}

async fn write_one(session: &Session, update: &Update) -> Result<Outcome, Fault> {
    let mut values = Map::new();
    let mut missing = Vec::new();
    for (field, value) in &update.fields {
        match session.fields.name(*field) {
            Some(name) => {
                values.insert(name.to_owned(), written(*field, value, &session.fields));
            }
            None => missing.push(*field),
        }
    }
    if !missing.is_empty() {
        return Ok(faults::ignored(missing));
    }
    let path = format!("Opportunity/{}", escaped(update.deal.as_str()));
    let mut call = call(session, &Method::PUT, &path).json(&values);
    if let Some(revision) = &update.revision {
        call = call.header("x-version-number", revision);
    }
    let reply = call.any_reply().await?;
    let outcome = faults::outcome(&reply, &session.fields)?;
    if outcome != Outcome::Written {
        return Ok(outcome);
    }
    if reply.looks_like_page() {
        return Err(faults::page_in_place_of_data(&reply));
    }
    let answer: Map<String, Json> = reply.decode()?;
    let lost: Vec<Field> = update
        .fields
        .iter()
        .map(|(field, _)| *field)
        .filter(|field| {
            let name = session.fields.name(*field).unwrap_or_default();
            !kept(*field, &values[name], answer.get(name))
        })
        .collect();
    Ok(match lost.is_empty() {
        true => Outcome::Written,
        false => faults::ignored(lost),
    })
}

/// An id as it may stand in a path.
fn escaped(id: &str) -> String {
    url::form_urlencoded::byte_serialize(id.as_bytes()).collect()
}
