//! Controls of this organisation under `/__sandbox/`: its rules, and canvas requests as its pages
//! would send them.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::oauth::{CLIENT_ID, Form, sign};
use super::org::{Org, Rules, base};
use super::tables::ORGANIZATION;

/// `GET /__sandbox/org`.
pub async fn rules(State(org): State<Org>) -> Json<Rules> {
    Json(org.book().rules.clone())
}

/// `POST /__sandbox/org`: changes the rules that are named; `{"end_sessions":true}` ends all
/// sessions.
pub async fn set_rules(State(org): State<Org>, Json(body): Json<Value>) -> Response {
    let mut book = org.book();
    let mut whole = json!(book.rules);
    for (name, value) in body.as_object().into_iter().flatten() {
        match name.as_str() {
            "end_sessions" => book.grants.end_all_sessions(),
            _ => whole[name] = value.clone(),
        }
    }
    match serde_json::from_value::<Rules>(whole) {
        Ok(rules) => {
            book.rules = rules.clone();
            Json(rules).into_response()
        }
        Err(error) => (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
    }
}

/// `GET /__sandbox/embed?deal=006…&person=005…&address=https…`: what a canvas page would post, as
/// method, address, headers and body.
pub async fn signed_request(State(org): State<Org>, headers: HeaderMap, uri: Uri) -> Response {
    let query = Form::read(uri.query().unwrap_or_default().as_bytes());
    let state = org.world.state();
    let user = query
        .get("person")
        .and_then(|id| state.person_at(id))
        .unwrap_or(0);
    let (person, base) = (&state.people[user], base(&headers));
    let data = "/services/data/v67.0/";
    let envelope = json!({
        "algorithm": "HMACSHA256",
        "issuedAt": org.world.now().timestamp(),
        "userId": person.id,
        "client": {
            "instanceUrl": base,
            "targetOrigin": base,
            "clientId": CLIENT_ID,
            "refreshToken": null,
            "oauthToken": null,
        },
        "context": {
            "user": {
                "userId": person.id,
                "userName": person.email,
                "firstName": person.first,
                "lastName": person.last,
                "fullName": person.name(),
                "email": person.email,
                "timeZone": person.time_zone,
                "language": "en_US",
                "locale": "en_US",
                "userType": "STANDARD",
            },
            "organization": {"organizationId": Org::id(), "name": ORGANIZATION},
            "environment": {
                "displayLocation": "Aura",
                "uiTheme": "Theme4d",
                "version": {"api": "67.0", "season": "SUMMER"},
                "parameters": {"recordId": query.get("deal").unwrap_or_default()},
                "record": {},
            },
            "links": {"restUrl": data, "queryUrl": format!("{data}query/")},
        },
    });
    let envelope = STANDARD.encode(envelope.to_string());
    let signature = STANDARD.encode(sign(&envelope));
    let body = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("signed_request", &format!("{signature}.{envelope}"))
        .finish();
    Json(json!({
        "method": "POST",
        "url": query.get("address").unwrap_or_default(),
        "headers": {"content-type": "application/x-www-form-urlencoded"},
        "body": body,
    }))
    .into_response()
}
