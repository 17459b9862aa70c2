//! Salesforce (Sales Cloud): opportunities over the REST API, fields over the Tooling API.
//!
//! Reads are SOQL queries in the order of `(SystemModstamp, Id)`; writes are sObject Collections
//! of 200 with one outcome each. Deletes come with the changes, through `queryAll`.

mod canvas;
mod collections;
mod faults;
mod grants;
mod limits;
mod read;
mod row;
mod sandbox;
mod setup;
mod split;
mod views;
mod wire;
mod write;

use std::time::Duration;

use async_trait::async_trait;

use super::Crm;
use super::page::{Cursor, Page, Parts, Seen};
use super::profile::{Base, Profile, SignIn};
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
use crate::http::call::Reply;
use crate::http::fault::Fault;
use crate::http::token::Header;
use crate::sandbox::Sandbox;
use crate::sandbox::world::World;

/// Salesforce.
pub struct Salesforce;

static PROFILE: Profile = Profile {
    id: "salesforce",
    name: "Salesforce",
    sign_in: &[
        // The customer's own External Client App with a run-as user: no refresh token, so nothing
        // that rotation could break.
        SignIn::ClientCredentials { scopes: &[] },
        SignIn::JwtBearer {
            audience: "https://login.salesforce.com",
        },
        SignIn::AuthorizationCode {
            authorize: "/services/oauth2/authorize",
            scopes: &["api", "refresh_token", "openid"],
            pkce: true,
            extra: &[],
        },
    ],
    people: Some(&["openid"]),
    token_url: "/services/oauth2/token",
    client_in_form: true,
    base: Base::Member("instance_url"),
    bearer: Header::BEARER,
    key: None,
    hosts: &[".salesforce.com", ".force.com"],
    // There is no limit per second; this only keeps a first pull from crowding others out.
    quotas: &[Quota {
        calls: 600,
        per: Duration::from_secs(60),
    }],
    // The smallest paid edition's day, until the first answer says how much there really is.
    per_day: Some(100_000),
    write_batch: write::MOST,
    writes_at_once: 2,
    longest_text: 131_072,
    unit: Unit::Utf16,
    closed_deals_take_writes: true,
    frame_ancestors: &[
        "https://*.lightning.force.com",
        "https://*.my.salesforce.com",
        "https://*.vf.force.com",
        "https://*.visual.force.com",
        "https://*.salesforce.com",
    ],
};

/// The API version that is asked for where the connection sets none.
const API_VERSION: &str = "67.0";

/// A path below the versioned API.
fn api_path(session: &Session, rest: &str) -> String {
    let version = session.settings.api_version.as_deref();
    let version = version.unwrap_or(API_VERSION).trim_start_matches('v');
    format!("/services/data/v{version}{rest}")
}

#[async_trait]
impl Crm for Salesforce {
    fn profile(&self) -> &'static Profile {
        &PROFILE
    }

    fn field_name(&self, prefix: &str, field: Field) -> String {
        setup::field_name(prefix, field)
    }

    async fn whoami(&self, session: &Session) -> Result<Identity, Fault> {
        read::whoami(session).await
    }

    async fn stages(&self, session: &Session) -> Result<Vec<Pipeline>, Fault> {
        read::stages(session).await
    }

    async fn people(&self, session: &Session, from: &Cursor) -> Result<Page<Person>, Fault> {
        read::people(session, from).await
    }

    async fn deals(&self, session: &Session, from: &Cursor) -> Result<Page<Seen>, Fault> {
        read::deals(session, from).await
    }

    async fn split(&self, session: &Session, from: &Cursor) -> Result<Option<Parts>, Fault> {
        split::split(session, from).await
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
        setup::look(session, wanted).await
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

    async fn viewer(&self, session: &Session, push: &Push) -> Result<Viewer, Rejected> {
        canvas::viewer(push, session.settings.embed_key()?)
    }

    fn deal_url(&self, base: &url::Url, id: &DealId) -> Option<String> {
        let base = base.as_str().trim_end_matches('/');
        Some(format!("{base}/lightning/r/Opportunity/{id}/view"))
    }

    fn sandbox(&self, world: World) -> Sandbox {
        sandbox::sandbox(world)
    }
}
