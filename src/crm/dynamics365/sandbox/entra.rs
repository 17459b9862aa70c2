//! What Entra signs: ID tokens of the v2.0 endpoint, and the keys to check them with.

use std::sync::{Arc, LazyLock};

use axum::Json as JsonBody;
use axum::extract::{Path, State as Shared};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value as Json, json};

use super::sign_in::{CLIENT_ID, TENANT};
use super::{Org, tables};

/// How long a token lasts, in seconds.
const LASTS: i64 = 3_599;
/// Tokens are dated this long back (unverified).
const DATED_BACK: i64 = 300;
/// How many keys are published: tokens of the last one are still about.
const PUBLISHED: u32 = 2;

/// Serves this sandbox alone and protects nothing.
static KEY: LazyLock<EncodingKey> = LazyLock::new(|| {
    EncodingKey::from_rsa_pem(include_bytes!("throwaway_key.pem"))
        .unwrap_or_else(|error| unreachable!("the key is a key: {error}"))
});

/// The object id of a person in the tenant, by their place in the world.
pub fn object_id(place: usize) -> String {
    tables::guid(0xe27a_0000, place)
}

/// The name of the key that was new so many months ago; it changes with the month here, and at
/// times of Microsoft's own choice there.
fn key_id(org: &Org, ago: u32) -> String {
    let now = org.world.now().date_naive();
    let then = now.checked_sub_months(chrono::Months::new(ago));
    then.unwrap_or(now).format("key-of-%Y-%m").to_string()
}

/// `GET /{tenant}/discovery/v2.0/keys`.
pub async fn keys(Shared(org): Shared<Arc<Org>>, Path(tenant): Path<String>) -> Response {
    if tenant != TENANT {
        return StatusCode::NOT_FOUND.into_response();
    }
    let key = Jwk::from_encoding_key(&KEY, Algorithm::RS256)
        .and_then(|key| Ok(serde_json::to_value(key)?))
        .unwrap_or_else(|error| unreachable!("a private key has a public one: {error}"));
    // No `alg`, as Entra leaves it out.
    let named = (0..PUBLISHED).map(|ago| {
        let id = key_id(&org, ago);
        json!({"kty": "RSA", "use": "sig", "kid": id, "x5t": id, "n": key["n"], "e": key["e"]})
    });
    JsonBody(json!({"keys": named.collect::<Vec<_>>()})).into_response()
}

/// A token that says who the person at that place is.
pub fn id_token(org: &Org, host: &str, place: usize, nonce: &str) -> String {
    let person = org.world.state().people[place].clone();
    let now = org.world.now().timestamp();
    let mut claims = json!({
        "ver": "2.0",
        "iss": format!("http://{host}/{TENANT}/v2.0"),
        "aud": CLIENT_ID,
        "iat": now - DATED_BACK,
        "nbf": now - DATED_BACK,
        "exp": now + LASTS,
        "sub": format!("{}-of-the-app", person.id),
        "oid": object_id(place),
        "tid": TENANT,
        "name": person.name(),
        "preferred_username": person.email,
        // Makes every token another one.
        "uti": URL_SAFE_NO_PAD.encode(org.world.env().bytes::<16>()),
    });
    if !nonce.is_empty() {
        claims["nonce"] = Json::from(nonce);
    }
    let header = Header {
        kid: Some(key_id(org, 0)),
        ..Header::new(Algorithm::RS256)
    };
    jsonwebtoken::encode(&header, &claims, &KEY)
        .unwrap_or_else(|error| unreachable!("claims are plain data: {error}"))
}
