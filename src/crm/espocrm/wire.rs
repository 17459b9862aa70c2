//! EspoCRM's records, and what they mean here.

use std::collections::BTreeMap;

use chrono::{NaiveDate, NaiveDateTime};
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use crate::crm::setup::FieldMap;
use crate::domain::Time;
use crate::domain::deal::{self, Deal, Standing};
use crate::domain::field::{Field, Kind, Value};
use crate::domain::people::Person;
use crate::domain::strategy::{Answers, Part, same_words};

/// What is asked of every opportunity, besides our own fields.
pub const FACTS: [&str; 10] = [
    "id",
    "name",
    "stage",
    "amount",
    "amountCurrency",
    "closeDate",
    "accountName",
    "assignedUserId",
    "modifiedAt",
    "versionNumber",
];

/// A page of records.
#[derive(Debug, Deserialize)]
pub struct Listed<T> {
    /// All there are; negative where they were not counted.
    #[serde(default)]
    pub total: i64,
    /// Those of this page.
    pub list: Vec<T>,
}

/// An `Opportunity`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Opportunity {
    /// 17 hex digits, growing with time.
    pub id: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    stage: Option<String>,
    #[serde(default)]
    amount: Option<f64>,
    #[serde(default)]
    amount_currency: Option<String>,
    #[serde(default)]
    close_date: Option<NaiveDate>,
    #[serde(default)]
    account_name: Option<String>,
    #[serde(default)]
    assigned_user_id: Option<String>,
    /// UTC, in whole seconds.
    pub modified_at: String,
    #[serde(default)]
    version_number: Option<i64>,
    #[serde(flatten)]
    rest: Map<String, Json>,
}

/// A record of which only the id is asked.
#[derive(Debug, Deserialize)]
pub struct Identified {
    /// Its id.
    pub id: String,
}

/// A `User`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// Its id.
    pub id: String,
    /// What people call them.
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    user_name: Option<String>,
    #[serde(default)]
    email_address: Option<String>,
    #[serde(default)]
    is_active: bool,
    #[serde(default, rename = "type")]
    kind: Option<String>,
}

/// A field's definition in the metadata.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Definition {
    /// Such as `varchar`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What an enum may be.
    pub options: Vec<Json>,
    /// For stages: how likely a deal in it is won.
    pub probability_map: BTreeMap<String, f64>,
    /// The longest text.
    pub max_length: Option<usize>,
    /// Whether nobody may write it.
    pub read_only: bool,
}

impl Definition {
    /// The stages, in order. One that is sure is won, one without hope lost.
    pub fn stages(&self) -> Vec<deal::Stage> {
        let names = self
            .options
            .iter()
            .filter_map(Json::as_str)
            .filter(|name| !name.is_empty());
        let stages = names.map(|name| deal::Stage {
            id: name.into(),
            name: name.to_owned(),
            standing: self.standing(name),
        });
        stages.collect()
    }

    fn standing(&self, stage: &str) -> Standing {
        match self.probability_map.get(stage) {
            Some(sure) if *sure >= 100.0 => Standing::Won,
            Some(never) if *never <= 0.0 => Standing::Lost,
            _ => Standing::Open,
        }
    }
}

/// A moment as EspoCRM returns it.
pub fn time_of(text: &str) -> Option<Time> {
    let naive = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").ok()?;
    Some(naive.and_utc())
}

/// A moment as EspoCRM keeps it.
pub fn time_text(time: Time) -> String {
    time.format("%Y-%m-%d %H:%M:%S").to_string()
}

impl Opportunity {
    /// The deal, given the stages.
    pub fn deal(self, stages: &[deal::Stage], fields: &FieldMap) -> Deal {
        let stage = self.stage.unwrap_or_default();
        let known = stages.iter().find(|it| it.name == stage);
        let mut deal = Deal {
            id: self.id.into(),
            name: self.name.unwrap_or_default(),
            account: self.account_name,
            pipeline: None,
            standing: known.map_or(Standing::Open, |it| it.standing),
            stage: stage.into(),
            amount: self.amount,
            currency: self.amount_currency,
            close_on: self.close_date,
            seller: self.assigned_user_id.map(Into::into),
            changed_at: time_of(&self.modified_at).unwrap_or_default(),
            revision: self.version_number.map(|number| number.to_string()),
            answers: Answers::default(),
            manager_question: String::new(),
            shown: Vec::new(),
        };
        for (field, name) in fields.read() {
            if let Some(raw) = self.rest.get(name) {
                show(&mut deal, field, raw, fields);
            }
        }
        deal
    }
}

fn show(deal: &mut Deal, field: Field, raw: &Json, fields: &FieldMap) {
    let text = raw.as_str().unwrap_or_default().replace("\r\n", "\n");
    if let Some(part) = Part::ALL.into_iter().find(|part| part.field() == field) {
        *deal.answers.part_mut(part) = text;
        return;
    }
    match field {
        Field::CheckOn => deal.answers.check_on = text.parse().ok(),
        Field::ManagerQuestion => deal.manager_question = text,
        Field::Score => {
            let score = raw.as_i64().map_or(Value::Empty, Value::Number);
            deal.shown.push((field, score));
        }
        _ => {
            let value = Value::text(fields.label(field, &text));
            deal.shown.push((field, value));
        }
    }
}

