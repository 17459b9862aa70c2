//! What Pipedrive sends to us. It signs no webhooks: they carry the name and password that we gave
//! when we asked for them. The panel in a deal comes with a signed token of five minutes.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;
use subtle::ConstantTimeEq;

use crate::crm::push::{Proof, Push, Rejected, Viewer};
use crate::domain::ids::{DealId, PersonId};

/// The name our webhooks come with; the password is the connection's `push_secret`.
const WEBHOOK_USER: &str = "latitude";
/// How much clocks may differ, in seconds.
const LEEWAY_SECONDS: i64 = 30;

/// The deals that an event is about.
pub fn hint(push: &Push, secret: &SecretString) -> Result<Vec<DealId>, Rejected> {
    let wanted = STANDARD.encode(format!("{WEBHOOK_USER}:{}", secret.expose_secret()));
    let told = push.header("authorization");
    let told = told.strip_prefix("Basic ").unwrap_or_default();
    if !bool::from(told.as_bytes().ct_eq(wanted.as_bytes())) {
        return Err(Rejected::Signature);
    }
    let event: Value = serde_json::from_slice(&push.body).map_err(|_| Rejected::Malformed)?;
    let entity = event["meta"]["entity"]
        .as_str()
        .ok_or(Rejected::Malformed)?;
    if entity != "deal" {
        return Ok(Vec::new());
    }
    // A merge tells of the other deal on either side; on which member it stands is not documented.
    let places = [
        &event["meta"]["entity_id"],
        &event["data"]["id"],
        &event["data"]["merged_to_id"],
        &event["data"]["merged_from_id"],
        &event["previous"]["merged_to_id"],
        &event["meta"]["merged_to_id"],
        &event["meta"]["merged_from_id"],
    ];
    let ids: BTreeSet<String> = places.into_iter().filter_map(number).collect();
    if ids.is_empty() {
        return Err(Rejected::Malformed);
    }
    Ok(ids.into_iter().map(DealId::from).collect())
}

/// The digits of an id, which is a number here and a text there.
fn number(value: &Value) -> Option<String> {
    let digits = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        _ => return None,
    };
    let is_id = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_id.then_some(digits)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Claims {
    user_id: u64,
    company_id: u64,
    exp: i64,
}

/// Who looks at which deal. The token vouches for user and company; the deal stands only in the
/// address, so whether this user may see it is still to be decided.
pub fn viewer(push: &Push, secret: &SecretString) -> Result<Viewer, Rejected> {
    let token = push.query("token").ok_or(Rejected::Malformed)?;
    let key = DecodingKey::from_secret(secret.expose_secret().as_bytes());
    let mut rules = Validation::new(Algorithm::HS256);
    // The time is compared with the request's own, below.
    rules.validate_exp = false;
    rules.required_spec_claims.clear();
    let claims = jsonwebtoken::decode::<Claims>(&token, &key, &rules)
        .map_err(|_| Rejected::Signature)?
        .claims;
    if claims.exp + LEEWAY_SECONDS < push.now.timestamp() {
        return Err(Rejected::Stale);
    }
    let says = |name: &str, id: u64| push.query(name).is_none_or(|told| told == id.to_string());
    if !says("userId", claims.user_id) || !says("companyId", claims.company_id) {
        return Err(Rejected::Signature);
    }
    let signature = token.rsplit('.').next().unwrap_or_default();
    let signature = URL_SAFE_NO_PAD
        .decode(signature)
        .map_err(|_| Rejected::Signature)?;
    let deal = push.query("selectedIds").map(Value::String);
    let deal = deal.as_ref().and_then(number).ok_or(Rejected::Malformed)?;
    Ok(Viewer {
        person: Some(PersonId::from(claims.user_id.to_string())),
        email: None,
        deal: DealId::from(deal),
        organisation: Some(claims.company_id.to_string()),
        proof: Proof::of(&signature, true),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    // Made by another implementation, with the secret `pd-jwt-secret`.
    const TOKEN: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ1c2VySWQiOjExMSwiY29tcGFueUlkIjoyMjIsImlhdCI6MTc3MjYwMDAwMCwiZXhwIjoxNzcyNjAwMzAwfQ.7qxFWRwE1D9skRjH9TEenotyrtish2OzDRdEl3E-pgo";

    fn panel(query: &str, at: i64) -> Push {
        Push {
            method: "GET".to_owned(),
            url: format!("https://latitude.acme.test/embed/crm?resource=deal&{query}"),
            headers: BTreeMap::new(),
            body: Vec::new(),
            now: chrono::DateTime::from_timestamp(at, 0).expect("a time"),
        }
    }

    fn event(authorization: &str, body: &str) -> Push {
        Push {
            method: "POST".to_owned(),
            url: "https://latitude.acme.test/push/crm".to_owned(),
            headers: BTreeMap::from([("authorization".to_owned(), authorization.to_owned())]),
            body: body.as_bytes().to_vec(),
            now: chrono::DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn a_panel_says_who_looks() {
        let secret = SecretString::from("pd-jwt-secret");
        let good = format!("userId=111&companyId=222&selectedIds=701&token={TOKEN}");

        let seen = viewer(&panel(&good, 1_772_600_100), &secret).expect("a viewer");

        assert_eq!(seen.person, Some(PersonId::from("111")));
        assert_eq!(seen.organisation.as_deref(), Some("222"));
        assert_eq!(seen.deal.as_str(), "701");
    }

    #[test]
    fn a_panel_that_is_old_changed_or_unsigned_is_refused() {
        let secret = SecretString::from("pd-jwt-secret");
        let ask = |query: String, at| viewer(&panel(&query, at), &secret);
        // {"alg":"none"}, the same claims, no signature.
        let claims = TOKEN.split('.').nth(1).expect("claims");
        let unsigned = format!("eyJhbGciOiJub25lIn0.{claims}.");

        let old = ask(format!("selectedIds=701&token={TOKEN}"), 1_772_600_331);
        let other = ask(
            format!("userId=112&selectedIds=701&token={TOKEN}"),
            1_772_600_100,
        );
        let none = ask(format!("selectedIds=701&token={unsigned}"), 1_772_600_100);
        let many = ask(format!("selectedIds=701,702&token={TOKEN}"), 1_772_600_100);

        assert_eq!(old, Err(Rejected::Stale));
        assert_eq!(other, Err(Rejected::Signature));
        assert_eq!(none, Err(Rejected::Signature));
        assert_eq!(many, Err(Rejected::Malformed));
    }

    #[test]
    fn an_event_with_our_password_names_its_deals() {
        let secret = SecretString::from("s3cret");
        let body = include_str!("golden/webhook.json");

        let deals = hint(&event("Basic bGF0aXR1ZGU6czNjcmV0", body), &secret);

        assert_eq!(deals, Ok(vec![DealId::from("701"), DealId::from("702")]));
        assert_eq!(hint(&event("", body), &secret), Err(Rejected::Signature));
        assert_eq!(
            hint(&event("Basic bGF0aXR1ZGU6b3RoZXI=", body), &secret),
            Err(Rejected::Signature)
        );
    }
}
