//! What people see of our fields: a page in the form, columns in the list, filters for managers.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::frame;
use super::rpc::{Ask, speaks_json2};
use super::setup::{Numbered, has_field, name_of, remove};
use super::wire::option_key;
use crate::crm::session::Session;
use crate::crm::setup::{Blueprint, Condition, View};
use crate::domain::field::{Field, Kind, Owner};
use crate::http::fault::{Cause, Fault};

/// The form, list and pipeline that come with Odoo's CRM, by their names in its module.
const FORM: &str = "crm_lead_view_form";
const LIST: &str = "crm_case_tree_view_oppor";
const PIPELINE: &str = "crm_lead_action_pipeline";

/// The columns managers get, which they may switch off.
const COLUMNS: [Field; 3] = [Field::Grade, Field::State, Field::NeedState];

fn own_names(wanted: &Blueprint) -> [String; 2] {
    let prefix = option_key(&wanted.prefix);
    ["form", "list"].map(|kind| format!("{prefix}.crm.lead.{kind}"))
}

/// The numbers of our extensions of form and list, by name.
pub async fn own_views(
    session: &Session,
    wanted: &Blueprint,
) -> Result<BTreeMap<String, i64>, Fault> {
    #[derive(Deserialize)]
    struct Named {
        id: i64,
        name: String,
    }
    let views: Vec<Named> = Ask::new("ir.ui.view", "search_read")
        .arg(
            "domain",
            json!([
                ["model", "=", "crm.lead"],
                ["name", "in", own_names(wanted)]
            ]),
        )
        .named("fields", json!(["id", "name"]))
        .read(session)
        .await?;
    Ok(views.into_iter().map(|view| (view.name, view.id)).collect())
}

/// Puts our fields into the form and the list, or brings what is there up to date.
pub async fn show(session: &Session, wanted: &Blueprint) -> Result<(), Fault> {
    let known = own_views(session, wanted).await?;
    let parents = numbers(session, &[FORM, LIST]).await?;
    let framed = frame::make(session, wanted).await?;
    let [form, list] = own_names(wanted);
    for (name, parent, arch) in [
        (form, FORM, form_arch(wanted, framed)),
        (list, LIST, list_arch(wanted)),
    ] {
        if let Some(id) = known.get(&name) {
            Ask::new("ir.ui.view", "write")
                .arg("ids", json!([id]))
                .arg("vals", json!({"arch_base": arch}))
                .read::<Json>(session)
                .await?;
            continue;
        }
        let parent = parents.get(parent).ok_or_else(|| {
            let what = format!("Odoo's view crm.{parent} is missing from this database");
            Fault::Setup(Cause::told("no_view", what))
        })?;
        // The type is that of the parent; its word for lists changed between versions.
        let view = json!({
            "name": name,
            "model": "crm.lead",
            "mode": "extension",
            "inherit_id": parent,
            "priority": 99,
            "arch_base": arch,
        });
        Ask::new("ir.ui.view", "create")
            .arg("vals_list", json!([view]))
            .once()
            .read::<Json>(session)
            .await?;
    }
    Ok(())
}

/// Takes our fields out of the form and the list.
pub async fn hide(session: &Session, wanted: &Blueprint) -> Result<(), Fault> {
    let ids: Vec<i64> = own_views(session, wanted).await?.into_values().collect();
    remove(session, "ir.ui.view", &ids).await?;
    frame::unmake(session, wanted).await
}

/// The numbers of what Odoo's CRM brought along.
async fn numbers(session: &Session, names: &[&str]) -> Result<BTreeMap<String, i64>, Fault> {
    #[derive(Deserialize)]
    struct Known {
        name: String,
        res_id: i64,
    }
    let known: Vec<Known> = Ask::new("ir.model.data", "search_read")
        .arg(
            "domain",
            json!([["module", "=", "crm"], ["name", "in", names]]),
        )
        .named("fields", json!(["name", "model", "res_id"]))
        .read(session)
        .await?;
    Ok(known.into_iter().map(|it| (it.name, it.res_id)).collect())
}

/// Our own fields, in the order people should see them; the customer's own have their place.
fn own_fields(wanted: &Blueprint) -> impl Iterator<Item = Field> {
    let fields = Field::ALL.into_iter();
    fields.filter(|field| !wanted.mapped.contains_key(field))
}

fn form_arch(wanted: &Blueprint, framed: bool) -> String {
    let mut rows = String::new();
    for field in own_fields(wanted) {
        let name = name_of(wanted, field);
        let ours = match field.owner() {
            Owner::Latitude => " readonly=\"1\"",
            _ => "",
        };
        let widget = match field.kind() {
            Kind::Link => " widget=\"url\"",
            _ => "",
        };
        write!(rows, "<field name=\"{name}\"{widget}{ours}/>").unwrap_or_default();
    }
    let prefix = option_key(&wanted.prefix);
    let frame = match framed {
        true => format!(
            "<page string=\"Strategy panel\" name=\"{prefix}_panel\">\
             <field name=\"{}\" readonly=\"1\" nolabel=\"1\"/></page>",
            frame::field(wanted)
        ),
        false => String::new(),
    };
    format!(
        "<data><xpath expr=\"//notebook\" position=\"inside\">\
         <page string=\"Deal strategy\" name=\"{prefix}_strategy\"><group>{rows}</group></page>\
         {frame}</xpath></data>"
    )
}

