//! What stands on Pipedrive's wire, and what it means for us.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::crm::setup::FieldMap;
use crate::domain::Time;
use crate::domain::deal::{Deal, Pipeline, Stage, Standing};
use crate::domain::field::{Field, Kind, Value};
use crate::domain::ids::{DealId, PersonId, PipelineId, StageId};
use crate::domain::people::Person;
use crate::domain::strategy::{Answers, Part};

/// The frame of every answer.
#[derive(Debug, Deserialize)]
pub struct Envelope<T> {
    /// False where the call failed, whatever the status says.
    #[serde(default)]
    pub success: bool,
    /// What was asked for.
    pub data: Option<T>,
    /// Where it goes on.
    pub additional_data: Option<More>,
}

/// Where a list goes on: by cursor in version 2, by number in version 1.
#[derive(Debug, Default, Deserialize)]
pub struct More {
    /// Opaque; none on the last page.
    pub next_cursor: Option<String>,
    /// Of version 1.
    pub pagination: Option<Pagination>,
}

/// The paging of version 1.
#[derive(Debug, Deserialize)]
pub struct Pagination {
    /// Whether there is another page.
    #[serde(default)]
    pub more_items_in_collection: bool,
    /// Where it starts.
    pub next_start: Option<u64>,
}

impl<T> Envelope<T> {
    /// The cursor of the next page.
    pub fn cursor(&self) -> Option<String> {
        self.additional_data.as_ref()?.next_cursor.clone()
    }

    /// The start of the next page, in version 1.
    pub fn next_start(&self) -> Option<u64> {
        let pagination = self.additional_data.as_ref()?.pagination.as_ref()?;
        let start = pagination.next_start?;
        pagination.more_items_in_collection.then_some(start)
    }
}

/// A deal.
#[derive(Debug, Deserialize)]
pub struct WireDeal {
    /// A number.
    pub id: u64,
    title: Option<String>,
    owner_id: Option<u64>,
    /// The organization.
    pub org_id: Option<u64>,
    pipeline_id: Option<u64>,
    stage_id: Option<u64>,
    value: Option<f64>,
    currency: Option<String>,
    expected_close_date: Option<NaiveDate>,
    #[serde(default)]
    status: String,
    update_time: Option<Time>,
    add_time: Option<Time>,
    #[serde(default)]
    is_deleted: bool,
    #[serde(default)]
    is_archived: bool,
    #[serde(default)]
    custom_fields: BTreeMap<String, Json>,
}

impl WireDeal {
    /// Whether it was deleted, or put away so that no list shows it any more.
    pub fn is_gone(&self) -> bool {
        self.is_deleted || self.is_archived || self.status == "deleted"
    }
}

/// A deal, with the names of organizations by id.
pub fn deal(told: &WireDeal, fields: &FieldMap, names: &BTreeMap<u64, String>) -> Deal {
    let held = |field: Field| told.custom_fields.get(fields.name(field)?);
    let text = |field: Field| match held(field) {
        Some(Json::String(text)) => text.clone(),
        _ => String::new(),
    };
    let mut answers = Answers::default();
    for part in Part::ALL {
        *answers.part_mut(part) = text(part.field());
    }
    answers.check_on = text(Field::CheckOn).parse().ok();
    let shown = fields
        .read()
        .filter(|(field, key)| field.is_fact() && told.custom_fields.contains_key(*key))
        .map(|(field, _)| (field, fact(field, held(field), fields)))
        .collect();
    let id = |id: Option<u64>| id.map(|id| id.to_string());
    Deal {
        id: DealId::from(told.id.to_string()),
        name: told.title.clone().unwrap_or_default(),
        account: told.org_id.and_then(|id| names.get(&id).cloned()),
        pipeline: id(told.pipeline_id).map(PipelineId::from),
        stage: StageId::from(id(told.stage_id).unwrap_or_default()),
        amount: told.value.filter(|value| value.is_finite()),
        currency: told.currency.clone(),
        close_on: told.expected_close_date,
        seller: id(told.owner_id).map(PersonId::from),
        standing: Standing::named(&told.status),
        changed_at: told.update_time.or(told.add_time).unwrap_or_default(),
        revision: None,
        answers,
        manager_question: text(Field::ManagerQuestion),
        shown,
    }
}

