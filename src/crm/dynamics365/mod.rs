//! Dynamics 365 Sales: the Dataverse Web API (OData 4).
//!
//! Three habits of it shape this connector. A PATCH on an unknown id *creates* a row, so every
//! write says `If-Match`. Deletes are told only by change tracking, which allows neither filter
//! nor names of related rows, so content is read by `modifiedon` and deletes by delta links.
//! Picklists hold numbers, so labels are translated by the field map.

mod account;
mod definition;
mod entra;
mod faults;
mod push;
mod read;
mod sandbox;
mod setup;
mod views;
mod wire;
mod write;

use std::time::Duration;

use async_trait::async_trait;
use secrecy::SecretString;

use super::page::{Cursor, Page, Seen};
use super::profile::{Base, OWN_PAGES, Profile, SignIn};
use super::push::{Push, Rejected, Viewer};
use super::session::{Identity, Session};
use super::setup::{Blueprint, Setup, Step};
use super::write::{Outcome, Update};
use crate::domain::deal::{Deal, Pipeline};
use crate::domain::field::Field;
use crate::domain::ids::DealId;
use crate::domain::people::Person;
use crate::domain::text::Unit;
use crate::http::budget::Quota;
use crate::http::call::{Call, Reply};
use crate::http::fault::Fault;
use crate::http::token::Header;
use crate::sandbox::Sandbox;
use crate::sandbox::world::World;

/// The connector for Dynamics 365 Sales.
pub struct Dynamics365;

const PROFILE: Profile = Profile {
    id: "dynamics365",
    name: "Dynamics 365 Sales",
    sign_in: &[
        SignIn::ClientCredentials {
            scopes: &["{base}/.default"],
        },
        SignIn::AuthorizationCode {
            authorize: "/oauth2/v2.0/authorize",
            scopes: &["{base}/user_impersonation", "offline_access", "openid"],
            pkce: true,
            extra: &[],
        },
    ],
    people: Some(&["{base}/user_impersonation", "openid"]),
    // Below `login_url`, which ends in the tenant.
    token_url: "/oauth2/v2.0/token",
    client_in_form: true,
    base: Base::Settings,
    bearer: Header::BEARER,
    key: None,
    // Next links may name the `.api.` host of the same organisation; other clouds have other ends.
    hosts: &[
        ".dynamics.com",
        ".microsoftdynamics.us",
        ".appsplatform.us",
        ".dynamics.cn",
    ],
    quotas: &[Quota {
        calls: 6_000,
        per: Duration::from_secs(300),
    }],
    // The tenant's pool for application users, without what its licences add. Every row counts.
    per_day: Some(500_000),
    // The API takes 1,000, but carries them out one after another within the time of one call.
    write_batch: 100,
    writes_at_once: 4,
    longest_text: LONGEST_TEXT,
    unit: Unit::Utf16,
    closed_deals_take_writes: false,
    frame_ancestors: &[OWN_PAGES],
};

/// The length our multi-line columns are created with, in UTF-16 units; the CRM would take
/// 1,048,576.
const LONGEST_TEXT: usize = 131_072;
/// The version of the Web API that this connector speaks, unless the connection sets another.
const API_VERSION: &str = "v9.2";

#[async_trait]
impl super::Crm for Dynamics365 {
    fn profile(&self) -> &'static Profile {
        &PROFILE
    }

    fn field_name(&self, prefix: &str, field: Field) -> String {
        format!("{}_{}", setup::prefix(prefix), field.name())
    }

    async fn whoami(&self, session: &Session) -> Result<Identity, Fault> {
        account::whoami(session).await
    }

    async fn stages(&self, session: &Session) -> Result<Vec<Pipeline>, Fault> {
        account::stages(session).await
    }

    async fn people(&self, session: &Session, from: &Cursor) -> Result<Page<Person>, Fault> {
        account::people(session, from).await
    }

    async fn deals(&self, session: &Session, from: &Cursor) -> Result<Page<Seen>, Fault> {
        read::deals(session, from).await
    }

    async fn deal(&self, session: &Session, id: &DealId) -> Result<Option<Deal>, Fault> {
        read::deal(session, id).await
    }

    async fn deals_now(
        &self,
        session: &Session,
        ids: &[DealId],
    ) -> Result<Vec<Option<Deal>>, Fault> {
        read::deals_now(session, ids).await
    }

    async fn setup(&self, session: &Session, wanted: &Blueprint) -> Result<Setup, Fault> {
        setup::found(session, wanted).await
    }

    async fn apply(&self, session: &Session, wanted: &Blueprint, step: &Step) -> Result<(), Fault> {
        setup::apply(session, wanted, step).await
    }

    async fn write(&self, session: &Session, batch: &[Update]) -> Result<Vec<Outcome>, Fault> {
        write::write(session, batch).await
    }

    fn fault(&self, reply: &Reply) -> Fault {
        faults::fault(reply)
    }

    fn hint(&self, push: &Push, secret: &SecretString) -> Result<Vec<DealId>, Rejected> {
        push::hint(push, secret)
    }

    async fn viewer(&self, session: &Session, push: &Push) -> Result<Viewer, Rejected> {
        entra::viewer(session, push).await
    }

    fn deal_url(&self, base: &url::Url, id: &DealId) -> Option<String> {
        let base = base.as_str().trim_end_matches('/');
        Some(format!(
            "{base}/main.aspx?pagetype=entityrecord&etn=opportunity&id={id}"
        ))
    }

    fn sandbox(&self, world: World) -> Sandbox {
        sandbox::sandbox(world)
    }
}

/// The path of the Web API below the organisation's address.
fn api(session: &Session, path: &str) -> String {
    let version = session.settings.api_version.as_deref();
    format!("/api/data/{}/{path}", version.unwrap_or(API_VERSION))
}

/// The same with query options, encoded the way OData servers read them.
fn asking(session: &Session, path: &str, options: &[(&str, &str)]) -> String {
    let options: Vec<String> = options
        .iter()
        .map(|(name, value)| format!("{name}={}", encoded(value)))
        .collect();
    format!("{}?{}", api(session, path), options.join("&"))
}

/// A form encoder would write blanks as `+` and `$` as `%24`, which not every gateway undoes.
fn encoded(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for byte in value.bytes() {
        match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => text.push(char::from(byte)),
            b'-' | b'_' | b'.' | b'~' | b',' | b'(' | b')' | b'$' | b'=' | b';' | b':' | b'@' => {
                text.push(char::from(byte));
            }
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

/// What every call says about the protocol.
fn spoken(call: Call<'_>) -> Call<'_> {
    call.header("accept", "application/json")
        .header("odata-maxversion", "4.0")
        .header("odata-version", "4.0")
        .header("if-none-match", "null")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_options_keep_what_the_protocol_reserves() {
        assert_eq!(
            encoded("modifiedon ge 2026-01-09T02:02:12Z and name eq 'A&B+C'"),
            "modifiedon%20ge%202026-01-09T02:02:12Z%20and%20name%20eq%20%27A%26B%2BC%27"
        );
    }
}
