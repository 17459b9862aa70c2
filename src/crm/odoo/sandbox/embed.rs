//! Requests as the frame in a form would have them sent, had its code run: Odoo itself signs nothing.

use axum::Json;
use axum::extract::{Query, State};
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::Sha256;

use super::EMBED_SECRET;
use crate::sandbox::world::World;

/// Who looks at which opportunity, and where the panel is.
#[derive(Deserialize)]
pub struct Asked {
    deal: String,
    person: String,
    address: String,
}

fn signed(key: &[u8], text: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key)
        .unwrap_or_else(|error| unreachable!("a key may have any length: {error}"));
    mac.update(text.as_bytes());
    let bytes = mac.finalize().into_bytes();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `GET /__sandbox/embed`: the frame's request, as method, address, headers and body.
pub async fn frame(State(world): State<World>, Query(asked): Query<Asked>) -> Json<Value> {
    let at = world.now().timestamp();
    let (deal, person) = (&asked.deal, &asked.person);
    let key = signed(EMBED_SECRET.as_bytes(), "latitude: panel in an odoo form");
    let sign = signed(key.as_bytes(), &format!("{deal}.{person}.{at}"));
    let url = format!(
        "{}?deal={deal}&user={person}&at={at}&sign={sign}",
        asked.address
    );
    Json(json!({"method": "GET", "url": url, "headers": {}, "body": ""}))
}
