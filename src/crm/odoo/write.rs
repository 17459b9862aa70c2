//! Writing back. Odoo writes a batch wholly or not at all, so a batch that is refused is taken
//! apart until the bad records stand alone.

use std::collections::VecDeque;

use serde_json::{Map, Value as Json, json};

use super::faults;
use super::rpc::{Ask, speaks_json2};
use super::wire::written;
use crate::crm::session::Session;
use crate::crm::write::{Outcome, Refusal, Update, of_every};
use crate::domain::field::Field;
use crate::http::fault::Fault;

/// One update as Odoo takes it.
struct Record {
    /// Its position in the batch.
    at: usize,
    id: i64,
    values: Map<String, Json>,
}

/// Writes a batch; one outcome per update, in order.
pub async fn write(session: &Session, batch: &[Update]) -> Result<Vec<Outcome>, Fault> {
    let mut outcomes: Vec<Option<Outcome>> = vec![None; batch.len()];
    let mut records = Vec::new();
    for (at, update) in batch.iter().enumerate() {
        match record(session, at, update) {
            Ok(record) => records.push(record),
            Err(outcome) => outcomes[at] = Some(outcome),
        }
    }
    let mut waiting: VecDeque<Vec<Record>> = split_by_protocol(session, records).into();
    let mut began = false;
    while let Some(records) = waiting.pop_front() {
        match send(session, &records).await {
            Ok(()) => {
                for record in records {
                    outcomes[record.at] = Some(Outcome::Written);
                }
            }
            Err(fault) => match take_apart(session, records, fault, &mut outcomes) {
                Ok(parts) => parts
                    .into_iter()
                    .rev()
                    .for_each(|part| waiting.push_front(part)),
                // Some are written already, so what is known must be told; the rest is tried again.
                Err((fault, left)) if began => busy(&fault, left, &mut waiting, &mut outcomes),
                Err((fault, _)) => return Err(fault),
            },
        }
        began = true;
    }
    of_every(outcomes)
}

fn record(session: &Session, at: usize, update: &Update) -> Result<Record, Outcome> {
    let id = update.deal.as_str().parse().ok().filter(|id| *id > 0);
    let id: i64 = id.ok_or(Outcome::Gone)?;
    let mut values = Map::new();
    for (field, value) in &update.fields {
        let Some(name) = session.fields.name(*field) else {
            return Err(Outcome::Refused(no_such_field(*field)));
        };
        values.insert(name.to_owned(), written(*field, value, &session.fields));
    }
    Ok(Record { at, id, values })
}

fn no_such_field(field: Field) -> Refusal {
    Refusal {
        code: "no_field".to_owned(),
        message: format!("Odoo has no field for {}; run set-up", field.name()),
        fields: vec![field],
        setup: true,
    }
}

/// What can go in one call: everything over JSON-2, records that get the same values over JSON-RPC,
/// whose older servers know no other way. A record that comes twice waits for its turn.
fn split_by_protocol(session: &Session, records: Vec<Record>) -> Vec<Vec<Record>> {
    let any_values = speaks_json2(session);
    let mut groups: Vec<Vec<Record>> = Vec::new();
    for record in records {
        let last_of_same = groups
            .iter()
            .rposition(|group| group.iter().any(|other| other.id == record.id));
        let from = last_of_same.map_or(0, |n| n + 1);
        let fitting = groups[from..]
            .iter_mut()
            .find(|group| any_values || group.iter().all(|other| other.values == record.values));
        match fitting {
            Some(group) => group.push(record),
            None => groups.push(vec![record]),
        }
    }
    groups
}

async fn send(session: &Session, records: &[Record]) -> Result<(), Fault> {
    let ids: Vec<i64> = records.iter().map(|record| record.id).collect();
    let same = records.windows(2).all(|two| two[0].values == two[1].values);
    let ask = if same {
        let values = records.first().map(|record| record.values.clone());
        Ask::new("crm.lead", "write")
            .arg("ids", json!(ids))
            .arg("vals", values.unwrap_or_default())
    } else {
        let values: Vec<&Map<String, Json>> = records.iter().map(|record| &record.values).collect();
        Ask::new("crm.lead", "web_save_multi")
            .arg("ids", json!(ids))
            .arg("vals_list", json!(values))
            .arg("specification", json!({"write_date": {}}))
    };
    ask.read::<Json>(session).await.map(drop)
}

/// What to try next after a refusal; a fault that says nothing about the records is given back.
fn take_apart(
    session: &Session,
    mut records: Vec<Record>,
    fault: Fault,
    outcomes: &mut [Option<Outcome>],
) -> Result<Vec<Vec<Record>>, (Fault, Vec<Record>)> {
    let missing = match &fault {
        Fault::Gone(cause) => faults::missing_deals(&cause.message),
        _ => Vec::new(),
    };
    let (gone, rest): (Vec<Record>, Vec<Record>) = records
        .drain(..)
        .partition(|record| missing.contains(&record.id.to_string()));
    for record in &gone {
        outcomes[record.at] = Some(Outcome::Gone);
    }
    if !gone.is_empty() {
        return Ok(if rest.is_empty() {
            Vec::new()
        } else {
            vec![rest]
        });
    }
    records = rest;
    let id = records.first().map(|record| record.id.to_string());
    let told = faults::outcome(fault, &id.unwrap_or_default(), &session.fields);
    let told = match told {
        Ok(told) => told,
        Err(fault) => return Err((fault, records)),
    };
    if let [alone] = records.as_slice() {
        outcomes[alone.at] = Some(told);
        return Ok(Vec::new());
    }
    if let Outcome::Refused(refusal) = &told
        && let Some(rest) = without_field(session, refusal, &mut records, outcomes)
    {
        return Ok(rest);
    }
    let half = records.len() / 2;
    let second = records.split_off(half);
    Ok(vec![records, second])
}

/// Where a field does not exist any more, every record that carries it is refused alike.
fn without_field(
    session: &Session,
    refusal: &Refusal,
    records: &mut Vec<Record>,
    outcomes: &mut [Option<Outcome>],
) -> Option<Vec<Vec<Record>>> {
    if !refusal.message.starts_with("Invalid field") {
        return None;
    }
    let names = refusal
        .fields
        .iter()
        .filter_map(|field| session.fields.name(*field));
    let names: Vec<&str> = names.collect();
    let carries = |record: &Record| names.iter().any(|name| record.values.contains_key(*name));
    if !records.iter().any(carries) {
        return None;
    }
    let (bad, good): (Vec<Record>, Vec<Record>) = records.drain(..).partition(carries);
    for record in bad {
        outcomes[record.at] = Some(Outcome::Refused(refusal.clone()));
    }
    Some(if good.is_empty() {
        Vec::new()
    } else {
        vec![good]
    })
}

/// Marks everything not yet written as busy.
fn busy(
    fault: &Fault,
    left: Vec<Record>,
    waiting: &mut VecDeque<Vec<Record>>,
    outcomes: &mut [Option<Outcome>],
) {
    let cause = fault.cause();
    for record in left.into_iter().chain(waiting.drain(..).flatten()) {
        outcomes[record.at] = Some(Outcome::Busy(Refusal {
            code: cause.code.clone().unwrap_or_default(),
            message: cause.message.clone(),
            fields: Vec::new(),
            setup: false,
        }));
    }
}
