//! What stands on HubSpot's wire, and what it means for us.
//!
//! Every property is text or null, whatever its type.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, SecondsFormat};
use serde::Deserialize;

use crate::crm::setup::FieldMap;
use crate::domain::Time;
use crate::domain::deal::{Deal, Pipeline, Stage, Standing};
use crate::domain::field::{Field, Kind, Value};
use crate::domain::ids::{DealId, PersonId, PipelineId, StageId};
use crate::domain::people::Person;
use crate::domain::strategy::{Answers, Part};

/// The property that names the deal's customer, by the company's id.
pub const COMPANY: &str = "hs_primary_associated_company";
/// The property that lists the deals merged into this one.
pub const MERGED: &str = "hs_merged_object_ids";
/// The property that says when the deal last changed.
pub const CHANGED: &str = "hs_lastmodifieddate";

/// The property that names a deal's currency; empty where the portal has only one.
const CURRENCY: &str = "deal_currency_code";

/// The facts of a deal that we read, besides our own fields.
pub const FACTS: [&str; 11] = [
    "dealname",
    "pipeline",
    "dealstage",
    "amount",
    CURRENCY,
    "closedate",
    "hubspot_owner_id",
    "hs_is_closed",
    "hs_is_closed_won",
    COMPANY,
    MERGED,
];

/// One record of any kind.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// Digits.
    pub id: String,
    /// Text or null by name.
    #[serde(default)]
    pub properties: BTreeMap<String, Option<String>>,
    /// When it last changed.
    pub updated_at: Option<Time>,
    /// Whether it was deleted.
    #[serde(default)]
    pub archived: bool,
    /// When it was deleted.
    pub archived_at: Option<Time>,
}

/// A page of anything.
#[derive(Debug, Deserialize)]
pub struct Listing<T> {
    /// What is on the page.
    pub results: Vec<T>,
    /// Where it goes on.
    pub paging: Option<Paging>,
}

/// Where a list goes on.
#[derive(Debug, Deserialize)]
pub struct Paging {
    /// The next page; none on the last.
    pub next: Option<NextPage>,
}

/// The next page of a list.
#[derive(Debug, Deserialize)]
pub struct NextPage {
    /// To be given as `after`.
    pub after: String,
}

impl<T> Listing<T> {
    /// Where it goes on; none on the last page.
    pub fn after(&self) -> Option<&str> {
        let next = self.paging.as_ref()?.next.as_ref()?;
        Some(next.after.as_str())
    }
}

/// The answer to a batch call, with the errors of single records (HTTP 207).
#[derive(Debug, Deserialize)]
pub struct Batch<T> {
    /// What worked.
    #[serde(default = "Vec::new")]
    pub results: Vec<T>,
    /// What did not.
    #[serde(default)]
    pub errors: Vec<BatchError>,
}

/// What one or several records of a batch met.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct BatchError {
    /// Such as `OBJECT_NOT_FOUND`.
    pub category: String,
    /// For people.
    pub message: String,
    /// Which records: `ids`, `objectWriteTraceId`.
    pub context: BTreeMap<String, Vec<String>>,
}

/// The companies of a deal.
#[derive(Debug, Deserialize)]
pub struct Association {
    /// The deal.
    pub from: Id,
    /// The companies.
    pub to: Vec<AssociationTo>,
}

/// An id alone.
#[derive(Debug, Deserialize)]
pub struct Id {
    /// Digits.
    pub id: String,
}

/// A company of a deal, and what it is to it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AssociationTo {
    /// A number, or its digits as text.
    pub to_object_id: serde_json::Value,
    /// What the company is to the deal.
    pub association_types: Vec<AssociationKind>,
}

/// What a company is to a deal.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AssociationKind {
    /// 5 is the primary company.
    pub type_id: u32,
}

/// A pipeline.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WirePipeline {
    id: String,
    label: String,
    #[serde(default)]
    display_order: i64,
    #[serde(default)]
    stages: Vec<WireStage>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireStage {
    id: String,
    label: String,
    #[serde(default)]
    display_order: i64,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
}

/// Pipelines with their stages, in the order people see them.
pub fn pipelines(mut pipelines: Vec<WirePipeline>) -> Vec<Pipeline> {
    pipelines.sort_by_key(|pipeline| pipeline.display_order);
    pipelines.into_iter().map(pipeline).collect()
}

fn pipeline(mut pipeline: WirePipeline) -> Pipeline {
    pipeline.stages.sort_by_key(|stage| stage.display_order);
    let stage = |stage: WireStage| {
        let told = |key: &str| stage.metadata.get(key).map_or("", String::as_str);
        let certain = told("probability").parse() == Ok(1.0);
        Stage {
            standing: standing(told("isClosed") == "true", certain),
            id: stage.id.into(),
            name: stage.label,
        }
    };
    Pipeline {
        id: PipelineId::from(pipeline.id),
        name: pipeline.label,
        stages: pipeline.stages.into_iter().map(stage).collect(),
    }
}

