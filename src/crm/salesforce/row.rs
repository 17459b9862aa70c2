//! A row of Opportunity, read straight into its place, and the deal it is.

use chrono::NaiveDate;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use super::wire::{Stamp, moment, standing};
use crate::crm::page::Seen;
use crate::crm::setup::FieldMap;
use crate::domain::Time;
use crate::domain::deal::Deal;
use crate::domain::field::{Field, Kind, Value};
use crate::domain::strategy::{Answers, Part};

/// An opportunity, with whichever of our fields were asked for.
#[derive(Debug, Default)]
pub struct Opportunity {
    pub id: String,
    pub stamp: Time,
    is_deleted: bool,
    name: String,
    stage: String,
    amount: Option<f64>,
    currency: Option<String>,
    close_date: Option<NaiveDate>,
    owner: Option<String>,
    account: Option<String>,
    is_closed: bool,
    is_won: bool,
    modified: Option<String>,
    ours: Vec<(String, Cell)>,
}

/// The value of a custom field.
#[derive(Clone, Debug, PartialEq)]
enum Cell {
    Null,
    Text(String),
    Number(f64),
}

/// A member of a row; only names of custom fields are kept as text.
enum Key {
    Attributes,
    Id,
    SystemModstamp,
    IsDeleted,
    Name,
    StageName,
    Amount,
    CurrencyIsoCode,
    CloseDate,
    OwnerId,
    Account,
    IsClosed,
    IsWon,
    LastModifiedDate,
    Ours(String),
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_identifier(Keys)
    }
}

struct Keys;

impl Visitor<'_> for Keys {
    type Value = Key;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a field's name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Key, E> {
        Ok(match name {
            "attributes" => Key::Attributes,
            "Id" => Key::Id,
            "SystemModstamp" => Key::SystemModstamp,
            "IsDeleted" => Key::IsDeleted,
            "Name" => Key::Name,
            "StageName" => Key::StageName,
            "Amount" => Key::Amount,
            "CurrencyIsoCode" => Key::CurrencyIsoCode,
            "CloseDate" => Key::CloseDate,
            "OwnerId" => Key::OwnerId,
            "Account" => Key::Account,
            "IsClosed" => Key::IsClosed,
            "IsWon" => Key::IsWon,
            "LastModifiedDate" => Key::LastModifiedDate,
            ours => Key::Ours(ours.to_owned()),
        })
    }
}

#[derive(Deserialize)]
struct Parent {
    #[serde(rename = "Name")]
    name: Option<String>,
}

impl<'de> Deserialize<'de> for Opportunity {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(Rows)
    }
}

/// Reads a row straight into its place: a first pull holds hundreds of megabytes of them.
struct Rows;

impl<'de> Visitor<'de> for Rows {
    type Value = Opportunity;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an Opportunity")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Opportunity, A::Error> {
        let mut row = Opportunity::default();
        let mut stamp = None;
        while let Some(key) = map.next_key::<Key>()? {
            match key {
                Key::Attributes => drop(map.next_value::<IgnoredAny>()?),
                Key::Id => row.id = map.next_value()?,
                Key::SystemModstamp => stamp = Some(map.next_value::<Stamp>()?.0),
                Key::IsDeleted => row.is_deleted = map.next_value()?,
                Key::Name => row.name = map.next_value::<Option<String>>()?.unwrap_or_default(),
                Key::StageName => {
                    row.stage = map.next_value::<Option<String>>()?.unwrap_or_default();
                }
                Key::Amount => row.amount = map.next_value()?,
                Key::CurrencyIsoCode => row.currency = map.next_value()?,
                Key::CloseDate => {
                    let date = map.next_value::<Option<String>>()?;
                    row.close_date = date.and_then(|date| date.parse().ok());
                }
                Key::OwnerId => row.owner = map.next_value()?,
                Key::Account => {
                    row.account = map
                        .next_value::<Option<Parent>>()?
                        .and_then(|parent| parent.name);
                }
                Key::IsClosed => row.is_closed = map.next_value()?,
                Key::IsWon => row.is_won = map.next_value()?,
                Key::LastModifiedDate => row.modified = map.next_value()?,
                Key::Ours(name) => row.ours.push((name, map.next_value()?)),
            }
        }
        row.stamp = stamp.ok_or_else(|| serde::de::Error::missing_field("SystemModstamp"))?;
        if row.id.is_empty() {
            return Err(serde::de::Error::missing_field("Id"));
        }
        Ok(row)
    }
}

impl<'de> Deserialize<'de> for Cell {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Cells)
    }
}

struct Cells;

