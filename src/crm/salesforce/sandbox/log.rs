//! The log of deletions and changes, for integrations that replicate.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::answer::{Answer, Outcome, Refusal};
use super::org::Org;
use super::render::written;
use super::rest::Call;
use super::schema::moment;
use super::tables::stamp;

/// How far back the log of deletions goes, in days; that of changes goes twice as far.
const DELETED_DAYS: i64 = 15;
const UPDATED_DAYS: i64 = 30;

fn window(org: &Org, call: &Call, days: i64) -> Result<(DateTime<Utc>, DateTime<Utc>), Refusal> {
    let invalid = |why: &str| Refusal::new(400, "INVALID_REPLICATION_DATE", why);
    let read = |name: &str| {
        let text = call.query.get(name).unwrap_or_default().replace(' ', "+");
        moment(&text).ok_or_else(|| invalid(&format!("{name} is required and must be a dateTime")))
    };
    let (start, end) = (read("start")?, read("end")?);
    if end - start <= chrono::TimeDelta::minutes(1) {
        return Err(invalid(
            "startDate must be before endDate by more than one minute",
        ));
    }
    if start < org.world.now() - chrono::TimeDelta::days(days) {
        return Err(invalid(&format!(
            "startDate before org replication enabled date or older than {days} days"
        )));
    }
    Ok((start, end))
}

/// `GET /sobjects/Opportunity/deleted`.
pub fn deleted(org: &Org, call: &Call, object: &str) -> Outcome {
    only_deals(object)?;
    let (start, end) = window(org, call, DELETED_DAYS)?;
    let state = org.world.state();
    let records: Vec<Value> = state
        .deals
        .iter()
        .filter_map(|deal| Some((deal, deal.deleted_at?)))
        .filter(|(deal, at)| *at >= start && *at < end && deal.visible_at <= org.world.now())
        .map(|(deal, at)| json!({"id": deal.id, "deletedDate": written(at.timestamp())}))
        .collect();
    let earliest = org.world.now() - chrono::TimeDelta::days(DELETED_DAYS);
    Ok(Answer::json(&json!({
        "deletedRecords": records,
        "earliestDateAvailable": written(earliest.timestamp()),
        "latestDateCovered": written(end.min(org.world.now()).timestamp()),
    })))
}

/// `GET /sobjects/Opportunity/updated`.
pub fn updated(org: &Org, call: &Call, object: &str) -> Outcome {
    only_deals(object)?;
    let (start, end) = window(org, call, UPDATED_DAYS)?;
    let state = org.world.state();
    let range = start.timestamp()..end.timestamp();
    let ids: Vec<&str> = state
        .deals
        .iter()
        .filter(|deal| deal.deleted_at.is_none() && range.contains(&stamp(deal)))
        .filter(|deal| deal.visible_at <= org.world.now())
        .map(|deal| deal.id.as_str())
        .collect();
    let covered = written(end.min(org.world.now()).timestamp());
    Ok(Answer::json(
        &json!({"ids": ids, "latestDateCovered": covered}),
    ))
}

fn only_deals(object: &str) -> Result<(), Refusal> {
    if object == "Opportunity" {
        Ok(())
    } else {
        Err(Refusal::not_found())
    }
}
