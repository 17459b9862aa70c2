//! Requests as a panel in this company's pages would have them sent.

use axum::Json;
use axum::extract::{Query, State};
use jsonwebtoken::{EncodingKey, Header};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{CLIENT_SECRET, COMPANY, Desk, records};

/// How long a token is good, in seconds.
const LIFETIME: i64 = 300;

/// Who looks at which deal, and where the panel is.
#[derive(Deserialize)]
pub struct Asked {
    deal: String,
    person: String,
    address: String,
}

/// `GET /__sandbox/embed`: the frame's request, as method, address, headers and body.
pub async fn frame(State(desk): State<Desk>, Query(asked): Query<Asked>) -> Json<Value> {
    let user = records::number(&asked.person);
    let claims = json!({
        "userId": user,
        "companyId": COMPANY,
        "exp": desk.world().now().timestamp() + LIFETIME,
    });
    let key = EncodingKey::from_secret(CLIENT_SECRET.as_bytes());
    let token = jsonwebtoken::encode(&Header::default(), &claims, &key)
        .unwrap_or_else(|error| unreachable!("claims are plain data: {error}"));
    let pairs = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("resource", "deal")
        .append_pair("view", "details")
        .append_pair("userId", &user.to_string())
        .append_pair("companyId", &COMPANY.to_string())
        .append_pair("selectedIds", &asked.deal)
        .append_pair("token", &token)
        .finish();
    Json(json!({
        "method": "GET",
        "url": format!("{}?{pairs}", asked.address),
        "headers": {},
        "body": "",
    }))
}
