//! Views that extend the shipped ones.

use serde_json::{Value, json};

use super::Exception;
use super::meta::keep;
use crate::sandbox::world::State;

/// The places in the shipped views that an extension may name.
const PLACES: &[(i64, &[&str])] = &[
    (600, &["//notebook", "//sheet", "//field[@name='stage_id']"]),
    (609, &["//field[@name='stage_id']"]),
    (617, &["//filter[1]"]),
];
/// Makes a view that extends a shipped one.
pub fn create_view(state: &mut State, mut vals: Value) -> Result<i64, Exception> {
    let parent = vals["inherit_id"].as_i64().unwrap_or_default();
    let arch = vals["arch_base"].as_str().unwrap_or_default().to_owned();
    checked_arch(state, parent, &arch)?;
    if vals.get("type").is_none() {
        vals["type"] = json!(if parent == 609 { "list" } else { "form" });
    }
    Ok(keep(state, "ir.ui.view", vals))
}

/// Refuses places that the parent view lacks and fields that do not exist.
pub fn checked_arch(state: &State, parent: i64, arch: &str) -> Result<(), Exception> {
    let broken = |why: String| {
        Exception::invalid(format!("Error while parsing or validating view:\n\n{why}"))
    };
    let places = PLACES
        .iter()
        .find(|(id, _)| *id == parent)
        .map(|(_, places)| *places);
    let places = places.unwrap_or_default();
    for expression in quoted(arch, "<xpath expr=\"") {
        if !places.contains(&expression.as_str()) {
            return Err(broken(format!(
                "Element '<xpath expr=\"{expression}\">' cannot be located in parent view"
            )));
        }
    }
    for name in quoted(arch, "<field name=\"") {
        if !state.fields.contains_key(&name) {
            return Err(broken(format!(
                "Field \"{name}\" does not exist in model \"crm.lead\""
            )));
        }
    }
    Ok(())
}

/// What stands between quotes after each `before`.
fn quoted(text: &str, before: &str) -> Vec<String> {
    let parts = text.split(before).skip(1);
    parts
        .filter_map(|part| part.split('"').next().map(str::to_owned))
        .collect()
}
