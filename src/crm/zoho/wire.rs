//! Zoho's shapes, and what they are to Latitude.

use std::collections::BTreeMap;

use chrono::{DateTime, FixedOffset, Utc};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value as Json};

use crate::crm::setup::FieldMap;
use crate::domain::deal::{Deal, Standing};
use crate::domain::field::{Field, Kind, Value};
use crate::domain::ids::PersonId;
use crate::domain::people::Person;
use crate::domain::strategy::{Answers, Part};

/// An id: a string of digits in documents, a number in some answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Id(pub String);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            Text(String),
            Number(u64),
        }
        Ok(Self(match Either::deserialize(from)? {
            Either::Text(text) => text,
            Either::Number(number) => number.to_string(),
        }))
    }
}

/// A list of records.
#[derive(Debug, Deserialize)]
pub struct Records<T> {
    /// The records.
    #[serde(default = "Vec::new")]
    pub data: Vec<T>,
    /// Whether there are more.
    #[serde(default)]
    pub info: Info,
}

/// What a list says about itself.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Info {
    /// Whether there are more.
    pub more_records: bool,
}

impl<T> Default for Records<T> {
    fn default() -> Self {
        Self {
            data: Vec::new(),
            info: Info::default(),
        }
    }
}

/// Something that has an id and a name.
#[derive(Debug, Deserialize)]
struct Named {
    id: Option<Id>,
    name: Option<String>,
}

/// A deal, from a list or from a query.
#[derive(Debug, Deserialize)]
pub struct Record {
    /// Its id.
    pub id: Id,
    #[serde(rename = "Deal_Name")]
    name: Option<String>,
    /// Its stage, by the value that is stored.
    #[serde(rename = "Stage")]
    pub stage: Option<String>,
    #[serde(rename = "Pipeline")]
    pipeline: Option<String>,
    #[serde(rename = "Amount")]
    amount: Option<f64>,
    #[serde(rename = "Closing_Date")]
    closing: Option<String>,
    #[serde(rename = "Currency")]
    currency: Option<String>,
    /// When it last changed, in the zone of the signed-in user.
    #[serde(rename = "Modified_Time")]
    pub modified: DateTime<FixedOffset>,
    #[serde(rename = "Owner")]
    owner: Option<Named>,
    #[serde(rename = "Account_Name")]
    account: Option<Named>,
    #[serde(rename = "Account_Name.Account_Name")]
    account_joined: Option<String>,
    #[serde(flatten)]
    rest: Map<String, Json>,
}

/// What the organisation's deal fields say: kept in the cursor of a pull.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct House {
    /// What a deal in each stage counts as.
    pub stages: BTreeMap<String, Standing>,
    /// Whether deals carry a currency of their own.
    pub currencies: bool,
    /// The organisation's currency, where they do not.
    pub currency: Option<String>,
}

impl Record {
    /// The deal it is.
    pub fn deal(self, fields: &FieldMap, house: &House) -> Deal {
        let mut answers = Answers {
            check_on: self.text(fields, Field::CheckOn).parse().ok(),
            ..Answers::default()
        };
        for part in Part::ALL {
            *answers.part_mut(part) = self.text(fields, part.field());
        }
        let stage = self.stage.clone().unwrap_or_default();
        let standing = house.stages.get(&stage).copied();
        Deal {
            answers,
            manager_question: self.text(fields, Field::ManagerQuestion),
            shown: self.shown(fields),
            standing: standing.unwrap_or(Standing::Open),
            stage: stage.into(),
            id: self.id.0.into(),
            name: self.name.unwrap_or_default(),
            account: self
                .account_joined
                .or_else(|| self.account.and_then(|account| account.name)),
            pipeline: self.pipeline.map(Into::into),
            amount: self.amount,
            currency: self.currency.or_else(|| house.currency.clone()),
            close_on: self.closing.and_then(|day| day.parse().ok()),
            seller: self
                .owner
                .and_then(|owner| owner.id)
                .map(|id| PersonId::from(id.0)),
            changed_at: self.modified.with_timezone(&Utc),
            revision: Some(self.modified.to_utc().to_rfc3339()),
        }
    }