fn fact(field: Field, held: Option<&Json>, fields: &FieldMap) -> Value {
    match held {
        None | Some(Json::Null) => Value::Empty,
        Some(Json::Number(number)) if field.kind() == Kind::Number => number
            .as_f64()
            .map_or(Value::Empty, |number| Value::Number(number as i64)),
        Some(Json::String(text)) => Value::text(fields.label(field, text)),
        // The id of an option, or something typed where our kind is another.
        Some(other) => Value::text(fields.label(field, &other.to_string())),
    }
}

/// A value as Pipedrive takes it; numbers as numbers, options by id, null clears.
pub fn told(field: Field, value: &Value, fields: &FieldMap) -> Json {
    match value {
        Value::Empty => Json::Null,
        Value::Text(text) => match field.kind() {
            Kind::Pick(_) => {
                let option = fields.option(field, text);
                let id = option.parse::<u64>();
                id.map_or_else(|_| json!(option), |id| json!(id))
            }
            _ => json!(text),
        },
        Value::Number(number) => json!(number),
        Value::Date(day) => json!(day.to_string()),
        // There is no type for moments: the day is what fits.
        Value::Time(time) => json!(time.date_naive().to_string()),
    }
}

/// A pipeline.
#[derive(Debug, Deserialize)]
pub struct WirePipeline {
    id: u64,
    name: String,
    #[serde(default)]
    order_nr: i64,
    #[serde(default)]
    is_deleted: bool,
}

/// A stage.
#[derive(Debug, Deserialize)]
pub struct WireStage {
    id: u64,
    name: String,
    pipeline_id: u64,
    #[serde(default)]
    order_nr: i64,
    #[serde(default)]
    is_deleted: bool,
}

/// Pipelines with their stages. Won and lost are no stages here but what becomes of a deal in any.
pub fn pipelines(mut pipelines: Vec<WirePipeline>, mut stages: Vec<WireStage>) -> Vec<Pipeline> {
    pipelines.sort_by_key(|pipeline| pipeline.order_nr);
    stages.sort_by_key(|stage| stage.order_nr);
    let of = |pipeline: &WirePipeline| {
        let own = stages
            .iter()
            .filter(|stage| stage.pipeline_id == pipeline.id);
        own.filter(|stage| !stage.is_deleted)
            .map(|stage| Stage {
                id: StageId::from(stage.id.to_string()),
                name: stage.name.clone(),
                standing: Standing::Open,
            })
            .collect()
    };
    pipelines
        .iter()
        .filter(|pipeline| !pipeline.is_deleted)
        .map(|pipeline| Pipeline {
            id: PipelineId::from(pipeline.id.to_string()),
            name: pipeline.name.clone(),
            stages: of(pipeline),
        })
        .collect()
}

/// A user.
#[derive(Debug, Deserialize)]
pub struct User {
    /// A number.
    pub id: u64,
    /// Display name.
    #[serde(default)]
    pub name: String,
    email: Option<String>,
    #[serde(default)]
    active_flag: bool,
    role_id: Option<u64>,
    timezone_name: Option<String>,
    /// The company, where one asks for oneself.
    pub company_id: Option<u64>,
    /// See [`Self::company_id`].
    pub company_name: Option<String>,
    /// The first part of its address.
    pub company_domain: Option<String>,
}

/// A role; whoever stands in the role above leads those in this one.
#[derive(Debug, Deserialize)]
pub struct Role {
    id: u64,
    parent_role_id: Option<u64>,
}

/// Users as people. A manager is known only where the role above is one person's.
pub fn people(users: Vec<User>, roles: &[Role]) -> Vec<Person> {
    let parent: BTreeMap<u64, u64> = roles
        .iter()
        .filter_map(|role| Some((role.id, role.parent_role_id.filter(|id| *id != role.id)?)))
        .collect();
    let mut holders: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    for user in users.iter().filter(|user| user.active_flag) {
        if let Some(role) = user.role_id {
            holders.entry(role).or_default().push(user.id);
        }
    }
    let manager = |user: &User| {
        let above = holders.get(parent.get(&user.role_id?)?)?;
        let [only] = above[..] else { return None };
        (only != user.id).then(|| PersonId::from(only.to_string()))
    };
    let person = |user: User| Person {
        manager: manager(&user),
        id: PersonId::from(user.id.to_string()),
        name: user.name,
        email: user.email.filter(|email| !email.is_empty()),
        active: user.active_flag,
        time_zone: user.timezone_name.filter(|zone| !zone.is_empty()),
    };
    users.into_iter().map(person).collect()
}

/// An organization.
#[derive(Debug, Deserialize)]
pub struct Organization {
    /// A number.
    pub id: u64,
    /// Its name.
    pub name: Option<String>,
}

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;
