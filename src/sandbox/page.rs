//! The sandbox as a person would see it: a list of deals and a record to edit, with whatever custom
//! fields were set up. A stand-in for a CRM's own screens, which no API gives.

use std::collections::BTreeMap;

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State as Extract};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Map, Value, json};
use url::Url;

use super::control::{Control, edit, no_such_deal};
use super::world::{Deal, State};
use crate::crm::Crm;
use crate::domain::deal::Standing;
use crate::domain::field::{Field, Kind, Owner};

/// The facts that a list filters by.
const FILTERS: [Field; 3] = [Field::Grade, Field::State, Field::WeakestPart];

/// The pages of one sandbox.
pub fn routes() -> Router<Control> {
    Router::new()
        .route("/__sandbox/", get(list))
        .route("/__sandbox/record/{id}", get(record).post(saved))
}

/// Where the CRM's own page of a deal would be, which leads to this one.
pub fn door(crm: &dyn Crm, base: &Url) -> Router {
    const DEAL: &str = "1234567890";
    let lead = |id: &str| Redirect::to(&format!("/__sandbox/record/{id}"));
    let url = crm.deal_url(base, &DEAL.into());
    let Some(url) = url.and_then(|it| Url::parse(&it).ok()) else {
        return Router::new();
    };
    if url.path().contains(DEAL) {
        let path = url.path().replace(DEAL, "{id}");
        return Router::new().route(&path, get(async move |Path(id): Path<String>| lead(&id)));
    }
    if let Some(before) = url.fragment().and_then(|it| it.strip_suffix(DEAL)) {
        let page = signpost(before);
        return Router::new().route(url.path(), get(async move || Html(page)));
    }
    let Some((name, _)) = url.query_pairs().find(|(_, value)| value == DEAL) else {
        return Router::new();
    };
    let name = name.into_owned();
    let by_query = async move |Query(query): Query<BTreeMap<String, String>>| {
        lead(query.get(&name).map_or("", String::as_str))
    };
    Router::new().route(url.path(), get(by_query))
}

/// A page that leads on by itself: what stands behind a `#` no server is told.
fn signpost(before: &str) -> String {
    let before = json!(format!("#{before}"));
    format!(
        "<!doctype html><title>Deals</title><a href=\"/__sandbox/\">Deals</a><script>\
         const before = {before};\
         const lead = () => {{ if (location.hash.startsWith(before)) \
         location.replace(\"/__sandbox/record/\" + location.hash.slice(before.length)); }};\
         addEventListener(\"hashchange\", lead); lead();</script>"
    )
}

#[derive(Template)]
#[template(path = "sandbox/list.html")]
struct List {
    crm: &'static str,
    filters: Vec<Filter>,
    heads: Vec<&'static str>,
    rows: Vec<Row>,
}

struct Filter {
    name: &'static str,
    label: &'static str,
    options: Vec<(String, bool)>,
}

struct Row {
    id: String,
    name: String,
    facts: String,
    close_on: String,
    values: Vec<String>,
}

