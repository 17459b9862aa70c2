//! sObject Collections: up to 200 records a call, each answered by itself.

use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::faults::Complaint;
use super::{api_path, limits};
use crate::crm::session::Session;
use crate::http::fault::{Cause, Fault};

/// The most records of one call.
pub const BATCH: usize = 200;

/// What became of one record.
#[derive(Deserialize)]
pub struct Saved {
    /// Whether it was saved.
    pub success: bool,
    #[serde(default)]
    /// Why not.
    pub errors: Vec<Complaint>,
}

/// Creates records; one that is already there is no complaint.
pub async fn create(session: &Session, records: &[Json]) -> Result<(), Fault> {
    for chunk in records.chunks(BATCH) {
        let call = session
            .api
            .post(api_path(session, "/composite/sobjects"))
            .json(&json!({"allOrNone": false, "records": chunk}));
        let (saved, _): (Vec<Saved>, _) = limits::read(session, call).await?;
        let complaint = saved
            .iter()
            .filter(|one| !one.success)
            .flat_map(|one| &one.errors)
            .find(|one| !HARMLESS.contains(&&*one.code));
        if let Some(Complaint { code, message, .. }) = complaint {
            return Err(Fault::Setup(Cause::told(code, message)));
        }
    }
    Ok(())
}

/// Already there; or a person whose licence cannot hold a permission set, who cannot use it either.
const HARMLESS: &[&str] = &[
    "DUPLICATE_VALUE",
    "DUPLICATE_DEVELOPER_NAME",
    "FIELD_INTEGRITY_EXCEPTION",
];

/// Deletes records.
pub async fn delete(session: &Session, ids: &[String]) -> Result<(), Fault> {
    for chunk in ids.chunks(BATCH) {
        let call = session
            .api
            .delete(api_path(session, "/composite/sobjects"))
            .query("ids", chunk.join(","))
            .query("allOrNone", "true");
        let (saved, _): (Vec<Saved>, _) = limits::read(session, call).await?;
        let complaint = saved
            .iter()
            .find(|one| !one.success)
            .and_then(|one| one.errors.first());
        if let Some(Complaint { code, message, .. }) = complaint {
            return Err(Fault::Setup(Cause::told(code, message)));
        }
    }
    Ok(())
}
