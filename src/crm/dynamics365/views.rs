//! Public views of open opportunities: `savedqueries` written in FetchXML.

use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;

use super::wire::Rows;
use super::{api, asking, spoken};
use crate::crm::session::Session;
use crate::crm::setup::{Blueprint, Condition, Place, View};
use crate::domain::field::Field;
use crate::http::fault::{Cause, Fault};

/// The beginning of the description by which we know our own views.
const MARK: &str = "Made by Latitude: ";

#[derive(Deserialize)]
struct SavedQuery {
    savedqueryid: String,
    description: Option<String>,
}

/// Our views: key and id.
pub async fn found(
    session: &Session,
    wanted: &Blueprint,
) -> Result<BTreeMap<String, String>, Fault> {
    let path = asking(
        session,
        "savedqueries",
        &[
            ("$select", "savedqueryid,description"),
            (
                "$filter",
                "returnedtypecode eq 'opportunity' and querytype eq 0",
            ),
        ],
    );
    let rows: Rows<SavedQuery> = spoken(session.api.get(path)).read().await?;
    let ours = rows.value.into_iter().filter_map(|row| {
        let key = row.description?.strip_prefix(MARK)?.to_owned();
        Some((key, row.savedqueryid))
    });
    Ok(ours
        .filter(|(key, _)| wanted.views.iter().any(|view| view.key == key))
        .collect())
}

/// Creates a view, unless it is there.
pub async fn create(
    session: &Session,
    wanted: &Blueprint,
    key: &str,
    place: impl Fn(Field) -> Option<Place>,
) -> Result<(), Fault> {
    let Some(view) = wanted.views.iter().find(|view| view.key == key) else {
        return Err(Fault::Setup(Cause::told(
            "view",
            format!("no view is called {key}"),
        )));
    };
    if found(session, wanted).await?.contains_key(key) {
        return Ok(());
    }
    let body = json!({
        "name": format!("Latitude: {}", view.title),
        "description": format!("{MARK}{key}"),
        "returnedtypecode": "opportunity",
        "querytype": 0,
        "fetchxml": fetch(view, &place)?,
        "layoutxml": layout(&place),
    });
    let call = spoken(session.api.post(api(session, "savedqueries")));
    call.json(&body).reply().await.map(drop)
}

/// Our columns that a view shows beside the deal's own.
const SHOWN: [Field; 3] = [Field::Grade, Field::Score, Field::State];

fn shown(place: &impl Fn(Field) -> Option<Place>) -> Vec<(String, u16)> {
    let mut columns = vec![("name".to_owned(), 240)];
    columns.extend(
        SHOWN
            .into_iter()
            .filter_map(|field| Some((place(field)?.name, 120))),
    );
    columns.extend([
        ("estimatedvalue".to_owned(), 120),
        ("estimatedclosedate".to_owned(), 120),
        ("ownerid".to_owned(), 140),
    ]);
    columns
}

fn fetch(view: &View, place: &impl Fn(Field) -> Option<Place>) -> Result<String, Fault> {
    let mut xml = String::from(
        "<fetch version='1.0' output-format='xml-platform' mapping='logical' distinct='false'>\
         <entity name='opportunity'><attribute name='opportunityid'/>",
    );
    for (column, _) in shown(place) {
        xml.push_str(&format!("<attribute name='{column}'/>"));
    }
    xml.push_str(
        "<order attribute='estimatedclosedate' descending='false'/><filter type='and'>\
         <condition attribute='statecode' operator='eq' value='0'/>",
    );
    for condition in view.conditions {
        match condition {
            Condition::ClosesWithinDays(days) => {
                xml.push_str(&format!("<condition attribute='estimatedclosedate' operator='next-x-days' value='{days}'/>"));
            }
            Condition::OneOf(field, labels) => {
                let place = place(*field).ok_or_else(|| {
                    let message = format!("field {} has to be created first", field.name());
                    Fault::Setup(Cause::told("view", message))
                })?;
                xml.push_str(&format!(
                    "<condition attribute='{}' operator='in'>",
                    place.name
                ));
                for value in labels.iter().filter_map(|label| place.options.get(*label)) {
                    xml.push_str(&format!("<value>{value}</value>"));
                }
                xml.push_str("</condition>");
            }
        }
    }
    xml.push_str("</filter></entity></fetch>");
    Ok(xml)
}

fn layout(place: &impl Fn(Field) -> Option<Place>) -> String {
    let mut xml = String::from(
        "<grid name='resultset' object='3' jump='name' select='1' preview='1' icon='1'>\
         <row name='result' id='opportunityid'>",
    );
    for (column, width) in shown(place) {
        xml.push_str(&format!("<cell name='{column}' width='{width}'/>"));
    }
    xml.push_str("</row></grid>");
    xml
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crm::setup::VIEWS;

    #[test]
    fn a_view_asks_by_option_values() {
        let place = |field: Field| {
            Some(Place {
                name: format!("latitude_{}", field.name()),
                longest: None,
                options: [("Strong".to_owned(), "727000000".to_owned())].into(),
            })
        };
        let strong = VIEWS.iter().find(|view| view.key == "strong_plans");

        let xml = fetch(strong.expect("a view"), &place).expect("its query");

        assert!(xml.contains(
            "<condition attribute='latitude_grade' operator='in'><value>727000000</value></condition>"
        ));
        assert!(xml.contains("<condition attribute='statecode' operator='eq' value='0'/>"));
    }
}
