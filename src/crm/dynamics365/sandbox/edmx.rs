//! What the service says about itself: the sets it has, and their types as EDMX.

use std::fmt::Write;

use serde_json::json;

use super::columns::STANDARD;
use super::tables::SHAPES;
use super::{Answer, Ask, data};
use crate::sandbox::world::State;

/// The service document.
pub fn service(ask: &Ask) -> Answer {
    let own = [("opportunities", "opportunity")];
    let sets = own
        .into_iter()
        .chain(SHAPES.iter().map(|(set, name, ..)| (*set, *name)));
    let value: Vec<_> = sets
        .map(|(set, _)| json!({"name": set, "kind": "EntitySet", "url": set}))
        .collect();
    data(&json!({"@odata.context": format!("{}/$metadata", ask.root), "value": value}))
}

fn edm(kind: &str) -> &'static str {
    match kind {
        "Uniqueidentifier" => "Edm.Guid",
        "Money" | "Decimal" => "Edm.Decimal",
        "Integer" | "Picklist" | "State" | "Status" => "Edm.Int32",
        "BigInt" => "Edm.Int64",
        "DateTime" => "Edm.DateTimeOffset",
        "Boolean" => "Edm.Boolean",
        _ => "Edm.String",
    }
}

fn entity(xml: &mut String, name: &str, key: &str, columns: &[(String, &str)]) {
    let head = format!("<EntityType Name=\"{name}\" BaseType=\"mscrm.crmbaseentity\">");
    let key = format!("<Key><PropertyRef Name=\"{key}\"/></Key>");
    xml.push_str(&head);
    xml.push_str(&key);
    for (name, kind) in columns {
        write!(xml, "<Property Name=\"{name}\" Type=\"{kind}\"/>").unwrap_or_default();
    }
    xml.push_str("</EntityType>");
}

/// The types of every table that the API shows.
pub fn metadata(state: &State) -> Answer {
    let mut xml = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\
        <edmx:Edmx Version=\"4.0\" xmlns:edmx=\"http://docs.oasis-open.org/odata/ns/edmx\">\
        <edmx:DataServices><Schema Namespace=\"Microsoft.Dynamics.CRM\" Alias=\"mscrm\" \
        xmlns=\"http://docs.oasis-open.org/odata/ns/edm\">\
        <EntityType Name=\"crmbaseentity\" Abstract=\"true\"/>"
        .to_owned();
    let lookups = ["Owner", "Lookup", "Customer"];
    let mut columns: Vec<(String, &str)> = STANDARD
        .iter()
        .map(|(name, kind, _)| match lookups.contains(kind) {
            true => (format!("_{name}_value"), "Edm.Guid"),
            false if name.ends_with("closedate") => ((*name).to_owned(), "Edm.Date"),
            false => ((*name).to_owned(), edm(kind)),
        })
        .collect();
    let custom = state.fields.iter();
    columns.extend(custom.map(|(name, definition)| {
        let kind = definition["AttributeType"].as_str().unwrap_or_default();
        (name.clone(), edm(kind))
    }));
    entity(&mut xml, "opportunity", "opportunityid", &columns);
    for (_, name, key, _, columns) in SHAPES {
        let typed = columns.iter().map(|column| {
            let kind = match *column {
                it if it == *key || it.ends_with("_value") => "Edm.Guid",
                it if it.starts_with("is") && it != "isocurrencycode" => "Edm.Boolean",
                _ => "Edm.String",
            };
            ((*column).to_owned(), kind)
        });
        entity(&mut xml, name, key, &typed.collect::<Vec<_>>());
    }
    xml.push_str("<EntityContainer Name=\"System\">");
    let own = [("opportunities", "opportunity")];
    let sets = own
        .into_iter()
        .chain(SHAPES.iter().map(|(set, name, ..)| (*set, *name)));
    for (set, name) in sets {
        let kind = format!("Microsoft.Dynamics.CRM.{name}");
        write!(xml, "<EntitySet Name=\"{set}\" EntityType=\"{kind}\"/>").unwrap_or_default();
    }
    xml.push_str("</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>");
    Answer {
        status: 200,
        headers: vec![("content-type", "application/xml".to_owned())],
        body: xml,
    }
}