#[derive(Template)]
#[template(path = "sandbox/record.html")]
struct Record {
    crm: &'static str,
    id: String,
    name: String,
    facts: String,
    stages: Vec<(&'static str, bool)>,
    amount: String,
    close_on: String,
    theirs: Vec<Shown>,
    ours: Vec<Shown>,
}

/// A custom field of a record.
struct Shown {
    api_name: String,
    label: &'static str,
    text: String,
    kind: &'static str,
}

async fn list(
    Extract(control): Extract<Control>,
    Query(asked): Query<BTreeMap<String, String>>,
) -> Response {
    let state = control.world.state();
    let known = known_fields(&state);
    let value = |deal: &Deal, field: Field| {
        let name = known.get(&field)?;
        deal.custom.get(name).map(|it| told(&state, name, it))
    };
    let open = |deal: &&Deal| {
        deal.deleted_at.is_none() && state.stages[deal.stage].standing == Standing::Open
    };
    let wanted = |deal: &&Deal| {
        FILTERS.iter().all(|field| {
            let wish = asked.get(field.name()).filter(|it| !it.is_empty());
            wish.is_none_or(|it| value(deal, *field).as_ref() == Some(it))
        })
    };
    let filters = FILTERS.iter().filter(|it| known.contains_key(it));
    let filters = filters.map(|field| {
        let mut found: Vec<String> = state
            .deals
            .iter()
            .filter(open)
            .filter_map(|it| value(it, *field))
            .collect();
        found.sort_unstable();
        found.dedup();
        let wish = asked.get(field.name());
        Filter {
            name: field.name(),
            label: field.label(),
            options: found
                .into_iter()
                .map(|it| (it.clone(), wish == Some(&it)))
                .collect(),
        }
    });
    let columns: Vec<Field> = [Field::Grade, Field::Score, Field::WeakestPart, Field::State]
        .into_iter()
        .filter(|it| known.contains_key(it))
        .collect();
    let page = List {
        crm: control.crm,
        filters: filters.collect(),
        heads: columns.iter().map(|it| it.label()).collect(),
        rows: state
            .deals
            .iter()
            .filter(open)
            .filter(wanted)
            .map(|deal| Row {
                id: deal.id.clone(),
                name: deal.name.clone(),
                facts: facts(&state, deal),
                close_on: deal.close_on.to_string(),
                values: columns
                    .iter()
                    .map(|it| value(deal, *it).unwrap_or_default())
                    .collect(),
            })
            .collect(),
    };
    shown(&page)
}

async fn record(Extract(control): Extract<Control>, Path(id): Path<String>) -> Response {
    let state = control.world.state();
    let Some(n) = state.deal_at(&id) else {
        return no_such_deal(&id);
    };
    let deal = &state.deals[n];
    let known = known_fields(&state);
    let (theirs, ours): (Vec<Field>, Vec<Field>) = Field::ALL
        .into_iter()
        .filter(|it| known.contains_key(it))
        .partition(|it| it.owner() != Owner::Latitude);
    let fields = |some: Vec<Field>| {
        some.into_iter()
            .map(|field| {
                let name = &known[&field];
                let value = deal.custom.get(name);
                Shown {
                    api_name: name.clone(),
                    label: field.label(),
                    text: value.map(|it| told(&state, name, it)).unwrap_or_default(),
                    kind: match field.kind() {
                        Kind::LongText => "text",
                        Kind::Date => "date",
                        Kind::Link => "link",
                        _ => "line",
                    },
                }
            })
            .collect()
    };
    let page = Record {
        crm: control.crm,
        id: id.clone(),
        name: deal.name.clone(),
        facts: facts(&state, deal),
        stages: state
            .stages
            .iter()
            .enumerate()
            .map(|(n, it)| (it.name, n == deal.stage))
            .collect(),
        amount: deal.amount.map(|it| it.to_string()).unwrap_or_default(),
        close_on: deal.close_on.to_string(),
        theirs: fields(theirs),
        ours: fields(ours),
    };
    shown(&page)
}

/// Saves what was typed into a record; what stayed as it was is no edit.
async fn saved(
    Extract(control): Extract<Control>,
    Path(id): Path<String>,
    Form(typed): Form<BTreeMap<String, String>>,
) -> Response {
    let mut edits = Map::new();
    {
        let state = control.world.state();
        let Some(n) = state.deal_at(&id) else {
            return no_such_deal(&id);
        };
        let deal = &state.deals[n];
        for (name, text) in typed {
            let text = text.replace("\r\n", "\n");
            let before = match name.as_str() {
                "stage" => state.stages[deal.stage].name.to_owned(),
                "amount" => deal.amount.map(|it| it.to_string()).unwrap_or_default(),
                "close_on" => deal.close_on.to_string(),
                field => deal
                    .custom
                    .get(field)
                    .map(|it| told(&state, field, it))
                    .unwrap_or_default(),
            };
            if text == before.replace("\r\n", "\n") {
                continue;
            }
            let value = match name.as_str() {
                "amount" => text.parse::<f64>().map_or(Value::Null, |it| json!(it)),
                _ if text.is_empty() => Value::Null,
                _ => Value::String(text),
            };
            edits.insert(name, value);
        }
    }
    if !edits.is_empty() {
        let answer = edit(Extract(control), Path(id.clone()), Json(edits)).await;
        if answer.status() != StatusCode::OK {
            return answer;
        }
    }
    Redirect::to(&format!("/__sandbox/record/{id}")).into_response()
}

fn facts(state: &State, deal: &Deal) -> String {
    let amount = deal
        .amount
        .map(|it| format!(" · {} {it}", deal.currency))
        .unwrap_or_default();
    let (stage, owner) = (state.stages[deal.stage].name, &state.people[deal.owner]);
    format!("{} · {stage}{amount} · {}", deal.account, owner.name())
}

/// Which custom field is which of ours, by its name or, where names are made up, by its label.
fn known_fields(state: &State) -> BTreeMap<Field, String> {
    let plain = |text: &str| {
        text.to_lowercase()
            .replace(|it: char| !it.is_ascii_alphanumeric(), "")
    };
    let mut known = BTreeMap::new();
    for (name, definition) in &state.fields {
        let short = plain(name.strip_suffix("__c").unwrap_or(name));
        let named = |it: &Field| short.ends_with(&format!("latitude{}", plain(it.name())));
        let labelled = |it: &Field| {
            let texts = definition.as_object().into_iter().flat_map(Map::values);
            texts
                .into_iter()
                .filter_map(Value::as_str)
                .any(|text| text.split(" (").next() == Some(it.label()))
        };
        let field = Field::ALL.into_iter().find(named);
        if let Some(field) = field.or_else(|| Field::ALL.into_iter().find(labelled)) {
            known.insert(field, name.clone());
        }
    }
    known
}

/// A stored value as people read it: an option by its label, where the field's definition has one.
fn told(state: &State, name: &str, value: &Value) -> String {
    let label = state.fields.get(name).and_then(|it| option(it, value));
    label.unwrap_or_else(|| match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    })
}

/// The label beside an option's value, wherever in a definition the options stand.
fn option(definition: &Value, value: &Value) -> Option<String> {
    match definition {
        Value::Array(all) => all.iter().find_map(|it| option(it, value)),
        Value::Object(all) => {
            let same = all.values().any(|it| it == value && !it.is_boolean());
            let label = ["label", "Label", "display_value", "name"].into_iter();
            let label = label.filter_map(|it| all.get(it)).find_map(text_of);
            match label.filter(|_| same) {
                Some(label) => Some(label),
                None => all.values().find_map(|it| option(it, value)),
            }
        }
        _ => None,
    }
}

/// A text, or the one inside that is called a label.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(all) => all.iter().find_map(text_of),
        Value::Object(all) => ["Label", "UserLocalizedLabel", "LocalizedLabels"]
            .into_iter()
            .filter_map(|it| all.get(it))
            .find_map(text_of),
        _ => None,
    }
}

fn shown(page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => Html(html).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}