    fn text(&self, fields: &FieldMap, field: Field) -> String {
        let text = fields
            .name(field)
            .and_then(|name| self.rest.get(name)?.as_str());
        text.map(|text| text.replace("\r\n", "\n"))
            .unwrap_or_default()
    }

    fn shown(&self, fields: &FieldMap) -> Vec<(Field, Value)> {
        let facts = fields.read().filter(|(field, _)| field.is_fact());
        facts
            .filter_map(|(field, name)| {
                let held = match (field.kind(), self.rest.get(name)?) {
                    (_, Json::Null) => Value::Empty,
                    (Kind::Number, number) => Value::Number(number.as_f64()?.round() as i64),
                    (_, label) => Value::text(fields.label(field, label.as_str()?)),
                };
                Some((field, held))
            })
            .collect()
    }
}

/// A record that was deleted.
#[derive(Debug, Deserialize)]
pub struct Deleted {
    /// Its id.
    pub id: Id,
}

/// A page of users.
#[derive(Debug, Deserialize)]
pub struct Users {
    /// The users.
    pub users: Vec<User>,
    /// Whether there are more.
    #[serde(default)]
    pub info: Info,
}

/// A user.
#[derive(Debug, Deserialize)]
pub struct User {
    id: Id,
    full_name: Option<String>,
    email: Option<String>,
    #[serde(default)]
    status: String,
    #[serde(rename = "Reporting_To")]
    manager: Option<Named>,
    time_zone: Option<String>,
}

impl User {
    /// The person it is.
    pub fn person(self) -> Person {
        Person {
            id: self.id.0.into(),
            name: self.full_name.unwrap_or_default(),
            email: self.email.filter(|email| !email.is_empty()),
            active: self.status == "active",
            manager: self
                .manager
                .and_then(|manager| manager.id)
                .map(|id| PersonId::from(id.0)),
            time_zone: self.time_zone.filter(|zone| zone.contains('/')),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crm::setup::Place;

    #[test]
    fn a_record_becomes_a_deal_from_a_list_and_from_a_query() {
        let place = |name: &str| Place {
            name: name.to_owned(),
            ..Place::default()
        };
        let fields = FieldMap(
            [
                (Field::Approach, place("Approach")),
                (Field::CheckOn, place("Check_on")),
                (Field::Grade, place("Strategy_grade")),
                (Field::Score, place("Strategy_score")),
            ]
            .into(),
        );
        let house = House {
            stages: [("Closed Lost".to_owned(), Standing::Lost)].into(),
            currency: Some("USD".to_owned()),
            currencies: true,
        };

        let page: Records<Record> =
            serde_json::from_str(include_str!("golden/deals.json")).expect("a page");
        let deals: Vec<Deal> = page
            .data
            .into_iter()
            .map(|record| record.deal(&fields, &house))
            .collect();

        let (one, two) = (&deals[0], &deals[1]);
        assert_eq!(one.changed_at.to_rfc3339(), "2026-11-17T02:02:12+00:00");
        assert_eq!(one.account.as_deref(), Some("Kestrel Freight"));
        assert_eq!(one.currency.as_deref(), Some("EUR"));
        assert_eq!(
            one.answers.approach,
            "First the plant lead.\nThen the buyer."
        );
        assert_eq!(one.answers.check_on, "2026-12-01".parse().ok());
        assert!(one.shown.contains(&(Field::Grade, Value::text("Solid"))));
        assert!(one.shown.contains(&(Field::Score, Value::Number(61))));
        assert_eq!(two.id.as_str(), "6493490000001291002");
        assert_eq!(two.account.as_deref(), Some("Umbra Textiles"));
        assert_eq!((two.standing, two.amount), (Standing::Lost, None));
        assert_eq!(two.currency.as_deref(), Some("USD"));
    }
}
