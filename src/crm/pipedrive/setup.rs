//! Our fields, known by what people see.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::read::{cost, read};
use super::wire::Envelope;
use super::{Pipedrive, filters};
use crate::crm::Crm;
use crate::crm::session::Session;
use crate::crm::setup::{Access, Blueprint, Fit, Found, Place, Setup, Step};
use crate::domain::field::{Field, Kind};
use crate::http::fault::{Cause, Fault};

/// Definitions on a page.
const PAGE: usize = 500;
/// A field's definition.
#[derive(Debug, Deserialize)]
pub struct Definition {
    field_name: String,
    field_code: String,
    field_type: String,
    #[serde(default)]
    is_custom_field: bool,
    options: Option<Vec<FieldOption>>,
}

impl Definition {
    /// The key that deals hold the field under.
    pub fn key(&self) -> &str {
        &self.field_code
    }
}

/// An option; those of fields that Pipedrive made have words for ids.
#[derive(Debug, Deserialize)]
struct FieldOption {
    id: Json,
    label: String,
}

/// What exists of what is wanted.
pub async fn found(session: &Session, wanted: &Blueprint) -> Result<Setup, Fault> {
    let definitions = definitions(session).await?;
    let fields = Field::ALL
        .into_iter()
        .filter_map(|field| match &matching(wanted, field, &definitions)[..] {
            [] => None,
            [only] => Some(look(field, only)),
            [first, ..] => Some(Found {
                fit: Fit::OtherKind("several fields of that name".to_owned()),
                ..look(field, first)
            }),
        })
        .collect();
    let views = if wanted.views.is_empty() {
        BTreeMap::new()
    } else {
        filters::found(session, wanted).await?
    };
    Ok(Setup {
        fields,
        views,
        access: Access::NotNeeded,
    })
}

/// The definitions a field may be: by key or name where the admin chose one, else by our name.
pub fn matching<'a>(
    wanted: &Blueprint,
    field: Field,
    definitions: &'a [Definition],
) -> Vec<&'a Definition> {
    let ours = Pipedrive.field_name(&wanted.prefix, field);
    let custom = definitions.iter().filter(|it| it.is_custom_field);
    let is_it = |it: &&Definition| match wanted.mapped.get(&field) {
        Some(chosen) => it.field_code == *chosen || it.field_name == *chosen,
        None => it.field_name == ours,
    };
    custom.filter(is_it).collect()
}

/// Under which name the session remembers the definitions of fields.
const MEMO: &str = "deal_fields";

/// The definitions of all fields of deals, as they are now.
async fn definitions(session: &Session) -> Result<Vec<Definition>, Fault> {
    session.memo.forget(MEMO);
    let mut all = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let mut call = session
            .api
            .get("/api/v2/dealFields")
            .cost(cost::LIST)
            .query("limit", PAGE);
        if let Some(cursor) = &cursor {
            call = call.query("cursor", cursor);
        }
        let (_, page): (_, Envelope<Vec<Json>>) = read(session, call).await?;
        let next = page.cursor();
        all.extend(page.data.unwrap_or_default());
        if next.is_none() || next == cursor {
            break;
        }
        cursor = next;
    }
    session.memo.keep(MEMO, all.clone());
    let shape = |error| Fault::Unknown(Cause::told("bad_body", format!("dealFields: {error}")));
    serde_json::from_value(Json::Array(all)).map_err(shape)
}

/// The definitions of all fields of deals, as this session last saw or made them: a list costs ten
/// tokens, and a plan has many steps.
pub async fn known_definitions(session: &Session) -> Result<Vec<Definition>, Fault> {
    match session.memo.get(MEMO) {
        Some(known) => Ok(known),
        None => definitions(session).await,
    }
}

fn labels(field: Field) -> &'static [&'static str] {
    match field.kind() {
        Kind::Pick(labels) => labels,
        _ => &[],
    }
}

/// The type that holds what a field holds.
fn shape(field: Field) -> &'static str {
    match field.kind() {
        Kind::LongText => "text",
        // There is no type for links; people can click on text that is one.
        Kind::Text | Kind::Link => "varchar",
        Kind::Number => "double",
        Kind::Pick(_) => "enum",
        // Nor one for moments.
        Kind::Date | Kind::DateTime => "date",
    }
}

