//! The objects whose rows are kept as data: permission sets, list views, field definitions.

use serde_json::{Map, Value};

use super::answer::Refusal;
use super::schema::Kind;
use crate::sandbox::world::State;

/// Objects whose rows are kept as data: name, key prefix, fields and what they hold.
pub static THINGS: [Thing; 7] = [
    Thing {
        name: "PermissionSet",
        prefix: "0PS",
        unique: &["Name"],
        columns: &[
            ("Name", Kind::Text(80)),
            ("Label", Kind::Text(80)),
            ("IsOwnedByProfile", Kind::Truth),
        ],
    },
    Thing {
        name: "FieldPermissions",
        prefix: "01k",
        unique: &["ParentId", "Field"],
        columns: &[
            ("ParentId", Kind::Reference("PermissionSet")),
            ("SobjectType", Kind::Picklist),
            ("Field", Kind::Picklist),
            ("PermissionsRead", Kind::Truth),
            ("PermissionsEdit", Kind::Truth),
        ],
    },
    Thing {
        name: "PermissionSetAssignment",
        prefix: "0Pa",
        unique: &["AssigneeId", "PermissionSetId"],
        columns: &[
            ("AssigneeId", Kind::Reference("User")),
            ("PermissionSetId", Kind::Reference("PermissionSet")),
        ],
    },
    Thing {
        name: "ListView",
        prefix: "00B",
        unique: &["DeveloperName"],
        columns: &[
            ("DeveloperName", Kind::Text(80)),
            ("Name", Kind::Text(40)),
            ("SobjectType", Kind::Picklist),
        ],
    },
    Thing {
        name: "CustomField",
        prefix: "00N",
        unique: &["DeveloperName"],
        columns: &[
            ("DeveloperName", Kind::Text(80)),
            ("TableEnumOrId", Kind::Picklist),
            ("FullName", Kind::Text(255)),
        ],
    },
    Thing {
        name: "RecordType",
        prefix: "012",
        unique: &["DeveloperName"],
        columns: &[
            ("Name", Kind::Text(80)),
            ("DeveloperName", Kind::Text(80)),
            ("IsActive", Kind::Truth),
            ("SobjectType", Kind::Picklist),
            ("BusinessProcessId", Kind::Reference("BusinessProcess")),
        ],
    },
    Thing {
        name: "UserRole",
        prefix: "00E",
        unique: &["DeveloperName"],
        columns: &[
            ("Name", Kind::Text(80)),
            ("DeveloperName", Kind::Text(80)),
            ("ParentRoleId", Kind::Reference("UserRole")),
            ("ForecastUserId", Kind::Reference("User")),
            ("SystemModstamp", Kind::Moment),
        ],
    },
];

/// An object whose rows are kept as data, beside `Id`.
pub struct Thing {
    pub name: &'static str,
    pub prefix: &'static str,
    /// No two rows may agree in all of these.
    pub unique: &'static [&'static str],
    pub columns: &'static [(&'static str, Kind)],
}

impl Thing {
    /// Its rows. Field definitions live with the world's fields; everything else by its own name.
    pub fn rows<'a>(&self, state: &'a State) -> Vec<&'a Value> {
        if self.name == "CustomField" {
            return state.fields.values().collect();
        }
        let rows = state.things.get(self.name).and_then(Value::as_array);
        rows.map(|rows| rows.iter().collect()).unwrap_or_default()
    }

    /// What a field holds; none where there is no such field.
    pub fn kind(&self, name: &str) -> Option<(&'static str, Kind)> {
        if name.eq_ignore_ascii_case("Id") {
            return Some(("Id", Kind::Id));
        }
        self.columns
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .copied()
    }
}

/// The objects that the plain API may create, change and delete.
pub const MADE_HERE: [&str; 3] = [
    "PermissionSet",
    "FieldPermissions",
    "PermissionSetAssignment",
];

/// Whether a new row makes sense.
pub fn check(state: &State, thing: &Thing, row: &Map<String, Value>) -> Result<(), Refusal> {
    let text = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default();
    let dangling = |name: &str| {
        let message = "invalid cross reference id";
        Err(Refusal::new(400, "INVALID_CROSS_REFERENCE_KEY", message).of_field(name))
    };
    let is_set = |name: &str| rows(state, "PermissionSet").any(|set| set["Id"] == *text(name));
    match thing.name {
        "FieldPermissions" => {
            let field = text("Field")
                .strip_prefix("Opportunity.")
                .unwrap_or_default();
            if !state.fields.contains_key(field) {
                let message = format!("bad value for restricted picklist field: {}", text("Field"));
                let code = "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST";
                return Err(Refusal::new(400, code, message).of_field("Field"));
            }
            let grants = |name: &str| row.get(name).and_then(Value::as_bool).unwrap_or_default();
            if grants("PermissionsEdit") && !grants("PermissionsRead") {
                let message = "Edit permission requires read permission";
                return Err(Refusal::new(400, "FIELD_INTEGRITY_EXCEPTION", message));
            }
            if is_set("ParentId") {
                Ok(())
            } else {
                dangling("ParentId")
            }
        }
        "PermissionSetAssignment" if state.person_at(text("AssigneeId")).is_none() => {
            dangling("AssigneeId")
        }
        "PermissionSetAssignment" if !is_set("PermissionSetId") => dangling("PermissionSetId"),
        "PermissionSet" if text("Name").is_empty() || text("Label").is_empty() => {
            let message = "Required fields are missing: [Label, Name]";
            Err(Refusal::new(400, "REQUIRED_FIELD_MISSING", message))
        }
        _ => Ok(()),
    }
}

fn rows<'a>(state: &'a State, name: &str) -> impl Iterator<Item = &'a Value> {
    state
        .things
        .get(name)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

/// Removes a row, and what hangs on it.
pub fn remove(state: &mut State, thing: &Thing, id: &str) -> Result<(), Refusal> {
    if !rows(state, thing.name).any(|row| row["Id"] == *id) {
        return Err(Refusal::new(
            404,
            "INVALID_CROSS_REFERENCE_KEY",
            "invalid cross reference id",
        ));
    }
    if thing.name == "PermissionSet" {
        let held = rows(state, "PermissionSetAssignment").any(|row| row["PermissionSetId"] == *id);
        if held {
            let message = "Your attempt to delete the permission set could not be completed \
                           because it is assigned to users.";
            return Err(Refusal::new(400, "DELETE_FAILED", message));
        }
        keep(state, "FieldPermissions", |row| row["ParentId"] != *id);
    }
    keep(state, thing.name, |row| row["Id"] != *id);
    Ok(())
}

/// Keeps the rows of an object that fit; an object without rows is forgotten.
pub fn keep(state: &mut State, name: &str, fits: impl Fn(&Value) -> bool) {
    if let Some(Value::Array(rows)) = state.things.get_mut(name) {
        rows.retain(|row| fits(row));
        if rows.is_empty() {
            state.things.remove(name);
        }
    }
}