fn standing(closed: bool, won: bool) -> Standing {
    match (closed, won) {
        (false, _) => Standing::Open,
        (true, true) => Standing::Won,
        (true, false) => Standing::Lost,
    }
}

/// Someone who may own deals.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Owner {
    id: String,
    email: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    #[serde(default)]
    archived: bool,
}

/// The person behind an owner. HubSpot's API knows neither managers nor time zones.
pub fn person(owner: Owner) -> Person {
    let named = [owner.first_name, owner.last_name];
    let name: Vec<String> = named.into_iter().flatten().collect();
    let name = name.join(" ").trim().to_owned();
    Person {
        id: PersonId::from(owner.id),
        name: match &owner.email {
            Some(email) if name.is_empty() => email.clone(),
            _ => name,
        },
        email: owner.email.filter(|email| !email.is_empty()),
        active: !owner.archived,
        manager: None,
        time_zone: None,
    }
}

impl Record {
    /// What a property says; none where it is empty.
    fn told(&self, name: &str) -> Option<&str> {
        let value = self.properties.get(name)?.as_deref()?;
        Some(value).filter(|value| !value.is_empty())
    }
}

/// Whether a deal says itself which currency it is in.
pub fn names_currency(record: &Record) -> bool {
    record.told(CURRENCY).is_some()
}

/// A deal, with the names of companies by id, and the currency of deals that name none.
pub fn deal(
    record: &Record,
    fields: &FieldMap,
    (companies, currency): (&BTreeMap<String, String>, Option<&str>),
) -> Deal {
    let told = |name: &str| record.told(name);
    let mut answers = Answers::default();
    for part in Part::ALL {
        let text = fields.name(part.field()).and_then(told).unwrap_or_default();
        text.clone_into(answers.part_mut(part));
    }
    answers.check_on = fields
        .name(Field::CheckOn)
        .and_then(told)
        .and_then(|text| Some(moment(text)?.date_naive()));
    let shown = fields
        .read()
        .filter(|(field, name)| field.is_fact() && record.properties.contains_key(*name))
        .map(|(field, name)| (field, fact(field, told(name), fields)))
        .collect();
    Deal {
        id: DealId::from(record.id.clone()),
        name: told("dealname").unwrap_or_default().to_owned(),
        account: told(COMPANY).and_then(|id| companies.get(id).cloned()),
        pipeline: told("pipeline").map(PipelineId::from),
        stage: StageId::from(told("dealstage").unwrap_or_default()),
        amount: told("amount")
            .and_then(|text| text.parse().ok())
            .filter(|amount: &f64| amount.is_finite()),
        currency: told(CURRENCY).or(currency).map(str::to_owned),
        close_on: told("closedate").and_then(|text| Some(moment(text)?.date_naive())),
        seller: told("hubspot_owner_id").map(PersonId::from),
        standing: standing(
            told("hs_is_closed") == Some("true"),
            told("hs_is_closed_won") == Some("true"),
        ),
        changed_at: told(CHANGED)
            .and_then(moment)
            .or(record.updated_at)
            .unwrap_or_default(),
        revision: None,
        answers,
        manager_question: fields
            .name(Field::ManagerQuestion)
            .and_then(told)
            .unwrap_or_default()
            .to_owned(),
        shown,
    }
}

fn fact(field: Field, told: Option<&str>, fields: &FieldMap) -> Value {
    let Some(text) = told else {
        return Value::Empty;
    };
    match field.kind() {
        // A score that is no number was typed by hand; its words tell it apart from ours.
        Kind::Number => text
            .parse::<f64>()
            .map_or_else(|_| Value::text(text), |number| Value::Number(number as i64)),
        _ => Value::text(fields.label(field, text)),
    }
}

/// A moment as HubSpot writes it: ISO 8601, a day alone, or milliseconds since 1970.
pub fn moment(text: &str) -> Option<Time> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.to_utc());
    }
    if let Ok(day) = text.parse::<NaiveDate>() {
        return Some(day.and_hms_opt(0, 0, 0)?.and_utc());
    }
    DateTime::from_timestamp_millis(text.parse().ok()?)
}

/// A value as HubSpot takes it; an empty text clears.
pub fn told(field: Field, value: &Value, fields: &FieldMap) -> String {
    match value {
        Value::Empty => String::new(),
        Value::Text(text) => match field.kind() {
            Kind::Pick(_) => fields.option(field, text).to_owned(),
            _ => text.clone(),
        },
        Value::Number(number) => number.to_string(),
        Value::Date(day) => day.to_string(),
        Value::Time(time) => time.to_rfc3339_opts(SecondsFormat::Millis, true),
    }
}

/// The ids in a `;` list.
pub fn ids(list: &str) -> impl Iterator<Item = DealId> + '_ {
    list.split(';')
        .map(str::trim)
        .filter(|id| !id.is_empty())
        .map(DealId::from)
}

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;
