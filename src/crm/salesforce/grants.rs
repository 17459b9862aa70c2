//! Who may see and edit our fields: three permission sets, and to whom they are assigned.
//!
//! A new field is invisible to everyone, its maker included, until field-level security says
//! otherwise.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::collections::{create, delete};
use super::setup::{developer_name, field_name};
use super::views;
use super::wire::Answer;
use super::{api_path, limits, read};
use crate::crm::page::{Cursor, Next};
use crate::crm::session::Session;
use crate::crm::setup::{Access, Blueprint, Fit, Found};
use crate::domain::field::{Field, Owner};
use crate::domain::ids::PersonId;
use crate::http::fault::{Cause, Fault};

/// A permission set of ours: what it is called, and which fields its holders may edit.
struct Role {
    name: &'static str,
    label: &'static str,
    edits: fn(Owner) -> bool,
}

const SELLER: Role = Role {
    name: "seller",
    label: "Latitude seller",
    edits: |owner| owner == Owner::Seller,
};
const MANAGER: Role = Role {
    name: "manager",
    label: "Latitude manager",
    edits: |owner| owner == Owner::Manager,
};
const INTEGRATION: Role = Role {
    name: "integration",
    label: "Latitude integration",
    edits: |_| true,
};
const ROLES: [&Role; 3] = [&SELLER, &MANAGER, &INTEGRATION];

impl Role {
    fn api_name(&self, wanted: &Blueprint) -> String {
        developer_name(&wanted.prefix, self.name)
    }
}

/// What exists beside the fields.
pub struct There {
    sets: BTreeMap<String, String>,
    /// Somebody has not been given the permission set that is theirs.
    someone_waits: bool,
    /// Our views: key and id.
    pub views: BTreeMap<String, String>,
}

