//! Notifications: a token that Zoho echoes, and the ids of records.
//!
//! Zoho signs nothing and may send `token` as null; then the secret must stand in the address as
//! `k`. What changed is read again in any case.

use chrono::{DateTime, TimeDelta};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use subtle::ConstantTimeEq;

use crate::crm::push::{Push, Rejected};
use crate::domain::ids::DealId;

/// How far the sender's clock may be from ours.
const CLOCK_MINUTES: i64 = 10;

#[derive(Deserialize)]
struct Notification {
    #[serde(default)]
    module: String,
    token: Option<String>,
    server_time: Option<i64>,
    #[serde(default)]
    ids: Vec<super::wire::Id>,
}

/// Which deals a push is about.
pub fn hint(push: &Push, secret: &SecretString) -> Result<Vec<DealId>, Rejected> {
    let told: Notification = serde_json::from_slice(&push.body).map_err(|_| Rejected::Malformed)?;
    let proof = told.token.or_else(|| push.query("k")).unwrap_or_default();
    let secret = secret.expose_secret().as_bytes();
    if secret.is_empty() || !bool::from(proof.as_bytes().ct_eq(secret)) {
        return Err(Rejected::Signature);
    }
    let sent = told.server_time.and_then(DateTime::from_timestamp_millis);
    let near = TimeDelta::minutes(CLOCK_MINUTES);
    if sent.is_some_and(|sent| (push.now - sent).abs() > near) {
        return Err(Rejected::Stale);
    }
    if told.module != "Deals" {
        return Ok(Vec::new());
    }
    Ok(told.ids.into_iter().map(|id| DealId::from(id.0)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(query: &str, body: &str) -> Push {
        Push {
            method: "POST".to_owned(),
            url: format!("https://latitude.acme.test/push/1{query}"),
            headers: [].into(),
            body: body.as_bytes().to_vec(),
            now: "2026-11-17T09:00:00Z".parse().expect("a time"),
        }
    }

    #[test]
    fn the_token_or_the_address_must_carry_the_secret() {
        let secret = SecretString::from("s-1");
        let body = include_str!("golden/notification.json");
        let ids = Ok(vec![DealId::from("6756839000000575405")]);
        let without = body.replace("\"s-1\"", "null");
        let old = body.replace("1794906000000", "1794900000000");

        assert_eq!(hint(&push("", body), &secret), ids);
        assert_eq!(hint(&push("?k=s-1", &without), &secret), ids);
        assert_eq!(hint(&push("", &without), &secret), Err(Rejected::Signature));
        assert_eq!(
            hint(&push("?k=x", body), &SecretString::from("x")),
            Err(Rejected::Signature)
        );
        assert_eq!(hint(&push("", &old), &secret), Err(Rejected::Stale));
        assert_eq!(hint(&push("", "[]"), &secret), Err(Rejected::Malformed));
    }
}
