//! Signed statements (JWT bearer): who is named, and whether the app really said so.

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;

use super::oauth::{CLIENT_ID, Denied};
use super::org::Org;

/// How far ahead a statement may lapse, in seconds.
const LONGEST: i64 = 300;

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: String,
    /// A number; some clients send it as text.
    exp: serde_json::Value,
}

/// The user a statement speaks for.
pub fn user(org: &Org, assertion: &str, base: &str) -> Result<usize, Denied> {
    let invalid = |why| Denied("invalid_grant", why);
    let rules = org.book().rules.clone();
    let certificate = rules
        .certificate
        .ok_or(invalid("no certificate is uploaded to the app"))?;
    let key = DecodingKey::from_rsa_pem(certificate.as_bytes())
        .map_err(|_| invalid("the app's certificate cannot be read"))?;
    let mut validation = Validation::new(Algorithm::RS256);
    // Time is checked below, by the organisation's clock.
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let claims = jsonwebtoken::decode::<Claims>(assertion, &key, &validation)
        .map_err(|_| invalid("invalid assertion"))?
        .claims;
    if claims.iss != CLIENT_ID {
        return Err(Denied("invalid_client_id", "client identifier invalid"));
    }
    let hosts = [
        "https://login.salesforce.com",
        "https://test.salesforce.com",
        base,
    ];
    if !hosts.contains(&claims.aud.trim_end_matches('/')) {
        return Err(invalid("audience is invalid"));
    }
    let lapses = claims
        .exp
        .as_i64()
        .or_else(|| claims.exp.as_str()?.parse().ok());
    let now = org.world.now().timestamp();
    if lapses.is_none_or(|at| at <= now || at > now + LONGEST) {
        return Err(invalid("expired authorization code"));
    }
    let state = org.world.state();
    let person = state
        .people
        .iter()
        .position(|person| person.email == claims.sub);
    match person {
        Some(n) if rules.preauthorized && state.people[n].active => Ok(n),
        _ => Err(invalid("user hasn't approved this consumer")),
    }
}