/// What a definition is to one of our fields.
pub fn look(field: Field, definition: &Definition) -> Found {
    let known = definition.options.as_deref().unwrap_or_default();
    let missing: Vec<String> = labels(field)
        .iter()
        .filter(|label| !known.iter().any(|it| it.label == **label))
        .map(|label| (*label).to_owned())
        .collect();
    let fit = if definition.field_type != shape(field) {
        Fit::OtherKind(definition.field_type.clone())
    } else if missing.is_empty() {
        Fit::Good
    } else {
        Fit::MissingOptions(missing)
    };
    let options = known
        .iter()
        .filter(|it| labels(field).contains(&it.label.as_str()))
        .map(|it| {
            let id = it.id.to_string();
            (it.label.clone(), id.trim_matches('"').to_owned())
        })
        .collect();
    Found {
        field,
        place: Place {
            name: definition.field_code.clone(),
            longest: None,
            options,
        },
        id: None,
        fit,
    }
}

/// Carries out one step.
pub async fn apply(session: &Session, wanted: &Blueprint, step: &Step) -> Result<(), Fault> {
    match step {
        Step::CreateField(field) => create(session, wanted, *field).await,
        Step::AddOptions(field, labels) => add_options(session, wanted, *field, labels).await,
        Step::CreateView(key) => match wanted.views.iter().find(|view| view.key == *key) {
            Some(view) => filters::create(session, wanted, view).await,
            None => Ok(()),
        },
        Step::RemoveView(_, id) => {
            removed(session, &format!("/api/v1/filters/{id}"), cost::LIST).await
        }
        Step::RemoveField(_, key, _) => {
            let place = format!("/api/v2/dealFields/{key}");
            removed(session, &place, cost::CHANGE).await
        }
        Step::Grant | Step::Revoke => Ok(()),
    }
}

/// Removing what is gone already is done.
async fn removed(session: &Session, place: &str, price: u32) -> Result<(), Fault> {
    session.memo.forget(MEMO);
    let call = session.api.delete(place).cost(price).idempotent();
    match read::<Json>(session, call).await {
        Ok(_) | Err(Fault::Gone(_)) => Ok(()),
        Err(fault) => Err(fault),
    }
}

async fn create(session: &Session, wanted: &Blueprint, field: Field) -> Result<(), Fault> {
    // Names need not be unique, so a second one would come into being without a word.
    let existing = known_definitions(session).await?;
    if !matching(wanted, field, &existing).is_empty() {
        return Ok(());
    }
    let mut definition = json!({
        "field_name": Pipedrive.field_name(&wanted.prefix, field),
        "field_type": shape(field),
        "description": field.help(),
        "ui_visibility": {
            "add_visible_flag": false,
            "details_visible_flag": true,
            "show_in_pipelines": {"show_in_all": true},
        },
    });
    if let Kind::Pick(labels) = field.kind() {
        let options = labels.iter().map(|label| json!({"label": label}));
        definition["options"] = options.collect();
    }
    let call = session
        .api
        .post("/api/v2/dealFields")
        .cost(cost::CHANGE)
        .json(&definition);
    let known: Option<Vec<Json>> = session.memo.get(MEMO);
    // Where no answer comes, the field may have come into being all the same.
    session.memo.forget(MEMO);
    let (_, made): (_, Envelope<Json>) = read(session, call).await?;
    if let (Some(mut known), Some(made)) = (known, made.data) {
        known.push(made);
        session.memo.keep(MEMO, known);
    }
    Ok(())
}

async fn add_options(
    session: &Session,
    wanted: &Blueprint,
    field: Field,
    labels: &[String],
) -> Result<(), Fault> {
    let existing = definitions(session).await?;
    let Some(definition) = matching(wanted, field, &existing).first().copied() else {
        return Ok(());
    };
    let known = definition.options.as_deref().unwrap_or_default();
    let lacking: Vec<Json> = labels
        .iter()
        .filter(|label| !known.iter().any(|it| it.label == **label))
        .map(|label| json!({"label": label}))
        .collect();
    if lacking.is_empty() {
        return Ok(());
    }
    let place = format!("/api/v2/dealFields/{}/options", definition.field_code);
    let call = session
        .api
        .post(place)
        .cost(cost::CHANGE)
        .json(&Json::Array(lacking));
    session.memo.forget(MEMO);
    read::<Json>(session, call).await.map(drop)
}
