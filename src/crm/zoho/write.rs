//! Writing: one PUT for many records, each with its own outcome under whatever status.

use serde_json::{Map, Value as Json, json};

use super::faults::{self, Said, outcome};
use super::wire::{Record, Records};
use super::{api, heed_credits};
use crate::crm::session::Session;
use crate::crm::write::{Outcome, Refusal, Update};
use crate::domain::field::Value;
use crate::http::fault::{Cause, Fault};

/// Ids a list may be asked for in one call: the parameter ends at 1,024 characters.
const IDS_A_CALL: usize = 50;

/// Writes every update of the batch; one outcome each, in order.
pub async fn write(session: &Session, batch: &[Update]) -> Result<Vec<Outcome>, Fault> {
    let mut outcomes = changed_meanwhile(session, batch).await?;
    let mut sent = Vec::new();
    let mut data = Vec::new();
    for (n, update) in batch.iter().enumerate() {
        if outcomes[n].is_some() {
            continue;
        }
        match record(session, update) {
            Some(record) => {
                sent.push(n);
                data.push(record);
            }
            None => outcomes[n] = Some(no_field()),
        }
    }
    if !data.is_empty() {
        let said = put(session, data).await?;
        for (n, said) in sent.into_iter().zip(said) {
            outcomes[n] = Some(outcome(&said, &session.fields));
        }
    }
    Ok(outcomes
        .into_iter()
        .map(|outcome| outcome.unwrap_or_else(no_field))
        .collect())
}

fn no_field() -> Outcome {
    Outcome::Refused(Refusal {
        code: "no_field".to_owned(),
        message: "none of the fields exists in the CRM; run the set-up".to_owned(),
        fields: Vec::new(),
        setup: true,
    })
}

async fn put(session: &Session, data: Vec<Json>) -> Result<Vec<Said>, Fault> {
    let count = data.len();
    // No automation of the customer is set off by what Latitude writes.
    let body = json!({"data": data, "trigger": []});
    // Absolute values: repeating them does no harm. Ten records are one credit.
    let reply = session
        .api
        .put(api(session, "Deals"))
        .json(&body)
        .idempotent()
        .cost(u32::try_from(count.div_ceil(10)).unwrap_or(u32::MAX))
        .any_reply()
        .await?;
    heed_credits(session, &reply);
    // Mixed results come as 200, 202, 207 or 400; what counts is one item for each record.
    if let Ok(Records { data, .. }) = reply.decode::<Records<Said>>()
        && data.len() == count
    {
        return Ok(data);
    }
    if (200..300).contains(&reply.status) {
        let what = format!("{count} records were sent, another number was answered");
        return Err(Fault::Unknown(Cause::read(&reply, "batch_answer", what)));
    }
    Err(faults::fault(&reply))
}

/// What stands in one record; none where the CRM has none of the fields.
fn record(session: &Session, update: &Update) -> Option<Json> {
    let mut values: Map<String, Json> = update
        .fields
        .iter()
        .filter_map(|(field, value)| {
            let name = session.fields.name(*field)?;
            let json = match value {
                Value::Empty => Json::Null,
                Value::Text(text) => Json::from(session.fields.option(*field, text)),
                Value::Number(number) => Json::from(*number),
                Value::Date(day) => Json::from(day.to_string()),
                Value::Time(time) => Json::from(time.format("%Y-%m-%dT%H:%M:%S+00:00").to_string()),
            };
            Some((name.to_owned(), json))
        })
        .collect();
    if values.is_empty() {
        return None;
    }
    values.insert("id".to_owned(), Json::from(update.deal.as_str()));
    Some(Json::Object(values))
}

/// Outcomes known before anything is written: records that are no longer at the revision the
/// update was meant for.
///
/// Zoho documents the refusal of a stale write but not the header that asks for it, so the stamps
/// are read just before.
async fn changed_meanwhile(
    session: &Session,
    batch: &[Update],
) -> Result<Vec<Option<Outcome>>, Fault> {
    let mut outcomes: Vec<Option<Outcome>> = vec![None; batch.len()];
    let guarded: Vec<usize> = (0..batch.len())
        .filter(|n| batch[*n].revision.is_some())
        .collect();
    for some in guarded.chunks(IDS_A_CALL) {
        let ids: Vec<&str> = some.iter().map(|n| batch[*n].deal.as_str()).collect();
        let reply = session
            .api
            .get(api(session, "Deals"))
            .query("fields", "id,Modified_Time")
            .query("ids", ids.join(","))
            .reply()
            .await?;
        let found: Records<Record> = match reply.status {
            204 => Records::default(),
            _ => reply.decode()?,
        };
        for n in some {
            let update = &batch[*n];
            let now = found
                .data
                .iter()
                .find(|record| record.id.0 == update.deal.as_str());
            outcomes[*n] = match now.map(|record| record.modified.to_utc().to_rfc3339()) {
                None => Some(Outcome::Gone),
                now if now == update.revision => None,
                Some(_) => Some(Outcome::Changed),
            };
        }
    }
    Ok(outcomes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crm::setup::{FieldMap, Place};
    use crate::domain::field::Field;

    #[test]
    fn each_record_of_a_mixed_answer_has_its_outcome() {
        let place = Place {
            name: "Coaching".to_owned(),
            ..Place::default()
        };
        let fields = FieldMap([(Field::Coaching, place)].into());
        let said: Records<Said> =
            serde_json::from_str(include_str!("golden/update_mixed.json")).expect("an answer");

        let outcomes: Vec<Outcome> = said
            .data
            .iter()
            .map(|said| outcome(said, &fields))
            .collect();

        assert_eq!(outcomes[0], Outcome::Written);
        let Outcome::Refused(too_long) = &outcomes[1] else {
            panic!("{:?}", outcomes[1])
        };
        assert_eq!(too_long.fields, [Field::Coaching]);
        assert!(too_long.message.contains("32000") && !too_long.setup);
        assert_eq!(outcomes[2], Outcome::Gone);
        assert!(matches!(&outcomes[3], Outcome::Refused(refusal) if refusal.setup));
    }
}