impl User {
    /// The person; none for customers with access to a portal. EspoCRM knows no reporting line,
    /// and keeps time zones private.
    pub fn person(self) -> Option<Person> {
        if self.kind.as_deref() == Some("portal") {
            return None;
        }
        let login = self.user_name.filter(|name| name.contains('@'));
        Some(Person {
            id: self.id.into(),
            name: self.name.unwrap_or_default(),
            email: self.email_address.or(login),
            active: self.is_active,
            manager: None,
            time_zone: None,
        })
    }
}

/// The kinds of field that can hold what ours holds, the one we create first.
pub fn types(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::LongText => &["text", "varchar"],
        Kind::Text => &["varchar", "text"],
        Kind::Link => &["url", "varchar", "text"],
        Kind::Number => &["int"],
        Kind::Pick(_) => &["enum"],
        Kind::Date => &["date"],
        Kind::DateTime => &["datetime"],
    }
}

/// What a field should hold, as EspoCRM takes it. PostgreSQL, one of its databases, cannot store
/// U+0000.
pub fn written(field: Field, value: &Value, fields: &FieldMap) -> Json {
    match value {
        Value::Empty => Json::Null,
        Value::Text(text) if matches!(field.kind(), Kind::Pick(_)) => {
            json!(fields.option(field, text))
        }
        Value::Text(text) => json!(text.replace('\0', "")),
        Value::Number(number) => json!(number),
        Value::Date(day) => json!(day.to_string()),
        Value::Time(time) => json!(time_text(*time)),
    }
}

/// Whether the answer to a write shows what was sent. Links are left alone: their form may change.
pub fn kept(field: Field, sent: &Json, shown: Option<&Json>) -> bool {
    let Some(shown) = shown else {
        return false;
    };
    let words = |json: &Json| json.as_str().unwrap_or_default().to_owned();
    match (field.kind(), sent) {
        (Kind::Link, _) => true,
        (_, Json::String(_) | Json::Null) if !shown.is_number() => {
            same_words(&words(sent), &words(shown))
        }
        _ => sent == shown,
    }
}

/// The name of one of our fields: EspoCRM puts `c` before every custom one.
pub fn field_name(prefix: &str, plain: &str) -> String {
    let words = format!("{prefix}_{plain}");
    let words = words
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty());
    words.fold("c".to_owned(), |mut name, word| {
        let mut letters = word.chars();
        name.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        name.push_str(letters.as_str());
        name
    })
}

/// The name under which a custom field is asked for: without the `c` that will be put before it.
pub fn bare_name(name: &str) -> String {
    let mut letters = name.strip_prefix('c').unwrap_or(name).chars();
    let first = letters.next().map(|first| first.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crm::setup::Place;

    #[test]
    fn an_opportunity_becomes_a_deal() {
        let listed: Listed<Opportunity> =
            serde_json::from_str(include_str!("golden/opportunities.json")).expect("records");
        let stage: Definition =
            serde_json::from_str(include_str!("golden/stage.json")).expect("a definition");
        let place = |field: Field| Place {
            name: field_name("latitude_", field.name()),
            ..Place::default()
        };
        let fields = FieldMap(Field::ALL.map(|field| (field, place(field))).into());

        let deals: Vec<Deal> = listed
            .list
            .into_iter()
            .map(|one| one.deal(&stage.stages(), &fields))
            .collect();

        assert_eq!(deals[0].standing, Standing::Open);
        assert_eq!(deals[0].account.as_deref(), Some("Kiln Brewing"));
        assert_eq!(deals[0].revision.as_deref(), Some("4"));
        assert_eq!(
            deals[0].answers.customer_outcome,
            "Dry stock.\nNo more claims."
        );
        assert_eq!(
            deals[0]
                .answers
                .check_on
                .map(|day| day.to_string())
                .as_deref(),
            Some("2026-12-01")
        );
        assert!(deals[0].shown.contains(&(Field::Score, Value::Number(0))));
        assert!(deals[0].shown.contains(&(Field::Grade, Value::Empty)));
        assert_eq!(deals[1].standing, Standing::Lost);
        assert_eq!((deals[1].amount, deals[1].seller.clone()), (None, None));
        assert!(deals[1].shown.contains(&(Field::Score, Value::Empty)));
    }

    #[test]
    fn names_get_a_c_and_lose_it() {
        assert_eq!(field_name("latitude_", "check_on"), "cLatitudeCheckOn");
        assert_eq!(field_name("", "check_on"), "cCheckOn");
        assert_eq!(bare_name("cLatitudeCheckOn"), "latitudeCheckOn");
    }

    #[test]
    fn an_answer_that_does_not_show_what_was_sent_is_noticed() {
        assert!(kept(Field::Score, &json!(5), Some(&json!(5))));
        assert!(!kept(Field::Score, &json!(5), Some(&json!(null))));
        assert!(!kept(Field::Score, &json!(null), Some(&json!(5))));
        assert!(!kept(Field::Score, &json!(5), None));
        assert!(kept(
            Field::Coaching,
            &json!("a\nb"),
            Some(&json!("a\r\nb "))
        ));
        assert!(kept(Field::Grade, &json!(null), Some(&json!(""))));
    }
}
