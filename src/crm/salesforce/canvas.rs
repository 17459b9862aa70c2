//! The signed request of a Canvas app: who is looking at which opportunity.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use chrono::TimeDelta;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sha2::Sha256;

use crate::crm::push::{Proof, Push, Rejected, Viewer};
use crate::domain::Time;

/// How far a stated issue time may be from ours.
const WINDOW: TimeDelta = TimeDelta::minutes(5);

/// Padded or not, as the canvas SDK accepts both.
const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    algorithm: Option<String>,
    issued_at: Option<serde_json::Value>,
    user_id: Option<String>,
    context: Context,
}

#[derive(Deserialize)]
struct Context {
    user: Option<User>,
    organization: Option<Organization>,
    environment: Environment,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct User {
    user_id: Option<String>,
    email: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Organization {
    organization_id: Option<String>,
}

#[derive(Deserialize)]
struct Environment {
    parameters: Parameters,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parameters {
    record_id: String,
}

/// See [`crate::crm::Crm::viewer`].
///
/// The record's id is chosen by page code, so a viewer is only a claim about which deal to show;
/// what the person may see is decided from who they are.
pub fn viewer(push: &Push, secret: &SecretString) -> Result<Viewer, Rejected> {
    let signed = push.form("signed_request").ok_or(Rejected::Malformed)?;
    let (signature, envelope) = signed.split_once('.').ok_or(Rejected::Malformed)?;
    let given = decode(signature).ok_or(Rejected::Signature)?;
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes())
        .map_err(|_| Rejected::Signature)?;
    // The message is the envelope as it stands, not what it encodes.
    mac.update(envelope.as_bytes());
    mac.verify_slice(&given).map_err(|_| Rejected::Signature)?;
    let text = decode(envelope).ok_or(Rejected::Malformed)?;
    let told: Envelope = serde_json::from_slice(&text).map_err(|_| Rejected::Malformed)?;
    if told.algorithm.as_deref().unwrap_or("HMACSHA256") != "HMACSHA256" {
        return Err(Rejected::Signature);
    }
    let issued = told.issued_at.as_ref().and_then(moment);
    if issued.is_some_and(|issued| (push.now - issued).abs() > WINDOW) {
        return Err(Rejected::Stale);
    }
    let user = told.context.user;
    let (id, email) = user.map_or((None, None), |user| (user.user_id, user.email));
    Ok(Viewer {
        person: told.user_id.or(id).map(Into::into),
        email,
        deal: full_id(&told.context.environment.parameters.record_id)
            .ok_or(Rejected::Malformed)?
            .into(),
        organisation: told.context.organization.and_then(|it| it.organization_id),
        proof: Proof::of(&given, issued.is_some()),
    })
}

fn decode(text: &str) -> Option<Vec<u8>> {
    let text = text.replace('-', "+").replace('_', "/");
    STANDARD.decode(text).ok()
}

/// Seconds or milliseconds, as a number or as digits; it has been seen absent too.
fn moment(value: &serde_json::Value) -> Option<Time> {
    let number = value.as_i64().or_else(|| value.as_str()?.parse().ok())?;
    let seconds = if number > 100_000_000_000 {
        number / 1000
    } else {
        number
    };
    chrono::DateTime::from_timestamp(seconds, 0)
}

const CHECK: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";

/// An id in its 18 characters: page code may pass the 15 that tell capitals apart, the API never
/// does.
pub fn full_id(id: &str) -> Option<String> {
    let bytes = id.as_bytes();
    if !matches!(bytes.len(), 15 | 18) || !bytes.iter().all(u8::is_ascii_alphanumeric) {
        return None;
    }
    if bytes.len() == 18 {
        return Some(id.to_owned());
    }
    let checks = bytes.chunks(5).map(|five| {
        let bits = five
            .iter()
            .enumerate()
            .map(|(n, byte)| usize::from(byte.is_ascii_uppercase()) << n);
        char::from(CHECK[bits.sum::<usize>()])
    });
    Some(id.chars().chain(checks).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const SIGNED: &str = include_str!("golden/signed_request.txt");

    fn push(signed: &str, seconds: i64) -> Push {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("signed_request", signed)
            .finish();
        Push {
            method: "POST".to_owned(),
            url: "https://latitude.test/embed".to_owned(),
            headers: BTreeMap::new(),
            body: body.into_bytes(),
            now: chrono::DateTime::from_timestamp(seconds, 0).expect("a time"),
        }
    }

    fn seen(signed: &str, seconds: i64, secret: &str) -> Result<Viewer, Rejected> {
        viewer(&push(signed, seconds), &SecretString::from(secret))
    }

    #[test]
    fn a_signed_request_names_person_and_deal() {
        let viewer = seen(SIGNED.trim(), 1_763_700_100, "canvas-secret").expect("a viewer");

        assert_eq!(viewer.deal.as_str(), "006000000000001AAA");
        assert_eq!(
            viewer.person.expect("a person").as_str(),
            "005000000000001AAA"
        );
    }

    #[test]
    fn any_other_request_is_refused() {
        let signed = SIGNED.trim();
        let (signature, envelope) = signed.split_once('.').expect("two parts");
        let at = |signed: &str| seen(signed, 1_763_700_100, "canvas-secret");

        assert_eq!(
            seen(signed, 1_763_700_100, "other"),
            Err(Rejected::Signature)
        );
        assert_eq!(
            seen(signed, 1_763_700_900, "canvas-secret"),
            Err(Rejected::Stale)
        );
        assert_eq!(
            at(&format!("{signature}.{envelope}A")),
            Err(Rejected::Signature)
        );
        assert_eq!(
            at(&format!("{signature}A.{envelope}")),
            Err(Rejected::Signature)
        );
        assert_eq!(at(envelope), Err(Rejected::Malformed));
        assert!(at(&format!("{}.{envelope}", signature.trim_end_matches('='))).is_ok());
    }

    #[test]
    fn short_ids_are_completed() {
        assert_eq!(
            full_id("001D000000IRFma").as_deref(),
            Some("001D000000IRFmaIAH")
        );
        assert_eq!(
            full_id("006D000000AbCdE").as_deref(),
            Some("006D000000AbCdEIAV")
        );
        assert_eq!(
            full_id("006D000000AbCdEIAV").as_deref(),
            Some("006D000000AbCdEIAV")
        );
        assert_eq!(full_id("006' OR Id != ''"), None);
    }
}
