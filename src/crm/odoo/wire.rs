//! Odoo's records, and what they mean here.
//!
//! An empty value is `false`, never `null`; a link is `[id, "display name"]`; a moment is UTC
//! without saying so, in whole seconds; a number is never empty but 0.

use chrono::{NaiveDate, NaiveDateTime};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value as Json, json};

use crate::crm::page::Seen;
use crate::crm::setup::FieldMap;
use crate::domain::Time;
use crate::domain::deal::{Deal, Standing};
use crate::domain::field::{Field, GRADES, Kind, Value};
use crate::domain::ids::{DealId, PersonId};
use crate::domain::people::Person;
use crate::domain::strategy::{Answers, Part};

/// The grades that come with a score.
const SCORED: usize = 4;

/// What is asked of every opportunity, besides our own fields.
pub const FACTS: [&str; 11] = [
    "id",
    "name",
    "active",
    "stage_id",
    "user_id",
    "partner_id",
    "partner_name",
    "expected_revenue",
    "company_currency",
    "date_deadline",
    "write_date",
];

/// A `crm.lead` of type opportunity.
#[derive(Clone, Debug, Deserialize)]
pub struct Lead {
    /// Number.
    pub id: i64,
    #[serde(default, deserialize_with = "or_false")]
    name: Option<String>,
    active: bool,
    #[serde(default, deserialize_with = "or_false")]
    stage_id: Option<Link>,
    #[serde(default, deserialize_with = "or_false")]
    user_id: Option<Link>,
    #[serde(default, deserialize_with = "or_false")]
    partner_id: Option<Link>,
    #[serde(default, deserialize_with = "or_false")]
    partner_name: Option<String>,
    #[serde(default, deserialize_with = "or_false")]
    expected_revenue: Option<f64>,
    #[serde(default, deserialize_with = "or_false")]
    company_currency: Option<Link>,
    #[serde(default, deserialize_with = "or_false")]
    date_deadline: Option<NaiveDate>,
    #[serde(default, deserialize_with = "or_false")]
    probability: Option<f64>,
    /// Odoo 19 and later say it; before, the stage does.
    #[serde(default, deserialize_with = "or_false")]
    won_status: Option<String>,
    /// When its last transaction began, in whole seconds.
    #[serde(deserialize_with = "moment")]
    pub write_date: Time,
    #[serde(flatten)]
    rest: Map<String, Json>,
}

/// A link to another record.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Link {
    /// With the display name.
    Named(i64, String),
    /// The number alone.
    Bare(i64),
}

impl Link {
    /// The number of the record it leads to.
    pub fn id(&self) -> i64 {
        match self {
            Self::Named(id, _) | Self::Bare(id) => *id,
        }
    }

    fn name(&self) -> Option<&str> {
        match self {
            Self::Named(_, name) => Some(name),
            Self::Bare(_) => None,
        }
    }
}

/// A `crm.stage`.
#[derive(Debug, Deserialize)]
pub struct Stage {
    /// Number.
    pub id: i64,
    /// What people call it.
    pub name: String,
    /// Whether a deal in it is won.
    #[serde(default)]
    pub is_won: bool,
}

/// A `crm.team`: its leader and its members.
#[derive(Debug, Deserialize)]
pub struct Team {
    #[serde(default, deserialize_with = "or_false")]
    user_id: Option<Link>,
    #[serde(default)]
    member_ids: Vec<i64>,
}

/// A `res.users`.
#[derive(Debug, Deserialize)]
pub struct User {
    /// Number.
    pub id: i64,
    /// What people call them.
    #[serde(default, deserialize_with = "or_false")]
    pub name: Option<String>,
    #[serde(default, deserialize_with = "or_false")]
    login: Option<String>,
    #[serde(default, deserialize_with = "or_false")]
    email: Option<String>,
    #[serde(default)]
    active: bool,
    #[serde(default, deserialize_with = "or_false")]
    tz: Option<String>,
}

/// A value, or none where Odoo says `false`, or something that cannot be read as one.
fn or_false<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    from: D,
) -> Result<Option<T>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Maybe<T> {
        There(T),
        Not(serde::de::IgnoredAny),
    }
    Ok(match Maybe::deserialize(from)? {
        Maybe::There(value) => Some(value),
        Maybe::Not(_) => None,
    })
}

fn moment<'de, D: Deserializer<'de>>(from: D) -> Result<Time, D::Error> {
    let text = String::deserialize(from)?;
    time_of(&text).ok_or_else(|| serde::de::Error::custom(format!("{text} is not a moment")))
}

/// A moment as Odoo returns it.
pub fn time_of(text: &str) -> Option<Time> {
    let naive = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").ok()?;
    Some(naive.and_utc())
}

/// A moment as Odoo takes it: anything longer is refused.
pub fn time_text(time: Time) -> String {
    time.format("%Y-%m-%d %H:%M:%S").to_string()
}

impl Lead {
    /// What it counts as, given the stages of won deals; none where it is archived without being
    /// lost, which hides it from everyone.
    pub fn standing(&self, won_stages: &[i64]) -> Option<Standing> {
        let stage = self.stage_id.as_ref().map(Link::id);
        let stage_won = stage.is_some_and(|stage| won_stages.contains(&stage));
        match self.won_status.as_deref() {
            Some("won") => Some(Standing::Won),
            Some("lost") => Some(Standing::Lost),
            None if stage_won => Some(Standing::Won),
            None if !self.active && self.probability == Some(0.0) => Some(Standing::Lost),
            _ => self.active.then_some(Standing::Open),
        }
    }