impl There {
    /// Whether people may see and edit the fields as they should.
    pub fn access(&self, fields: &[Found]) -> Access {
        let usable = fields
            .iter()
            .all(|found| !matches!(found.fit, Fit::ReadOnly));
        if self.sets.len() == ROLES.len() && usable && !self.someone_waits {
            Access::Granted
        } else {
            Access::Missing
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Composite {
    composite_response: Vec<Part>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part {
    http_status_code: u16,
    body: Json,
}

#[derive(Deserialize)]
struct Named {
    #[serde(rename = "Id")]
    id: String,
    #[serde(rename = "Name", alias = "DeveloperName")]
    name: String,
}

/// Looks for permission sets and views, in one call; where all sets are there, for people without
/// theirs in another.
pub async fn look(session: &Session, wanted: &Blueprint) -> Result<There, Fault> {
    let names = wanted
        .views
        .iter()
        .map(|view| views::api_name(wanted, view.key));
    let views = format!(
        "SELECT Id, DeveloperName FROM ListView WHERE SobjectType = 'Opportunity' \
         AND DeveloperName IN ({})",
        quoted(names)
    );
    let mut parts = queries(session, &[sets_query(wanted), views])
        .await?
        .into_iter();
    let (sets, found) = (named(parts.next()), named(parts.next()));
    let views = wanted.views.iter().filter_map(|view| {
        let id = found.get(&views::api_name(wanted, view.key))?;
        Some((view.key.to_owned(), id.clone()))
    });
    Ok(There {
        someone_waits: someone_waits(session, wanted, &sets).await?,
        sets,
        views: views.collect(),
    })
}

/// Asks several queries in one call; as many parts come back, in their order.
async fn queries(session: &Session, soql: &[String]) -> Result<Vec<Part>, Fault> {
    let part = |(n, soql): (usize, &String)| {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("q", soql)
            .finish();
        json!({
            "method": "GET",
            "url": api_path(session, &format!("/query?{query}")),
            "referenceId": format!("query{n}"),
        })
    };
    let parts: Vec<Json> = soql.iter().enumerate().map(part).collect();
    let call = session
        .api
        .post(api_path(session, "/composite"))
        .idempotent();
    let call = call.json(&json!({"compositeRequest": parts}));
    let (composite, _): (Composite, _) = limits::read(session, call).await?;
    Ok(composite.composite_response)
}

/// Whether somebody came, or came to lead others, since the sets were assigned, or an assignment was
/// broken off. Where it may not be seen, nobody waits.
async fn someone_waits(
    session: &Session,
    wanted: &Blueprint,
    sets: &BTreeMap<String, String>,
) -> Result<bool, Fault> {
    let ids = [&SELLER, &MANAGER].map(|role| sets.get(&role.api_name(wanted)));
    let [Some(seller), Some(manager)] = ids else {
        return Ok(false);
    };
    let lacks = |id: &str| {
        let id = quoted(std::iter::once(id.to_owned()));
        format!(
            "NOT IN (SELECT AssigneeId FROM PermissionSetAssignment WHERE PermissionSetId = {id})"
        )
    };
    let sellers = format!(
        "SELECT Id FROM User WHERE UserType = 'Standard' AND IsActive = true AND Id {} LIMIT 1",
        lacks(seller)
    );
    let managers = format!(
        "SELECT ManagerId FROM User WHERE UserType = 'Standard' AND IsActive = true \
         AND Manager.UserType = 'Standard' AND Manager.IsActive = true AND ManagerId {} LIMIT 1",
        lacks(manager)
    );
    let parts = queries(session, &[sellers, managers]).await?;
    let found = parts
        .into_iter()
        .filter(|part| part.http_status_code == 200);
    let mut found = found.filter_map(|part| serde_json::from_value(part.body).ok());
    Ok(found.any(|answer: Answer<Json>| !answer.records.is_empty()))
}

/// Names and ids of a part's rows. A user without set-up rights is refused here and sees nothing.
fn named(part: Option<Part>) -> BTreeMap<String, String> {
    part.filter(|part| part.http_status_code == 200)
        .and_then(|part| serde_json::from_value::<Answer<Named>>(part.body).ok())
        .map(|answer| answer.records)
        .unwrap_or_default()
        .into_iter()
        .map(|row| (row.name, row.id))
        .collect()
}

fn sets_query(wanted: &Blueprint) -> String {
    format!(
        "SELECT Id, Name FROM PermissionSet WHERE IsOwnedByProfile = false AND Name IN ({})",
        quoted(ROLES.iter().map(|role| role.api_name(wanted)))
    )
}

fn quoted(names: impl Iterator<Item = String>) -> String {
    names
        .map(|name| format!("'{}'", name.replace('\\', "\\\\").replace('\'', "\\'")))
        .collect::<Vec<_>>()
        .join(", ")
}

async fn sets(session: &Session, wanted: &Blueprint) -> Result<BTreeMap<String, String>, Fault> {
    let rows: Vec<Named> = read::rows(session, &sets_query(wanted)).await?;
    Ok(rows.into_iter().map(|row| (row.name, row.id)).collect())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Permission {
    parent_id: String,
    field: String,
}

/// Makes the permission sets, lets them see the fields, and assigns them: integration to us,
/// seller to every active user, manager to everyone to whom somebody reports.
pub async fn grant(session: &Session, wanted: &Blueprint) -> Result<(), Fault> {
    let mut known = sets(session, wanted).await?;
    let missing: Vec<Json> = ROLES
        .iter()
        .filter(|role| !known.contains_key(&role.api_name(wanted)))
        .map(|role| {
            json!({
                "attributes": {"type": "PermissionSet"},
                "Name": role.api_name(wanted),
                "Label": role.label,
            })
        })
        .collect();
    if !missing.is_empty() {
        create(session, &missing).await?;
        known = sets(session, wanted).await?;
    }
    let id = |role: &Role| {
        known.get(&role.api_name(wanted)).cloned().ok_or_else(|| {
            let name = role.api_name(wanted);
            Fault::Setup(Cause::told(
                "no_permission_set",
                format!("{name} was not created"),
            ))
        })
    };
    let ids = [id(&SELLER)?, id(&MANAGER)?, id(&INTEGRATION)?];
    create(session, &permissions(session, wanted, &ids).await?).await?;
    create(session, &assignments(session, &ids).await?).await
}

async fn permissions(
    session: &Session,
    wanted: &Blueprint,
    ids: &[String; 3],
) -> Result<Vec<Json>, Fault> {
    let soql = format!(
        "SELECT ParentId, Field FROM FieldPermissions WHERE SobjectType = 'Opportunity' \
         AND ParentId IN ({})",
        quoted(ids.iter().cloned())
    );
    let rows: Vec<Permission> = read::rows(session, &soql).await?;
    let known: BTreeSet<(String, String)> = rows
        .into_iter()
        .map(|row| (row.parent_id, row.field))
        .collect();
    let mut wanting = Vec::new();
    // The rights on mapped fields are the customer's own affair.
    let ours = Field::ALL
        .into_iter()
        .filter(|field| !wanted.mapped.contains_key(field));
    for field in ours {
        let name = format!("Opportunity.{}", field_name(&wanted.prefix, field));
        for (role, id) in ROLES.iter().zip(ids) {
            if !known.contains(&(id.clone(), name.clone())) {
                wanting.push(json!({
                    "attributes": {"type": "FieldPermissions"},
                    "ParentId": id,
                    "SobjectType": "Opportunity",
                    "Field": name,
                    "PermissionsRead": true,
                    "PermissionsEdit": (role.edits)(field.owner()),
                }));
            }
        }
    }
    Ok(wanting)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Assignment {
    #[serde(default)]
    id: String,
    assignee_id: String,
    permission_set_id: String,
}

fn assignments_query(ids: impl Iterator<Item = String>) -> String {
    format!(
        "SELECT Id, AssigneeId, PermissionSetId FROM PermissionSetAssignment \
         WHERE PermissionSetId IN ({}) ORDER BY Id LIMIT 2000",
        quoted(ids)
    )
}

async fn assignments(session: &Session, ids: &[String; 3]) -> Result<Vec<Json>, Fault> {
    let us = read::whoami(session).await?.user;
    let mut people = Vec::new();
    let mut place = Cursor::default();
    loop {
        let page = read::people(session, &place).await?;
        people.extend(page.items);
        match page.next {
            Next::More(next) => place = next,
            Next::Done(_) => break,
        }
    }
    let active = people.iter().filter(|person| person.active);
    let managers: BTreeSet<&str> = active
        .clone()
        .filter_map(|person| person.manager.as_ref().map(PersonId::as_str))
        .collect();
    let known: Vec<Assignment> =
        read::rows(session, &assignments_query(ids.iter().cloned())).await?;
    let known: BTreeSet<(&str, &str)> = known
        .iter()
        .map(|one| (one.assignee_id.as_str(), one.permission_set_id.as_str()))
        .collect();
    let mut wanting = vec![(us.as_str(), ids[2].as_str())];
    for person in active {
        wanting.push((person.id.as_str(), ids[0].as_str()));
        if managers.contains(person.id.as_str()) {
            wanting.push((person.id.as_str(), ids[1].as_str()));
        }
    }
    let wanting = wanting.into_iter().filter(|pair| !known.contains(pair));
    let records = wanting.map(|(person, set)| {
        json!({
            "attributes": {"type": "PermissionSetAssignment"},
            "AssigneeId": person,
            "PermissionSetId": set,
        })
    });
    Ok(records.collect())
}

/// Takes the permission sets from everyone and removes them; the rights in them go along.
pub async fn revoke(session: &Session, wanted: &Blueprint) -> Result<(), Fault> {
    let known = sets(session, wanted).await?;
    if known.is_empty() {
        return Ok(());
    }
    let soql = assignments_query(known.values().cloned());
    loop {
        let page: Vec<Assignment> = read::rows(session, &soql).await?;
        if page.is_empty() {
            break;
        }
        let ids: Vec<String> = page.into_iter().map(|one| one.id).collect();
        delete(session, &ids).await?;
    }
    let ids: Vec<String> = known.into_values().collect();
    delete(session, &ids).await
}
