//! Where our fields show: a panel on the record, columns of the list, filters of the search.

use reqwest::Method;
use serde_json::{Value as Json, json};

use super::call::call;
use super::setup::own_names;
use crate::crm::session::Session;
use crate::crm::setup::Blueprint;
use crate::domain::field::Field;
use crate::http::fault::Fault;

/// The title of our panel.
const PANEL: &str = "Deal strategy";
/// What managers see in the list.
const COLUMNS: [Field; 2] = [Field::Grade, Field::State];
/// What managers filter by.
const FILTERS: [Field; 6] = [
    Field::Grade,
    Field::Score,
    Field::WeakestPart,
    Field::State,
    Field::NeedState,
    Field::CheckOn,
];

/// A layout as it is.
pub async fn read_layout(session: &Session, name: &str) -> Result<Json, Fault> {
    call(session, &Method::GET, &format!("Opportunity/layout/{name}"))
        .read()
        .await
}

/// Whether a name stands anywhere in a layout.
pub fn mentions(layout: &Json, name: &str) -> bool {
    match layout {
        Json::String(text) => text == name,
        Json::Array(items) => items.iter().any(|item| mentions(item, name)),
        Json::Object(members) => members.values().any(|member| mentions(member, name)),
        _ => false,
    }
}

/// Puts those of our fields into the layouts that stand nowhere in them, or takes ours out wherever
/// they stand; whatever else is there stays as someone arranged it.
pub async fn lay_out(session: &Session, wanted: &Blueprint, show: bool) -> Result<(), Fault> {
    let ours = own_names(wanted, &Field::ALL);
    for (name, fields) in [
        ("detail", &Field::ALL[..]),
        ("list", &COLUMNS),
        ("filters", &FILTERS),
    ] {
        let before = read_layout(session, name).await?;
        let after = match show {
            true => with(&before, name, own_names(wanted, fields)),
            false => without(&before, &ours),
        };
        if after != before {
            let path = format!("Opportunity/layout/{name}");
            call(session, &Method::PUT, &path)
                .json(&after)
                .reply()
                .await?;
        }
    }
    Ok(())
}

/// A layout with the fields of those names that stood nowhere in it; on the record they come into our
/// panel, anew where nobody kept one of that title.
fn with(layout: &Json, name: &str, names: Vec<String>) -> Json {
    let mut after = layout.clone();
    let lacking: Vec<String> = names
        .into_iter()
        .filter(|name| !mentions(layout, name))
        .collect();
    let Some(items) = after.as_array_mut().filter(|_| !lacking.is_empty()) else {
        return after;
    };
    match name {
        "detail" => {
            let ours = items.iter_mut().find(|panel| panel["label"] == PANEL);
            match ours.and_then(|panel| panel["rows"].as_array_mut()) {
                Some(there) => there.extend(rows(&lacking)),
                None => items.push(json!({"label": PANEL, "rows": rows(&lacking)})),
            }
        }
        "list" => items.extend(lacking.iter().map(|it| json!({"name": it, "width": 10}))),
        _ => items.extend(lacking.into_iter().map(Json::from)),
    }
    after
}

fn rows(names: &[String]) -> Vec<Json> {
    names
        .iter()
        .map(|name| json!([{"name": name, "fullWidth": true}]))
        .collect()
}

/// A layout without the fields of those names, and without rows and panels that held nothing else.
fn without(layout: &Json, ours: &[String]) -> Json {
    let Json::Array(items) = layout else {
        return layout.clone();
    };
    let is_ours = |cell: &Json| {
        let name = cell.as_str().or_else(|| cell["name"].as_str());
        name.is_some_and(|name| ours.iter().any(|own| own == name))
    };
    let kept = items
        .iter()
        .filter(|item| !is_ours(item))
        .filter_map(|item| {
            let Some(rows) = item.get("rows").and_then(Json::as_array) else {
                return Some(item.clone());
            };
            if !ours.iter().any(|name| mentions(item, name)) {
                return Some(item.clone());
            }
            let rows: Vec<Json> = rows
                .iter()
                .filter_map(|row| rest_of(row, &is_ours))
                .collect();
            let mut panel = item.clone();
            panel["rows"] = json!(rows);
            (!rows.is_empty()).then_some(panel)
        });
    kept.collect()
}

fn rest_of(row: &Json, is_ours: &dyn Fn(&Json) -> bool) -> Option<Json> {
    let cells = row.as_array()?;
    if !cells.iter().any(is_ours) {
        return Some(row.clone());
    }
    let blank = |cell: &Json| {
        if is_ours(cell) {
            json!(false)
        } else {
            cell.clone()
        }
    };
    let cells: Vec<Json> = cells.iter().map(blank).collect();
    let empty = cells.iter().all(|cell| *cell == json!(false));
    (!empty).then(|| json!(cells))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layout_is_as_before_once_our_fields_are_taken_out() {
        let before = json!([
            {"label": "", "rows": [[{"name": "name"}, {"name": "account"}]]},
            {"label": "More", "rows": [[{"name": "description"}, false]]},
        ]);
        let ours = ["cLatitudeGrade".to_owned(), "cLatitudeScore".to_owned()];
        let mut after = before.clone();
        let panel = json!({"label": PANEL, "rows": rows(&ours)});
        after.as_array_mut().expect("panels").push(panel);

        assert_eq!(without(&after, &ours), before);
        after[1]["rows"][0][1] = json!({"name": "cLatitudeScore"});
        assert_eq!(without(&after, &ours), before);
        let columns = json!([{"name": "name", "link": true}, {"name": "cLatitudeGrade"}]);
        assert_eq!(
            without(&columns, &ours),
            json!([{"name": "name", "link": true}])
        );
        assert_eq!(
            without(&json!(["stage", "cLatitudeGrade"]), &ours),
            json!(["stage"])
        );
    }
}
