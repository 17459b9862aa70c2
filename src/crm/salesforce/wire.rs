//! Salesforce's shapes, and what they mean.

use serde::Deserialize;

use crate::crm::setup::FieldMap;
use crate::domain::Time;
use crate::domain::deal::{Pipeline, Stage, Standing};
use crate::domain::field::{Field, Kind, Value};
use crate::domain::people::Person;

/// The answer to a query: a page, and whether that was all.
#[derive(Debug, Deserialize)]
pub struct Answer<T> {
    /// False where the query has more rows than this page.
    pub done: bool,
    /// How many rows the query has.
    #[serde(default, rename = "totalSize")]
    pub total: usize,
    /// The page.
    pub records: Vec<T>,
}

/// Who is signed in.
#[derive(Debug, Deserialize)]
pub struct UserInfo {
    pub user_id: String,
    pub organization_id: String,
    #[serde(default)]
    pub name: String,
}

/// A stage.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct OpportunityStage {
    api_name: String,
    master_label: String,
    is_closed: bool,
    is_won: bool,
}

/// The one pipeline: stages belong to the organisation, record types only choose among them.
pub fn pipeline(stages: Vec<OpportunityStage>) -> Pipeline {
    let stages = stages.into_iter().map(|stage| Stage {
        id: stage.api_name.into(),
        name: stage.master_label,
        standing: standing(stage.is_closed, stage.is_won),
    });
    Pipeline {
        id: "default".into(),
        name: "Opportunities".to_owned(),
        stages: stages.collect(),
    }
}

/// What a deal or a stage counts as.
pub fn standing(closed: bool, won: bool) -> Standing {
    match (closed, won) {
        (false, _) => Standing::Open,
        (true, true) => Standing::Won,
        (true, false) => Standing::Lost,
    }
}

/// A user.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct User {
    pub id: String,
    name: String,
    email: Option<String>,
    is_active: bool,
    manager_id: Option<String>,
    time_zone_sid_key: Option<String>,
    pub system_modstamp: Stamp,
}

impl From<User> for Person {
    fn from(user: User) -> Self {
        Self {
            id: user.id.into(),
            name: user.name,
            email: user.email,
            active: user.is_active,
            manager: user.manager_id.map(Into::into),
            time_zone: user.time_zone_sid_key,
        }
    }
}

/// A moment as Salesforce writes it: `2026-11-20T10:15:07.000+0000`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Stamp(pub Time);

impl TryFrom<String> for Stamp {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        moment(&text)
            .map(Self)
            .ok_or_else(|| format!("{text} is not a moment"))
    }
}

/// A moment, with or without a colon in its offset.
pub fn moment(text: &str) -> Option<Time> {
    chrono::DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z")
        .or_else(|_| chrono::DateTime::parse_from_rfc3339(text))
        .map(|time| time.to_utc())
        .ok()
}

/// A value as Salesforce takes it.
pub fn json(field: Field, value: &Value, fields: &FieldMap) -> serde_json::Value {
    match value {
        Value::Empty => serde_json::Value::Null,
        Value::Text(text) if matches!(field.kind(), Kind::Pick(_)) => {
            fields.option(field, text).into()
        }
        Value::Text(text) => text.as_str().into(),
        Value::Number(number) => (*number).into(),
        Value::Date(date) => date.to_string().into(),
        Value::Time(time) => soql_time(*time).into(),
    }
}

/// A moment as queries and bodies write it; whole seconds, as the stamps are.
pub fn soql_time(time: Time) -> String {
    time.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crm::setup::Place;

    #[test]
    fn values_are_written_as_the_api_takes_them() {
        let options = [("Solid".to_owned(), "solid_value".to_owned())];
        let grade = Place {
            name: "Latitude_Grade__c".to_owned(),
            options: options.into_iter().collect(),
            ..Place::default()
        };
        let fields = FieldMap([(Field::Grade, grade)].into_iter().collect());
        let written = |field, value: Value| json(field, &value, &fields).to_string();

        assert_eq!(written(Field::Approach, Value::Empty), "null");
        assert_eq!(
            written(Field::Grade, Value::text("Solid")),
            "\"solid_value\""
        );
        assert_eq!(written(Field::Score, Value::Number(72)), "72");
        let time = "2026-11-20T10:20:00.123Z".parse().expect("a time");
        assert_eq!(
            written(Field::AssessedAt, Value::Time(time)),
            "\"2026-11-20T10:20:00.123Z\""
        );
    }
}
