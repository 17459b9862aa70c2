//! Writing: sObject Collections, one outcome per record; several of them in one Composite call,
//! which counts as one against the organisation's day.

use futures_util::{FutureExt, StreamExt, TryStreamExt, stream};
use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value as Json, json};

use super::collections::{BATCH, Saved};
use super::faults::{self, Complaint};
use super::{api_path, limits, wire};
use crate::crm::session::Session;
use crate::crm::setup::FieldMap;
use crate::crm::write::{Outcome, Refusal, Update};
use crate::domain::Time;
use crate::http::fault::{Cause, Fault};

/// The most parts of one Composite call.
const PARTS: usize = 25;
/// The most of them that may be Collections.
const COLLECTIONS: usize = 5;
/// Composite calls of conditional parts under way at once: sellers wait for these.
const AT_ONCE: usize = 4;
/// The most updates of one call.
pub const MOST: usize = COLLECTIONS * BATCH;
/// What Collections are told apart from other saves by: nobody's list of recent records moves, no
/// assignment rule runs, and a duplicate rule does not stop a deal that is already there.
const MANNERS: [(&str, &str); 4] = [
    ("sforce-call-options", "client=Latitude"),
    ("sforce-duplicate-rule-header", "allowSave=true"),
    ("sforce-mru", "updateMru=false"),
    ("sforce-auto-assign", "FALSE"),
];

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
    for chunk in plain.chunks(MOST) {
        let updates: Vec<&Update> = chunk.iter().map(|n| &batch[*n]).collect();
        let told = match updates.len() {
            0..=BATCH => collection(session, &updates).await?,
            _ => collections(session, &updates).await?,
        };
        for (n, outcome) in chunk.iter().zip(told) {
            outcomes[*n] = outcome;
        }
    }
    let chunks: Vec<Vec<&Update>> = guarded
        .chunks(PARTS)
        .map(|chunk| chunk.iter().map(|n| &batch[*n]).collect())
        .collect();
    let calls: Vec<_> = chunks
        .iter()
        .map(|updates| conditional(session, updates).boxed())
        .collect();
    let told: Vec<Vec<Outcome>> = stream::iter(calls).buffered(AT_ONCE).try_collect().await?;
    for (n, outcome) in guarded.iter().zip(told.into_iter().flatten()) {
        outcomes[*n] = outcome;
    }
    Ok(outcomes)
}

/// The revision an update depends on, as a moment; a revision is a `LastModifiedDate`.
fn since(update: &Update) -> Option<Time> {
    let revision = update.revision.clone()?;
    Some(wire::Stamp::try_from(revision).ok()?.0)
}

fn members<'a>(fields: &'a FieldMap, update: &'a Update) -> impl Iterator<Item = (&'a str, Json)> {
    update.fields.iter().filter_map(|(field, value)| {
        let name = fields.name(*field)?;
        Some((name, wire::json(*field, value, fields)))
    })
}

/// The body of a Collections call. Written out as it is sent: a first write is of all deals there are.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Records<'a> {
    all_or_none: bool,
    records: Vec<Record<'a>>,
}

struct Record<'a> {
    update: &'a Update,
    fields: &'a FieldMap,
}

impl<'a> Records<'a> {
    fn of(session: &'a Session, updates: &[&'a Update]) -> Self {
        let fields = &session.fields;
        let records = updates.iter().map(|update| Record { update, fields });
        Self {
            all_or_none: false,
            records: records.collect(),
        }
    }
}

impl Serialize for Record<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut record = serializer.serialize_map(None)?;
        record.serialize_entry("attributes", &json!({"type": "Opportunity"}))?;
        record.serialize_entry("id", self.update.deal.as_str())?;
        for (name, value) in members(self.fields, self.update) {
            record.serialize_entry(name, &value)?;
        }
        record.end()
    }
}

/// A part of a Composite call.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Asked<'a> {
    method: &'static str,
    url: String,
    reference_id: String,
    http_headers: &'a Map<String, Json>,
    body: Records<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AskedAtOnce<'a> {
    all_or_none: bool,
    composite_request: Vec<Asked<'a>>,
}

fn outcomes(session: &Session, saved: Vec<Saved>, asked: usize) -> Result<Vec<Outcome>, Fault> {
    same_length(saved.len(), asked)?;
    let saved = saved.into_iter();
    Ok(saved
        .map(|one| match one.success {
            true => Outcome::Written,
            false => faults::outcome(&one.errors, &session.fields),
        })
        .collect())
}

/// Up to [`BATCH`] updates in a call of their own.
async fn collection(session: &Session, updates: &[&Update]) -> Result<Vec<Outcome>, Fault> {
    let call = session.api.patch(api_path(session, "/composite/sobjects"));
    // The values are absolute, so writing them twice is writing them once.
    let call = MANNERS
        .iter()
        .fold(call.idempotent(), |call, (name, value)| {
            call.header(name, value)
        });
    let (saved, _): (Vec<Saved>, _) =
        limits::read(session, call.json(&Records::of(session, updates))).await?;
    outcomes(session, saved, updates.len())
}

/// Up to [`MOST`] updates as parts of one call. What a part as a whole is refused for (the limits
/// of one transaction are counted over all parts) is asked again in a call of its own.
async fn collections(session: &Session, updates: &[&Update]) -> Result<Vec<Outcome>, Fault> {
    let manners: Map<String, Json> = MANNERS
        .iter()
        .map(|(name, value)| ((*name).to_owned(), Json::from(*value)))
        .collect();
    let chunks: Vec<&[&Update]> = updates.chunks(BATCH).collect();
    let parts = chunks.iter().enumerate().map(|(n, chunk)| Asked {
        method: "PATCH",
        url: api_path(session, "/composite/sobjects"),
        reference_id: format!("deals{n}"),
        http_headers: &manners,
        body: Records::of(session, chunk),
    });
    let call = session
        .api
        .post(api_path(session, "/composite"))
        .header("sforce-call-options", "client=Latitude")
        .idempotent()
        .json(&AskedAtOnce {
            all_or_none: false,
            composite_request: parts.collect(),
        });
    let (composite, _): (Composite, _) = limits::read(session, call).await?;
    same_length(composite.composite_response.len(), chunks.len())?;
    let mut told = Vec::with_capacity(updates.len());
    for (chunk, part) in chunks.iter().zip(composite.composite_response) {
        match serde_json::from_value::<Vec<Saved>>(part.body) {
            Ok(saved) if part.http_status_code == 200 => {
                told.extend(outcomes(session, saved, chunk.len())?);
            }
            _ => told.extend(collection(session, chunk).await?),
        }
    }
    Ok(told)
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
                "body": members(&session.fields, update).map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>(),
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