fn list_arch(wanted: &Blueprint) -> String {
    let mut columns = String::new();
    for field in own_fields(wanted).filter(|field| COLUMNS.contains(field)) {
        let name = name_of(wanted, field);
        write!(columns, "<field name=\"{name}\" optional=\"show\"/>").unwrap_or_default();
    }
    format!(
        "<data><xpath expr=\"//field[@name='stage_id']\" position=\"after\">{columns}</xpath></data>"
    )
}

/// Our shared filters that exist: key and number.
///
/// A filter is ours if it has our title and asks for one of our fields.
pub async fn shared_filters(
    session: &Session,
    wanted: &Blueprint,
) -> Result<BTreeMap<String, String>, Fault> {
    if wanted.views.is_empty() {
        return Ok(BTreeMap::new());
    }
    #[derive(Deserialize)]
    struct Filter {
        id: i64,
        name: String,
        domain: String,
    }
    let titles: Vec<&str> = wanted.views.iter().map(|view| view.title).collect();
    let filters: Vec<Filter> = Ask::new("ir.filters", "search_read")
        .arg(
            "domain",
            json!([["model_id", "=", "crm.lead"], ["name", "in", titles]]),
        )
        .named("fields", json!(["id", "name", "domain"]))
        .named("order", "id")
        .read(session)
        .await?;
    let ours = wanted.views.iter().filter_map(|view| {
        let names = names_asked(wanted, view);
        let is_ours = |filter: &&Filter| {
            filter.name == view.title && names.iter().all(|name| filter.domain.contains(name))
        };
        let filter = filters.iter().find(is_ours)?;
        Some((view.key.to_owned(), filter.id.to_string()))
    });
    Ok(ours.collect())
}

fn names_asked(wanted: &Blueprint, view: &View) -> Vec<String> {
    let asked = view
        .conditions
        .iter()
        .filter_map(|condition| match condition {
            Condition::OneOf(field, _) => Some(format!("'{}'", name_of(wanted, *field))),
            Condition::ClosesWithinDays(_) => None,
        });
    asked.collect()
}

/// Makes one of the filters for managers, for everyone, in the pipeline's favourites.
pub async fn create_filter(session: &Session, wanted: &Blueprint, key: &str) -> Result<(), Fault> {
    let Some(view) = wanted.views.iter().find(|view| view.key == key) else {
        return Ok(());
    };
    if shared_filters(session, wanted).await?.contains_key(key) {
        return Ok(());
    }
    let action = numbers(session, &[PIPELINE]).await?;
    let mut filter = json!({
        "name": view.title,
        "model_id": "crm.lead",
        "action_id": action.get(PIPELINE),
        "domain": domain_text(session, wanted, view),
        "context": "{'group_by': ['user_id']}",
    });
    // Nobody in particular means everybody; older versions know one user at most.
    if has_field(session, "ir.filters", "user_ids").await? {
        filter["user_ids"] = json!([[6, 0, []]]);
    } else {
        filter["user_id"] = json!(false);
    }
    Ask::new("ir.filters", "create")
        .arg("vals_list", json!([filter]))
        .once()
        .read::<Json>(session)
        .await
        .map(drop)
}

/// A filter's domain is a Python literal that Odoo does not check.
fn domain_text(session: &Session, wanted: &Blueprint, view: &View) -> String {
    let mut terms = vec!["('type', '=', 'opportunity')".to_owned()];
    terms.push(match speaks_json2(session) {
        true => "('won_status', '=', 'pending')".to_owned(),
        false => "('stage_id.is_won', '=', False)".to_owned(),
    });
    for condition in view.conditions {
        match condition {
            Condition::OneOf(field, labels) => {
                let known = session.fields.0.get(field).map(|place| &place.options);
                let key = |label: &&str| {
                    let known = known.and_then(|options| options.get(*label));
                    format!("'{}'", known.cloned().unwrap_or_else(|| option_key(label)))
                };
                let keys: Vec<String> = labels.iter().map(key).collect();
                let name = name_of(wanted, *field);
                terms.push(format!("('{name}', 'in', [{}])", keys.join(", ")));
            }
            Condition::ClosesWithinDays(days) => {
                terms.push(
                    "('date_deadline', '>=', context_today().strftime('%Y-%m-%d'))".to_owned(),
                );
                terms.push(format!(
                    "('date_deadline', '<=', (context_today() + relativedelta(days={days})).strftime('%Y-%m-%d'))"
                ));
            }
        }
    }
    format!("[{}]", terms.join(", "))
}

/// Removes a filter by its number.
pub async fn remove_filter(session: &Session, id: &str) -> Result<(), Fault> {
    let ids: Vec<i64> = id.parse().into_iter().collect();
    let there: Vec<Numbered> = Ask::new("ir.filters", "search_read")
        .arg("domain", json!([["id", "in", ids]]))
        .named("fields", json!(["id"]))
        .read(session)
        .await?;
    let ids: Vec<i64> = there.into_iter().map(|filter| filter.id).collect();
    remove(session, "ir.filters", &ids).await
}
