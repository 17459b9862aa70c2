//! The customers of deals: which company a deal belongs to, and what it is called.

use std::collections::BTreeMap;

use serde_json::json;

use super::path;
use super::read::read;
use super::wire::{self, Association, Batch, COMPANY, Record};
use crate::crm::session::Session;
use crate::http::fault::Fault;

/// Companies in one batch read, the most it takes.
pub const READ_BATCH: usize = 100;

/// Companies of deals by association, for accounts that do not have the property that says it.
pub async fn linked(
    session: &Session,
    records: &[Record],
) -> Result<BTreeMap<String, String>, Fault> {
    let stated = |record: &Record| record.properties.contains_key(COMPANY);
    if records.is_empty() || records.iter().any(stated) {
        return Ok(BTreeMap::new());
    }
    let inputs: Vec<_> = records.iter().map(|it| json!({"id": it.id})).collect();
    let call = session
        .api
        .post(path(session, "associations", "deals/companies/batch/read"))
        .json(&json!({"inputs": inputs}))
        .idempotent();
    let (_, found): (_, Batch<Association>) = read(session, call).await?;
    let company = |association: Association| {
        let primary = |to: &&wire::AssociationTo| {
            let kinds = &to.association_types;
            kinds.iter().any(|kind| kind.type_id == 5)
        };
        let to = &association.to;
        let chosen = to.iter().find(primary).or_else(|| to.first())?;
        let id = chosen.to_object_id.to_string();
        Some((association.from.id, id.trim_matches('"').to_owned()))
    };
    Ok(found.results.into_iter().filter_map(company).collect())
}

/// Names of companies by id.
pub async fn names(session: &Session, ids: &[String]) -> Result<BTreeMap<String, String>, Fault> {
    let mut names = BTreeMap::new();
    for ids in ids.chunks(READ_BATCH) {
        let inputs: Vec<_> = ids.iter().map(|id| json!({"id": id})).collect();
        let wanted = json!({"properties": ["name"], "propertiesWithHistory": [], "inputs": inputs});
        let call = session
            .api
            .post(path(session, "objects", "companies/batch/read"))
            .json(&wanted)
            .idempotent();
        let (_, found): (_, Batch<Record>) = read(session, call).await?;
        for mut record in found.results {
            if let Some(name) = record.properties.remove("name").flatten() {
                names.insert(record.id, name);
            }
        }
    }
    Ok(names)
}