impl<'de> Visitor<'de> for Cells {
    type Value = Cell;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a field's value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Cell, E> {
        Ok(Cell::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Cell, E> {
        Ok(Cell::Text(text))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Cell, E> {
        Ok(Cell::Number(number))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Cell, E> {
        Ok(Cell::Number(number as f64))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Cell, E> {
        Ok(Cell::Number(number as f64))
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Cell, E> {
        Ok(Cell::Text(truth.to_string()))
    }

    fn visit_unit<E>(self) -> Result<Cell, E> {
        Ok(Cell::Null)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Cell, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Cell::Null)
    }
}

impl Opportunity {
    /// What a pull sees of it.
    pub fn seen(self, known: (&FieldMap, Option<&str>)) -> Seen {
        if self.is_deleted {
            Seen::Gone(self.id.into())
        } else {
            Seen::Here(Box::new(self.deal(known)))
        }
    }

    /// The deal it is, with the currency of an organisation that has only one.
    pub fn deal(self, (fields, currency): (&FieldMap, Option<&str>)) -> Deal {
        let mut answers = Answers::default();
        let mut manager_question = String::new();
        let mut shown = Vec::new();
        for (name, cell) in self.ours {
            let Some(field) = fields.field(&name) else {
                continue;
            };
            let value = value(field, cell, fields);
            if field.is_fact() {
                shown.push((field, value));
            } else if field == Field::ManagerQuestion {
                manager_question = text(value);
            } else if field == Field::CheckOn {
                answers.check_on = match value {
                    Value::Date(date) => Some(date),
                    _ => None,
                };
            } else if let Some(part) = Part::ALL.into_iter().find(|part| part.field() == field) {
                *answers.part_mut(part) = text(value);
            }
        }
        Deal {
            id: self.id.into(),
            name: self.name,
            account: self.account,
            pipeline: None,
            stage: self.stage.into(),
            amount: self.amount,
            currency: self.currency.or_else(|| currency.map(str::to_owned)),
            close_on: self.close_date,
            seller: self.owner.map(Into::into),
            standing: standing(self.is_closed, self.is_won),
            changed_at: self.stamp,
            revision: self.modified,
            answers,
            manager_question,
            shown,
        }
    }
}

fn text(value: Value) -> String {
    match value {
        Value::Text(text) => text,
        _ => String::new(),
    }
}

/// A cell as our field holds it; a cell of another kind counts as empty.
fn value(field: Field, cell: Cell, fields: &FieldMap) -> Value {
    match (field.kind(), cell) {
        (Kind::Number, Cell::Number(number)) => Value::Number(number.round() as i64),
        (Kind::Number, Cell::Text(digits)) => digits
            .trim()
            .parse::<f64>()
            .map_or(Value::Empty, |number| Value::Number(number.round() as i64)),
        (Kind::Pick(_), Cell::Text(theirs)) => Value::text(fields.label(field, &theirs)),
        (Kind::Date, Cell::Text(date)) => date.parse().map_or(Value::Empty, Value::Date),
        (Kind::DateTime, Cell::Text(time)) => moment(&time).map_or(Value::Empty, Value::Time),
        // Breaks typed in the CRM's own pages come as CR LF.
        (_, Cell::Text(text)) if text.contains('\r') => Value::text(text.replace("\r\n", "\n")),
        (_, Cell::Text(text)) => Value::text(text),
        (_, Cell::Null | Cell::Number(_)) => Value::Empty,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crm::salesforce::wire::Answer;
    use crate::crm::setup::Place;

    fn fields() -> FieldMap {
        let named = |field: Field, name: &str| {
            let mut place = Place {
                name: name.to_owned(),
                ..Place::default()
            };
            if field == Field::Grade {
                let (label, value) = ("Solid".to_owned(), "solid_value".to_owned());
                place.options.insert(label, value);
            }
            (field, place)
        };
        let fields = [
            named(Field::Approach, "Latitude_Approach__c"),
            named(Field::CheckOn, "Latitude_Check_On__c"),
            named(Field::ManagerQuestion, "Latitude_Manager_Question__c"),
            named(Field::Score, "Latitude_Score__c"),
            named(Field::Grade, "Latitude_Grade__c"),
        ];
        FieldMap(fields.into_iter().collect())
    }

    #[test]
    fn rows_become_deals_and_deleted_ones_are_gone() {
        let answer: Answer<Opportunity> =
            serde_json::from_str(include_str!("golden/deal.json")).expect("an answer");
        assert!(answer.done);

        let mut seen = answer
            .records
            .into_iter()
            .map(|row| row.seen((&fields(), None)));

        let Some(Seen::Here(deal)) = seen.next() else {
            panic!("a deal")
        };
        assert_eq!(deal.id.as_str(), "006D000000AbCdEIAV");
        assert_eq!(deal.account.as_deref(), Some("Acme"));
        assert_eq!(deal.amount, Some(120_000.0));
        assert_eq!(deal.currency.as_deref(), Some("EUR"));
        assert_eq!(deal.changed_at.to_rfc3339(), "2026-11-20T10:15:07+00:00");
        assert_eq!(
            deal.revision.as_deref(),
            Some("2026-11-20T10:15:06.000+0000")
        );
        assert_eq!(
            deal.answers.approach,
            "First the plant lead,\nthen the audit."
        );
        assert_eq!(deal.answers.check_on, "2026-11-30".parse().ok());
        assert_eq!(deal.manager_question, "");
        let shown = [
            (Field::Score, Value::Number(72)),
            (Field::Grade, Value::text("Solid")),
        ];
        assert_eq!(deal.shown, shown);
        assert_eq!(seen.next(), Some(Seen::Gone("006D000000AbCdFIAV".into())));
    }

    #[test]
    fn a_row_without_id_or_stamp_is_refused() {
        for row in [
            r#"{"Id":"006D000000AbCdEIAV"}"#,
            r#"{"SystemModstamp":"2026-11-20T10:15:07.000+0000"}"#,
            r#"{"Id":"006D000000AbCdEIAV","SystemModstamp":"yesterday"}"#,
            "[]",
        ] {
            assert!(serde_json::from_str::<Opportunity>(row).is_err(), "{row}");
        }
    }
}
