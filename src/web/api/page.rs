//! The API as a page: every route with what it takes, from the document that is served.

use serde_json::Value;

use super::document;
use crate::web::chrome::{Chrome, Show};

#[derive(askama::Template)]
#[template(path = "api.html")]
struct Page {
    chrome: Chrome,
    calls: Vec<Call>,
}

/// One route.
struct Call {
    path: String,
    about: Vec<String>,
    scope: String,
    takes: Vec<(String, String)>,
}

/// What can be asked, for whoever writes a tool. It holds nobody's data.
pub async fn page() -> Show<impl askama::Template> {
    Show(Page {
        chrome: Chrome::bare("The API"),
        calls: calls(&serde_json::to_value(document()).unwrap_or_default()),
    })
}

fn calls(document: &Value) -> Vec<Call> {
    // Marks of code are for the document; here a name reads as a name.
    let text = |value: &Value| value.as_str().unwrap_or_default().replace('`', "");
    let paths = document["paths"].as_object().into_iter().flatten();
    paths
        .map(|(path, what)| {
            let get = &what["get"];
            let told = [&get["summary"], &get["description"]].map(text);
            let takes = get["parameters"].as_array().into_iter().flatten();
            Call {
                path: path.clone(),
                about: told.into_iter().filter(|it| !it.is_empty()).collect(),
                scope: text(&get["security"][0]["token"][0]),
                takes: takes
                    .map(|it| (text(&it["name"]), text(&it["description"])))
                    .collect(),
            }
        })
        .collect()
}
