//! HubSpot: deals by list and search, writes in batches of a hundred.
//!
//! [`wire`] is what stands on the wire, [`faults`] what its refusals mean, [`read`], [`write`] and
//! [`setup`] the verbs (with [`account`], [`companies`] and [`segments`]), [`push`] what it sends to
//! us.

mod account;
mod companies;
mod faults;
mod push;
mod read;
mod sandbox;
mod segments;
mod setup;
mod wire;
mod write;

use std::time::Duration;

use async_trait::async_trait;
use secrecy::SecretString;

use super::Crm;
use super::page::{Cursor, Page, Seen};
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

/// The dated version in every path; each is supported for 18 months.
const API_VERSION: &str = "2026-03";

/// HubSpot.
pub struct HubSpot;

static PROFILE: Profile = Profile {
    id: "hubspot",
    name: "HubSpot",
    sign_in: &[
        SignIn::Token,
        SignIn::AuthorizationCode {
            authorize: "https://app.hubspot.com/oauth/authorize",
            scopes: &[
                "oauth",
                "crm.objects.deals.read",
                "crm.objects.deals.write",
                "crm.objects.companies.read",
                "crm.objects.owners.read",
                "crm.schemas.deals.read",
                "crm.schemas.deals.write",
                "crm.lists.read",
                "crm.lists.write",
            ],
            pkce: true,
            extra: &[],
        },
    ],
    // Its grant installs the app for the whole account, and needs someone who may.
    people: None,
    token_url: "https://api.hubapi.com/oauth/2026-03/token",
    client_in_form: true,
    base: Base::Fixed("https://api.hubapi.com"),
    bearer: Header::BEARER,
    key: Some(Header::BEARER),
    hosts: &[".hubapi.com", ".hubspot.com"],
    // Any ten seconds then hold at most 28 + 70 calls, below the smallest of HubSpot's limits
    // (100 in 10 s for a fixed token of a free account; 110 for an OAuth app).
    quotas: &[Quota {
        calls: 28,
        per: Duration::from_secs(4),
    }],
    // OAuth apps have no daily limit; for fixed tokens the answers say it.
    per_day: None,
    write_batch: 100,
    writes_at_once: 4,
    // 65,536 by the documents, which do not say what is counted; the rest is a margin.
    longest_text: 60_000,
    unit: Unit::Utf16,
    closed_deals_take_writes: true,
    frame_ancestors: &["https://*.hubspot.com"],
};

/// The version that stands in every path.
fn version(session: &Session) -> &str {
    let set = session.settings.api_version.as_deref();
    set.unwrap_or(API_VERSION)
}

/// `/crm/objects/2026-03/deals` for the area `objects` and the rest `deals`.
fn path(session: &Session, area: &str, rest: &str) -> String {
    let path = format!("/crm/{area}/{}/{rest}", version(session));
    path.trim_end_matches('/').to_owned()
}

#[async_trait]
impl Crm for HubSpot {
    fn profile(&self) -> &'static Profile {
        &PROFILE
    }

    fn field_name(&self, prefix: &str, field: Field) -> String {
        // Lower-case letters, digits and underscores, a letter first.
        let name = format!("{prefix}{}", field.name()).to_lowercase();
        name.replace(|c: char| !c.is_ascii_alphanumeric(), "_")
            .trim_start_matches(|c: char| !c.is_ascii_alphabetic())
            .to_owned()
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
        push::viewer(push, session.settings.embed_key()?)
    }

    fn deal_url(&self, pages: &url::Url, id: &DealId) -> Option<String> {
        let pages = pages.as_str().trim_end_matches('/');
        Some(format!("{pages}/record/0-3/{id}"))
    }

    fn sandbox(&self, world: World) -> Sandbox {
        sandbox::open(world)
    }
}
