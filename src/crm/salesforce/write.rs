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
use crate::crm::write::{Outcome, Refusal, Update, of_every};
use crate::domain::Time;
use crate::http::call::Call;
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
    let mut outcomes = vec![None; batch.len()];
    for chunk in plain.chunks(MOST) {
        let updates: Vec<&Update> = chunk.iter().map(|n| &batch[*n]).collect();
        let told = match updates.len() {
            0..=BATCH => collection(session, &updates).await?,
            _ => collections(session, &updates).await?,
        };
        for (n, outcome) in chunk.iter().zip(told) {
            outcomes[*n] = Some(outcome);
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
        outcomes[*n] = Some(outcome);
    }
    of_every(outcomes)
}

/// The revision an update depends on, as a moment; a revision is a `LastModifiedDate`.
fn since(update: &Update) -> Option<Time> {
    let revision = update.revision.clone()?;
    Some(wire::Stamp::try_from(revision).ok()?.0)
}

/// What a deal's fields are to hold, by their names there.
struct Members<'a> {
    update: &'a Update,
    fields: &'a FieldMap,
}

impl Members<'_> {
    fn each(&self) -> impl Iterator<Item = (&str, Json)> {
        self.update.fields.iter().filter_map(|(field, value)| {
            let name = self.fields.name(*field)?;
            Some((name, wire::json(*field, value, self.fields)))
        })
    }
}

impl Serialize for Members<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.each())
    }
}

/// The body of a Collections call. Written out as it is sent: a first write is of all deals there are.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Records<'a> {
    all_or_none: bool,
    records: Vec<Record<'a>>,
}

/// A deal as a Collections call takes it.
struct Record<'a>(Members<'a>);

impl<'a> Records<'a> {
    fn of(session: &'a Session, updates: &[&'a Update]) -> Self {
        let fields = &session.fields;
        let records = updates
            .iter()
            .map(|update| Record(Members { update, fields }));
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
        record.serialize_entry("id", self.0.update.deal.as_str())?;
        for (name, value) in self.0.each() {
            record.serialize_entry(name, &value)?;
        }
        record.end()
    }
}

/// A part of a Composite call.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Asked<B> {
    method: &'static str,
    url: String,
    reference_id: String,
    http_headers: Map<String, Json>,
    body: B,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AskedAtOnce<B> {
    all_or_none: bool,
    composite_request: Vec<Asked<B>>,
}

/// A Composite call, without its parts.
fn composite_call(session: &Session) -> Call<'_> {
    let call = session.api.post(api_path(session, "/composite"));
    call.header("sforce-call-options", "client=Latitude")
}

/// Asks for all parts in one call; as many answers come back, in their order.
async fn composite<B: Serialize>(
    session: &Session,
    call: Call<'_>,
    parts: Vec<Asked<B>>,
) -> Result<Vec<Part>, Fault> {
    let asked = parts.len();
    let body = AskedAtOnce {
        all_or_none: false,
        composite_request: parts,
    };
    let (told, _): (Composite, _) = limits::read(session, call.json(&body)).await?;
    same_length(told.composite_response.len(), asked)?;
    Ok(told.composite_response)
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
        http_headers: manners.clone(),
        body: Records::of(session, chunk),
    });
    let call = composite_call(session).idempotent();
    let answered = composite(session, call, parts.collect()).await?;
    let mut told = Vec::with_capacity(updates.len());
    for (chunk, part) in chunks.iter().zip(answered) {
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
    let fields = &session.fields;
    let parts = updates.iter().enumerate().map(|(n, update)| {
        let place = format!("/sobjects/Opportunity/{}", update.deal);
        let since = since(update).unwrap_or_default();
        let since = since.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        Asked {
            method: "PATCH",
            url: api_path(session, &place),
            reference_id: format!("deal{n}"),
            http_headers: Map::from_iter([("If-Unmodified-Since".to_owned(), since.into())]),
            body: Members { update, fields },
        }
    });
    let call = composite_call(session).header("sforce-duplicate-rule-header", "allowSave=true");
    let answered = composite(session, call, parts.collect()).await?;
    Ok(answered
        .into_iter()
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
