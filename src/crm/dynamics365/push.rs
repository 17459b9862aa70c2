//! Webhooks: a static key in a header, and which row changed.
//!
//! Dataverse signs nothing; the key is one we chose when the endpoint was registered. What the
//! body says is only a hint: the row is read again.

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use subtle::ConstantTimeEq;

use crate::crm::push::{Push, Rejected};
use crate::domain::ids::DealId;

/// The header pair that the service endpoint is registered with.
const KEY_HEADER: &str = "x-latitude-key";

/// The part of a `RemoteExecutionContext` that is needed.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Context {
    primary_entity_name: String,
    primary_entity_id: String,
}

/// Which deal a push is about.
pub fn hint(push: &Push, secret: &SecretString) -> Result<Vec<DealId>, Rejected> {
    let key = push.header(KEY_HEADER).as_bytes();
    // No key at all is not a key that fits.
    if key.is_empty() || !bool::from(key.ct_eq(secret.expose_secret().as_bytes())) {
        return Err(Rejected::Signature);
    }
    let context: Context = serde_json::from_slice(&push.body).map_err(|_| Rejected::Malformed)?;
    if context.primary_entity_name != "opportunity" {
        return Ok(Vec::new());
    }
    Ok(vec![DealId::from(
        context.primary_entity_id.to_ascii_lowercase(),
    )])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(key: &str, body: &str) -> Push {
        Push {
            method: "POST".to_owned(),
            url: "https://latitude.acme.test/push/1".to_owned(),
            headers: [(KEY_HEADER.to_owned(), key.to_owned())].into(),
            body: body.as_bytes().to_vec(),
            now: chrono::DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn only_the_right_key_is_believed() {
        let secret = SecretString::from("k-1");
        let body = include_str!("golden/push_update.json");

        let ids = hint(&push("k-1", body), &secret);

        let id = DealId::from("6d81597f-0000-4000-8000-000000000011");
        assert_eq!(ids, Ok(vec![id]));
        assert_eq!(hint(&push("k-2", body), &secret), Err(Rejected::Signature));
        assert_eq!(hint(&push("", body), &secret), Err(Rejected::Signature));
        assert_eq!(hint(&push("k-1", "{}"), &secret), Err(Rejected::Malformed));
    }
}
