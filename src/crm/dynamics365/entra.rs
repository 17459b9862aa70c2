//! Who looks at a deal: an Entra ID token for our app, brought by the panel's web resource.
//!
//! A form tells a page which row it shows, unsigned and without the user, so the row is only what
//! the page asks for. Who asks stands in the token, which the tenant signs; the row's own rights are
//! Latitude's to judge, as on every page.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use serde::Deserialize;
use url::Url;

use super::wire::Rows;
use super::{asking, spoken};
use crate::crm::push::{Proof, Push, Rejected, Viewer};
use crate::crm::session::Session;
use crate::crm::settings::Settings;
use crate::domain::ids::{DealId, PersonId};
use crate::http::fault::Fault;
use crate::http::id_token::{Doubt, Issuer};

/// A token that was made longer ago is not believed, though it lasts an hour: the panel's page gets a
/// new one each time. Microsoft dates tokens five minutes back (unverified), so half of it is left.
const LIFETIME: TimeDelta = TimeDelta::minutes(10);
/// The tenant's keys are read again after this long …
const KEYS_LAST: TimeDelta = TimeDelta::hours(12);
/// … and for a token with an unknown key, which whoever likes can make, not oftener than this.
const KEYS_AGAIN: TimeDelta = TimeDelta::minutes(1);
/// Where the session remembers them.
const KEYS: &str = "entra_keys";

#[derive(Deserialize)]
struct User {
    systemuserid: String,
}

/// See [`crate::crm::Crm::viewer`].
pub async fn viewer(session: &Session, push: &Push) -> Result<Viewer, Rejected> {
    let token = push.form("id_token").ok_or(Rejected::Malformed)?;
    let deal = push.form("id").as_deref().and_then(guid);
    let deal = deal.ok_or(Rejected::Malformed)?;
    if push.form("typename").is_some_and(|it| it != "opportunity") {
        return Err(Rejected::Malformed);
    }
    let signature = token.rsplit('.').next().unwrap_or_default();
    let signature = URL_SAFE_NO_PAD
        .decode(signature)
        .map_err(|_| Rejected::Malformed)?;
    let (issuer, tenant) = issuer(&session.settings).ok_or(Rejected::Unsupported)?;
    let client_id = session.settings.client_id.as_deref();
    let client_id = client_id.ok_or(Rejected::Unsupported)?;
    let known = session.memo.get::<Issuer>(KEYS);
    let keys = match known.filter(|it| it.is_within(KEYS_LAST, push.now)) {
        Some(keys) => keys,
        None => read(session, &issuer, push).await?,
    };
    let shown = match keys.believe(&token, client_id, push.now) {
        // Keys change without notice, some weeks apart.
        Err(Doubt::UnknownKey) if !keys.is_within(KEYS_AGAIN, push.now) => {
            let keys = read(session, &issuer, push).await?;
            keys.believe(&token, client_id, push.now)
        }
        shown => shown,
    };
    let shown = shown.map_err(|doubt| {
        tracing::info!(%doubt, "an ID token is not believed");
        match doubt {
            Doubt::Late => Rejected::Stale,
            Doubt::UnknownKey | Doubt::Wrong(_) => Rejected::Signature,
        }
    })?;
    if !shown.claims.text("tid").eq_ignore_ascii_case(&tenant) {
        return Err(Rejected::Signature);
    }
    if push.now - shown.issued_at > LIFETIME {
        return Err(Rejected::Stale);
    }
    let oid = guid(shown.claims.text("oid")).ok_or(Rejected::Malformed)?;
    Ok(Viewer {
        person: Some(person(session, &oid).await?),
        email: None,
        deal: DealId::from(deal),
        // The keys are this tenant's and the audience is this connection's app.
        organisation: None,
        proof: Proof::of(&signature, true),
    })
}

/// The tenant's name as an issuer, and the tenant, from the address its apps sign in at.
fn issuer(settings: &Settings) -> Option<(Url, String)> {
    let login = settings.login_url.as_ref()?;
    let tenant = login.path_segments()?.find(|it| !it.is_empty())?.to_owned();
    let issuer = format!("{}/v2.0", login.as_str().trim_end_matches('/'));
    Some((issuer.parse().ok()?, tenant))
}

async fn read(session: &Session, issuer: &Url, push: &Push) -> Result<Issuer, Rejected> {
    let keys = Issuer::read(issuer, session.settings.allow_private, push.now).await;
    let keys = keys.map_err(|fault| unreachable(&fault))?;
    if let Ok(kept) = serde_json::to_value(&keys) {
        session.memo.keep(KEYS, kept);
    }
    Ok(keys)
}

/// The user that the tenant's person is in this organisation.
async fn person(session: &Session, oid: &str) -> Result<PersonId, Rejected> {
    let path = asking(
        session,
        "systemusers",
        &[
            ("$select", "systemuserid"),
            (
                "$filter",
                &format!("azureactivedirectoryobjectid eq {oid} and isdisabled eq false"),
            ),
        ],
    );
    let found = spoken(session.api.get(path)).read::<Rows<User>>().await;
    let mut users = found.map_err(|fault| unreachable(&fault))?.value;
    match (users.pop(), users.is_empty()) {
        (Some(user), true) => Ok(PersonId::from(user.systemuserid.to_ascii_lowercase())),
        _ => Err(Rejected::Unknown),
    }
}

fn unreachable(fault: &Fault) -> Rejected {
    tracing::warn!(cause = %fault.cause(), "an ID token cannot be checked");
    Rejected::Unchecked
}

/// A GUID without braces, in lower case.
fn guid(text: &str) -> Option<String> {
    let text = text.trim_start_matches('{').trim_end_matches('}');
    let fits = text.len() == 36
        && text.bytes().enumerate().all(|(n, byte)| match n {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        });
    fits.then(|| text.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_s_id_is_a_guid_in_braces_or_without() {
        let bare = "6d81597f-0000-4000-8000-000000000011";

        assert_eq!(guid("{6D81597F-0000-4000-8000-000000000011}"), guid(bare));
        assert_eq!(guid(bare).as_deref(), Some(bare));
        for wrong in ["", "{}", "6d81597f", "6d81597f-0000-4000-8000-00000000001)"] {
            assert_eq!(guid(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_issuer_is_the_tenant_below_its_sign_in_address() {
        let settings = Settings {
            login_url: "https://login.example/b4a1c0de-0000-4000-8000-00000000aad1"
                .parse()
                .ok(),
            ..Settings::default()
        };

        let (issuer, tenant) = issuer(&settings).expect("an issuer");

        assert_eq!(issuer.path(), "/b4a1c0de-0000-4000-8000-00000000aad1/v2.0");
        assert_eq!(tenant, "b4a1c0de-0000-4000-8000-00000000aad1");
    }
}
