//! What HubSpot sends to us, signed with the app's secret (signature v3).
//!
//! Older signatures (v1, v2) carry no time, so they are not believed.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;
use sha2::Sha256;

use crate::crm::push::{Proof, Push, Rejected, Viewer};
use crate::domain::ids::DealId;

/// A request older or newer than this is not believed.
const LIFETIME: TimeDelta = TimeDelta::minutes(5);
/// What HubSpot decodes in an address before it signs it; nothing else.
const DECODED: [(&str, &str); 12] = [
    ("%3A", ":"),
    ("%2F", "/"),
    ("%3F", "?"),
    ("%40", "@"),
    ("%21", "!"),
    ("%24", "$"),
    ("%27", "'"),
    ("%28", "("),
    ("%29", ")"),
    ("%2A", "*"),
    ("%2C", ","),
    ("%3B", ";"),
];
/// The number of the deal object.
const DEAL_TYPE: &str = "0-3";

/// The signature's bytes, where they fit.
fn verify(push: &Push, secret: &SecretString) -> Result<Vec<u8>, Rejected> {
    let stamp = push.header("x-hubspot-request-timestamp");
    let told = STANDARD
        .decode(push.header("x-hubspot-signature-v3"))
        .map_err(|_| Rejected::Signature)?;
    let decoded = DECODED.iter().fold(push.url.clone(), |url, (code, plain)| {
        url.replace(code, plain)
            .replace(&code.to_lowercase(), plain)
    });
    // Senders that skip the decoding are common, HubSpot's own libraries among them.
    let fits = [&decoded, &push.url].into_iter().any(|url| {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()) else {
            return false;
        };
        for part in [
            push.method.as_bytes(),
            url.as_bytes(),
            &push.body,
            stamp.as_bytes(),
        ] {
            mac.update(part);
        }
        // Compares in constant time.
        mac.verify_slice(&told).is_ok()
    });
    if !fits {
        return Err(Rejected::Signature);
    }
    let sent = stamp.parse().ok().and_then(DateTime::from_timestamp_millis);
    match sent {
        Some(sent) if (push.now - sent).abs() <= LIFETIME => Ok(told),
        _ => Err(Rejected::Stale),
    }
}

/// The deals that a delivery of up to a hundred events is about.
pub fn hint(push: &Push, secret: &SecretString) -> Result<Vec<DealId>, Rejected> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Event {
        // Some pages of the documents call it by the second name.
        #[serde(default, alias = "eventType")]
        subscription_type: String,
        object_type_id: Option<String>,
        object_id: Option<u64>,
        #[serde(default)]
        merged_object_ids: Vec<u64>,
        new_object_id: Option<u64>,
    }
    verify(push, secret)?;
    let events: Vec<Event> = serde_json::from_slice(&push.body).map_err(|_| Rejected::Malformed)?;
    let mut ids: Vec<u64> = events
        .into_iter()
        .filter(|event| match &event.object_type_id {
            Some(kind) => kind == DEAL_TYPE,
            None => event.subscription_type.starts_with("deal."),
        })
        .flat_map(|event| {
            let others = event
                .merged_object_ids
                .into_iter()
                .chain(event.new_object_id);
            event.object_id.into_iter().chain(others)
        })
        .collect();
    ids.sort_unstable();
    ids.dedup();
    Ok(ids
        .into_iter()
        .map(|id| DealId::from(id.to_string()))
        .collect())
}

