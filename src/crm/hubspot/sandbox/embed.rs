//! Requests as a card in this portal would have them sent.

use axum::Json;
use axum::extract::{Query, State};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::Sha256;

use super::{CLIENT_SECRET, Hub, PORTAL, records};

/// Who looks at which deal, and where the card fetches from.
#[derive(Deserialize)]
pub struct Asked {
    deal: String,
    person: String,
    address: String,
}

/// `GET /__sandbox/embed`: the signed fetch, as method, address, headers and body.
pub async fn signed_fetch(State(hub): State<Hub>, Query(asked): Query<Asked>) -> Json<Value> {
    let state = hub.world().state();
    let who = state.person_at(&asked.person).unwrap_or(0);
    let pairs = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("userId", &records::user_id(who).to_string())
        .append_pair("userEmail", &state.people[who].email)
        .append_pair("portalId", &PORTAL.to_string())
        .append_pair("appId", "1160452")
        .finish();
    let url = format!("{}?{pairs}", asked.address);
    let body = json!({"dealId": asked.deal}).to_string();
    let stamp = hub.world().now().timestamp_millis().to_string();
    let mut mac = Hmac::<Sha256>::new_from_slice(CLIENT_SECRET.as_bytes())
        .unwrap_or_else(|error| unreachable!("a key may have any length: {error}"));
    // An encoded @ is decoded before the address is signed.
    let signed = url.replace("%40", "@");
    for part in ["POST", &signed, &body, &stamp] {
        mac.update(part.as_bytes());
    }
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    Json(json!({
        "method": "POST",
        "url": url,
        "headers": {
            "content-type": "application/json",
            "accept": "application/json",
            "x-hubspot-signature-v3": signature,
            "x-hubspot-request-timestamp": stamp,
        },
        "body": body,
    }))
}
