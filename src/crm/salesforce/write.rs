//! Writing: sObject Collections, one outcome per record.

use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use super::collections::{BATCH, Saved};
use super::faults::{self, Complaint};
use super::{api_path, limits, wire};
use crate::crm::session::Session;
use crate::crm::write::{Outcome, Refusal, Update};
use crate::domain::Time;
use crate::http::fault::{Cause, Fault};

/// The most parts of one Composite call.
const PARTS: usize = 25;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Composite {
    composite_response: Vec<Part>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part {
    http_status_code: u16,
    #[serde(default)]
    body: Json,
}

/// See [`crate::crm::Crm::write`].
///
/// Collections cannot check a revision; the few updates that carry one go as conditional parts of
/// a Composite call.
pub async fn write(session: &Session, batch: &[Update]) -> Result<Vec<Outcome>, Fault> {
    let (guarded, plain): (Vec<usize>, Vec<usize>) =
        (0..batch.len()).partition(|n| since(&batch[*n]).is_some());
    let mut outcomes = vec![Outcome::Gone; batch.len()];
    for chunk in plain.chunks(BATCH) {
        let updates: Vec<&Update> = chunk.iter().map(|n| &batch[*n]).collect();
        for (n, outcome) in chunk.iter().zip(collections(session, &updates).await?) {
            outcomes[*n] = outcome;
        }
    }
    for chunk in guarded.chunks(PARTS) {
        let updates: Vec<&Update> = chunk.iter().map(|n| &batch[*n]).collect();
        for (n, outcome) in chunk.iter().zip(conditional(session, &updates).await?) {
            outcomes[*n] = outcome;
        }
    }
    Ok(outcomes)
}

/// The revision an update depends on, as a moment; a revision is a `LastModifiedDate`.
fn since(update: &Update) -> Option<Time> {
    let revision = update.revision.clone()?;
    Some(wire::Stamp::try_from(revision).ok()?.0)
}

fn members(session: &Session, update: &Update) -> Map<String, Json> {
    let named = update.fields.iter().filter_map(|(field, value)| {
        let name = session.fields.name(*field)?;
        let value = wire::json(*field, value, &session.fields);
        Some((name.to_owned(), value))
    });
    named.collect()
}

async fn collections(session: &Session, updates: &[&Update]) -> Result<Vec<Outcome>, Fault> {
    let records: Vec<Json> = updates
        .iter()
        .map(|update| {
            let mut record = members(session, update);
            record.insert("attributes".to_owned(), json!({"type": "Opportunity"}));
            record.insert("id".to_owned(), update.deal.as_str().into());
            Json::Object(record)
        })
        .collect();
    let call = session
        .api
        .patch(api_path(session, "/composite/sobjects"))
        .header("sforce-call-options", "client=Latitude")
        .header("sforce-duplicate-rule-header", "allowSave=true")
        .header("sforce-mru", "updateMru=false")
        .header("sforce-auto-assign", "FALSE")
        // The values are absolute, so writing them twice is writing them once.
        .idempotent()
        .json(&json!({"allOrNone": false, "records": records}));
    let (saved, _): (Vec<Saved>, _) = limits::read(session, call).await?;
    same_length(saved.len(), updates.len())?;
    Ok(saved
        .into_iter()
        .map(|one| match one.success {
            true => Outcome::Written,
            false => faults::outcome(&one.errors, &session.fields),
        })
        .collect())
}

async fn conditional(session: &Session, updates: &[&Update]) -> Result<Vec<Outcome>, Fault> {
    let parts: Vec<Json> = updates
        .iter()
        .enumerate()
        .map(|(n, update)| {
            let place = format!("/sobjects/Opportunity/{}", update.deal);
            let since = since(update).unwrap_or_default();
            json!({
                "method": "PATCH",
                "url": api_path(session, &place),
                "referenceId": format!("deal{n}"),
                "httpHeaders": {
                    "If-Unmodified-Since": since.format("%a, %d %b %Y %H:%M:%S GMT").to_string(),
                },
                "body": members(session, update),
            })
        })
        .collect();
    let call = session
        .api
        .post(api_path(session, "/composite"))
        .header("sforce-call-options", "client=Latitude")
        .header("sforce-duplicate-rule-header", "allowSave=true")
        .json(&json!({"allOrNone": false, "compositeRequest": parts}));
    let (composite, _): (Composite, _) = limits::read(session, call).await?;
    same_length(composite.composite_response.len(), updates.len())?;
    let parts = composite.composite_response.into_iter();
    Ok(parts
        .map(|part| match part.http_status_code {
            200..=299 => Outcome::Written,
            // What the body of this refusal says is not documented; its status is.
            412 => Outcome::Changed,
            status => refused(session, status, part.body),
        })
        .collect())
}

fn refused(session: &Session, status: u16, body: Json) -> Outcome {
    let complaints: Vec<Complaint> = serde_json::from_value(body).unwrap_or_default();
    if complaints.is_empty() {
        return Outcome::Refused(Refusal {
            code: format!("HTTP {status}"),
            message: "Salesforce gave no reason".to_owned(),
            fields: Vec::new(),
            setup: false,
        });
    }
    faults::outcome(&complaints, &session.fields)
}

fn same_length(got: usize, asked: usize) -> Result<(), Fault> {
    if got == asked {
        return Ok(());
    }
    Err(Fault::Unknown(Cause::told(
        "bad_body",
        format!("{asked} records were sent and {got} answered"),
    )))
}