/// Who looks at which deal: HubSpot vouches for the person and the account in the address; the
/// deal is what our card put into the body.
pub fn viewer(push: &Push, secret: &SecretString) -> Result<Viewer, Rejected> {
    let signature = verify(push, secret)?;
    // HubSpot adds these to an address that the card's code in the browser made up, and signs all of
    // it. Which of two of a name is HubSpot's is not documented.
    let added = ["userId", "portalId", "userEmail", "appId"];
    if added.iter().any(|name| push.queried(name).len() > 1) {
        return Err(Rejected::Malformed);
    }
    let body: Value = serde_json::from_slice(&push.body).map_err(|_| Rejected::Malformed)?;
    let deal = match body.get("dealId").or_else(|| body.get("objectId")) {
        Some(Value::String(id)) => id.clone(),
        Some(Value::Number(id)) => id.to_string(),
        _ => return Err(Rejected::Malformed),
    };
    if deal.is_empty() || !deal.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Rejected::Malformed);
    }
    Ok(Viewer {
        // The address names the user, and deals name owners, who have other ids: the address of
        // the person is what both have in common.
        person: None,
        email: push.query("userEmail"),
        deal: DealId::from(deal),
        organisation: push.query("portalId"),
        proof: Proof::of(&signature, true),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const SECRET: &str = "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy";

    fn signed(url: &str, body: &str, stamp: i64) -> Push {
        let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("a key");
        mac.update(format!("POST{url}{body}{stamp}").as_bytes());
        pushed(
            url,
            body,
            stamp,
            &STANDARD.encode(mac.finalize().into_bytes()),
        )
    }

    fn pushed(url: &str, body: &str, stamp: i64, signature: &str) -> Push {
        let headers = BTreeMap::from([
            ("x-hubspot-signature-v3".to_owned(), signature.to_owned()),
            ("x-hubspot-request-timestamp".to_owned(), stamp.to_string()),
        ]);
        Push {
            method: "POST".to_owned(),
            url: url.to_owned(),
            headers,
            body: body.as_bytes().to_vec(),
            now: DateTime::from_timestamp_millis(1_700_000_400_000).expect("a time"),
        }
    }

    #[test]
    fn a_signature_made_by_another_implementation_fits() {
        let body = "{'example_field':'example_value'}";
        let push = pushed(
            "https://www.example.com/webhook_uri",
            body,
            1_700_000_300_000,
            "RnbPH7+UMKVkbV32P8bz450N4M56aPmcru1+D3kSDtw=",
        );

        assert!(verify(&push, &SECRET.into()).is_ok());
        assert_eq!(hint(&push, &SECRET.into()), Err(Rejected::Malformed));
        assert_eq!(verify(&push, &"other".into()), Err(Rejected::Signature));
    }

    #[test]
    fn an_old_or_changed_request_is_refused() {
        let url = "https://latitude.acme.test/push/hub";

        let old = signed(url, "[]", 1_700_000_000_000);
        let mut changed = signed(url, "[]", 1_700_000_300_000);
        changed.body = b"[{}]".to_vec();
        let bare = pushed(url, "[]", 1_700_000_300_000, "");

        assert_eq!(hint(&old, &SECRET.into()), Err(Rejected::Stale));
        assert_eq!(hint(&changed, &SECRET.into()), Err(Rejected::Signature));
        assert_eq!(hint(&bare, &SECRET.into()), Err(Rejected::Signature));
    }

    #[test]
    fn events_name_their_deals_once() {
        let body = include_str!("golden/webhook.json");
        let push = signed(
            "https://latitude.acme.test/push/hub",
            body,
            1_700_000_300_000,
        );

        let deals = hint(&push, &SECRET.into());

        let wanted = ["701", "702", "703", "704"].map(DealId::from);
        assert_eq!(deals, Ok(wanted.to_vec()));
    }

    #[test]
    fn a_card_says_who_looks_at_which_deal() {
        let url = "https://latitude.acme.test/embed/hub?userId=9&portalId=4711&userEmail=ada%40acme.test&appId=1";
        let mut decoded = signed(
            &url.replace("%40", "@"),
            r#"{"dealId":"701"}"#,
            1_700_000_300_000,
        );
        decoded.url = url.to_owned();

        let viewer = viewer(&decoded, &SECRET.into()).expect("a viewer");

        assert_eq!(viewer.email.as_deref(), Some("ada@acme.test"));
        assert_eq!(viewer.organisation.as_deref(), Some("4711"));
        assert_eq!(viewer.deal.as_str(), "701");
    }

    #[test]
    fn a_card_cannot_name_someone_beside_whom_hubspot_names() {
        let own = "https://latitude.acme.test/embed/hub?userEmail=boss@acme.test&portalId=7";
        let added = "&userId=9&portalId=4711&userEmail=ada@acme.test&appId=1";
        let push = signed(
            &format!("{own}{added}"),
            r#"{"dealId":"701"}"#,
            1_700_000_300_000,
        );

        assert!(verify(&push, &SECRET.into()).is_ok());
        assert_eq!(
            viewer(&push, &SECRET.into()).err(),
            Some(Rejected::Malformed)
        );
    }
}
