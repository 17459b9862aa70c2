//! Writing in batches of a hundred.
//!
//! One bad value makes HubSpot refuse a whole batch without saying which record it stood in, so a
//! refused batch is halved until the bad records stand alone. A lock is waited for, not looked for.

use serde_json::{Map, Value as Json, json};

use super::faults;
use super::path;
use super::read::note_quota;
use super::wire::{self, Batch, BatchError, Record};
use crate::crm::session::Session;
use crate::crm::write::{Outcome, Refusal, Update};
use crate::domain::field::{Field, Value};
use crate::http::call::Reply;
use crate::http::fault::Fault;

/// Writes a batch; one outcome per update, in order.
pub async fn write(session: &Session, batch: &[Update]) -> Result<Vec<Outcome>, Fault> {
    let mut outcomes: Vec<Option<Outcome>> = vec![None; batch.len()];
    let mut waiting: Vec<Vec<usize>> = vec![(0..batch.len()).collect()];
    while let Some(part) = waiting.pop() {
        let reply = match send(session, batch, &part).await {
            Ok(reply) => reply,
            // What is known must not be lost with what is not: the rest comes again later.
            Err(fault) if outcomes.iter().any(Option::is_some) => {
                return Ok(rest_is_busy(outcomes, &fault));
            }
            Err(fault) => return Err(fault),
        };
        if reply.status < 300 {
            let answer: Batch<Record> = reply.decode()?;
            for n in &part {
                outcomes[*n] = Some(told(*n, &batch[*n], &answer));
            }
            continue;
        }
        if let [only] = part[..] {
            outcomes[only] = Some(alone(session, &reply));
            continue;
        }
        let refusal = faults::refusal(&reply, |name| session.fields.field(name));
        // Each asks again by itself, later and at its own time, so that one which stays locked does
        // not keep the others for long.
        if is_in_use(&reply) {
            for n in part {
                outcomes[n] = Some(Outcome::Busy(refusal.clone()));
            }
            continue;
        }
        let carries = |n: &usize| {
            let mut fields = batch[*n].fields.iter();
            refusal.setup && fields.any(|(field, _)| refusal.fields.contains(field))
        };
        // Where a property is missing or read-only, every record that carries it is refused for it.
        let (sunk, open): (Vec<usize>, Vec<usize>) = part.iter().copied().partition(carries);
        if sunk.is_empty() {
            let (first, second) = part.split_at(part.len() / 2);
            waiting.extend([second.to_vec(), first.to_vec()]);
            continue;
        }
        for n in sunk {
            outcomes[n] = Some(Outcome::Refused(refusal.clone()));
        }
        if !open.is_empty() {
            waiting.push(open);
        }
    }
    Ok(outcomes.into_iter().flatten().collect())
}

fn rest_is_busy(outcomes: Vec<Option<Outcome>>, fault: &Fault) -> Vec<Outcome> {
    let cause = fault.cause();
    let code = cause.code.clone().unwrap_or_default();
    let busy = Outcome::Busy(refusal(&code, &cause.message));
    let known = outcomes.into_iter();
    known.map(|it| it.unwrap_or_else(|| busy.clone())).collect()
}

fn refusal(code: &str, message: &str) -> Refusal {
    Refusal {
        code: code.to_owned(),
        message: message.to_owned(),
        fields: Vec::new(),
        setup: false,
    }
}

/// Sends one batch: an answer about the records, or the fault of the whole call.
async fn send(session: &Session, batch: &[Update], part: &[usize]) -> Result<Reply, Fault> {
    let input = |n: &usize| {
        let update = &batch[*n];
        let property = |(field, value): &(Field, Value)| {
            let name = session.fields.name(*field)?;
            let text = wire::told(*field, value, &session.fields);
            Some((name.to_owned(), Json::String(text)))
        };
        let properties: Map<String, Json> = update.fields.iter().filter_map(property).collect();
        json!({
            "id": update.deal.as_str(),
            "properties": properties,
            "objectWriteTraceId": n.to_string(),
        })
    };
    let inputs: Vec<Json> = part.iter().map(input).collect();
    let reply = session
        .api
        .post(path(session, "objects", "deals/batch/update"))
        .json(&json!({"inputs": inputs}))
        .idempotent()
        .any_reply()
        .await?;
    note_quota(session, &reply);
    let about_records = match reply.status {
        200..=299 | 400 | 409 | 423 => true,
        // A missing scope is about the app; any other 403 is about one of the records.
        403 => !reply.looks_like_page() && !faults::lacks_scopes(&reply),
        404 => matches!(faults::fault(&reply), Fault::Gone(_)),
        _ => false,
    };
    if about_records {
        Ok(reply)
    } else {
        Err(faults::fault(&reply))
    }
}

/// The outcome of one record in a batch that was carried out, whole or in part.
///
/// Records are told by id, or by the mark we sent with them; the order of the answer means nothing.
fn told(n: usize, update: &Update, answer: &Batch<Record>) -> Outcome {
    let id = update.deal.as_str();
    if answer.results.iter().any(|record| record.id == id) {
        return Outcome::Written;
    }
    let names = |error: &&BatchError| {
        let holds = |key: &str, wanted: &str| {
            let ids = error.context.get(key);
            ids.is_some_and(|ids| ids.iter().any(|it| it == wanted))
        };
        holds("ids", id) || holds("objectWriteTraceId", &n.to_string())
    };
    match answer.errors.iter().find(names) {
        Some(error) if error.category == "OBJECT_NOT_FOUND" => Outcome::Gone,
        Some(error) => Outcome::Refused(refusal(&error.category, &error.message)),
        // Neither done nor refused: it is not known, and the same again does no harm.
        None => Outcome::Busy(refusal("not_mentioned", "the answer leaves this deal out")),
    }
}

/// Whether records are locked, as those of a bulk edit are, or were being changed at the same time.
fn is_in_use(reply: &Reply) -> bool {
    matches!(reply.status, 409 | 423)
}

/// The outcome of a record that was refused by itself.
fn alone(session: &Session, reply: &Reply) -> Outcome {
    let refusal = faults::refusal(reply, |name| session.fields.field(name));
    match reply.status {
        404 => Outcome::Gone,
        _ if is_in_use(reply) => Outcome::Busy(refusal),
        _ => Outcome::Refused(refusal),
    }
}