    /// What a pull sees of it.
    pub fn seen(&self, won_stages: &[i64], fields: &FieldMap) -> Seen {
        match self.deal(won_stages, fields) {
            Some(deal) => Seen::Here(Box::new(deal)),
            None => Seen::Gone(DealId::from(self.id.to_string())),
        }
    }

    /// The deal; none where it is archived without being lost.
    pub fn deal(&self, won_stages: &[i64], fields: &FieldMap) -> Option<Deal> {
        let standing = self.standing(won_stages)?;
        let partner = self.partner_id.as_ref().and_then(Link::name);
        let account = self.partner_name.as_deref().or(partner);
        let stage = self.stage_id.as_ref().map(Link::id).unwrap_or_default();
        let currency = self.company_currency.as_ref().and_then(Link::name);
        let mut deal = Deal {
            id: self.id.to_string().into(),
            name: self.name.clone().unwrap_or_default(),
            account: account.map(str::to_owned),
            pipeline: None,
            stage: stage.to_string().into(),
            amount: self.expected_revenue.filter(|amount| *amount != 0.0),
            currency: currency.map(str::to_owned),
            close_on: self.date_deadline,
            seller: self
                .user_id
                .as_ref()
                .map(|user| user.id().to_string().into()),
            standing,
            changed_at: self.write_date,
            revision: None,
            answers: Answers::default(),
            manager_question: String::new(),
            shown: Vec::new(),
        };
        for (field, name) in fields.read() {
            if let Some(raw) = self.rest.get(name) {
                self.show(&mut deal, field, raw, fields);
            }
        }
        Some(deal)
    }

    fn show(&self, deal: &mut Deal, field: Field, raw: &Json, fields: &FieldMap) {
        let text = raw.as_str().unwrap_or_default().replace("\r\n", "\n");
        if let Some(part) = Part::ALL.into_iter().find(|part| part.field() == field) {
            *deal.answers.part_mut(part) = text;
            return;
        }
        match field {
            Field::CheckOn => deal.answers.check_on = text.parse().ok(),
            Field::ManagerQuestion => deal.manager_question = text,
            Field::Score => deal.shown.push((field, self.score(raw, fields))),
            _ => {
                let value = Value::text(fields.label(field, &text));
                deal.shown.push((field, value));
            }
        }
    }

    /// An integer of Odoo is never empty, so a 0 is a score only beside a grade that has one.
    fn score(&self, raw: &Json, fields: &FieldMap) -> Value {
        let grade = fields
            .name(Field::Grade)
            .and_then(|name| self.rest.get(name));
        let grade = grade.and_then(Json::as_str).unwrap_or_default();
        let scored = GRADES[..SCORED].contains(&fields.label(Field::Grade, grade));
        match raw.as_i64() {
            None => Value::Empty,
            Some(0) if !scored => Value::Empty,
            Some(score) => Value::Number(score),
        }
    }
}

impl User {
    /// The person, with the leader of their sales team as manager.
    pub fn person(self, teams: &[Team]) -> Person {
        let leaders = teams
            .iter()
            .filter(|team| team.member_ids.contains(&self.id));
        let manager = leaders
            .filter_map(|team| team.user_id.as_ref().map(Link::id))
            .find(|leader| *leader != self.id);
        let login = self.login.filter(|login| login.contains('@'));
        Person {
            id: PersonId::from(self.id.to_string()),
            name: self.name.unwrap_or_default(),
            email: self.email.or(login),
            active: self.active,
            manager: manager.map(|id| id.to_string().into()),
            time_zone: self.tz,
        }
    }
}

/// The kinds of Odoo field that can hold what ours holds, the one we create first.
pub fn types(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::LongText => &["text", "char"],
        Kind::Text | Kind::Link => &["char", "text"],
        Kind::Number => &["integer", "float"],
        Kind::Pick(_) => &["selection"],
        Kind::Date => &["date"],
        Kind::DateTime => &["datetime"],
    }
}

/// The key of a selection label: `Not enough yet` is `not_enough_yet`.
pub fn option_key(label: &str) -> String {
    let words = label.split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<String> = words
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    words.join("_")
}

/// What a field should hold, as Odoo takes it. PostgreSQL cannot store U+0000.
pub fn written(field: Field, value: &Value, fields: &FieldMap) -> Json {
    match value {
        Value::Empty => json!(false),
        Value::Text(text) if matches!(field.kind(), Kind::Pick(_)) => {
            json!(fields.option(field, text))
        }
        Value::Text(text) => json!(text.replace('\0', "")),
        Value::Number(number) => json!(number),
        Value::Date(day) => json!(day.to_string()),
        Value::Time(time) => json!(time_text(*time)),
    }
}

/// The name of one of our fields. Odoo wants `x_` before every custom one.
pub fn field_name(prefix: &str, plain: &str) -> String {
    let prefix = option_key(prefix);
    let name = match prefix.is_empty() {
        true => plain.to_owned(),
        false => format!("{prefix}_{plain}"),
    };
    match name.starts_with("x_") {
        true => name,
        false => format!("x_{name}"),
    }
}

#[cfg(test)]
mod tests;
