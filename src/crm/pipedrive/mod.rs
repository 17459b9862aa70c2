//! Pipedrive: fields under random keys, single writes, every call paid from the company's daily
//! tokens.
//!
//! [`wire`] is what stands on the wire, [`faults`] what its refusals mean, [`read`], [`write`] and
//! [`setup`] the verbs (with [`filters`]), [`push`] what it sends to us. Users, roles and filters still live in
//! version 1 of the API, all else in version 2.

mod faults;
mod filters;
mod push;
mod read;
mod sandbox;
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

/// Pipedrive.
pub struct Pipedrive;

static PROFILE: Profile = Profile {
    id: "pipedrive",
    name: "Pipedrive",
    sign_in: &[
        SignIn::Token,
        SignIn::AuthorizationCode {
            authorize: "https://oauth.pipedrive.com/oauth/authorize",
            // What an app may do is fixed in the Developer Hub.
            scopes: &[],
            pkce: false,
            extra: &[],
        },
    ],
    // Its grant installs the app for that user: a second one would end the connection's own.
    people: None,
    token_url: "https://oauth.pipedrive.com/oauth/token",
    client_in_form: false,
    base: Base::Member("api_domain"),
    bearer: Header::BEARER,
    key: Some(Header {
        name: "x-api-token",
        prefix: "",
    }),
    hosts: &[".pipedrive.com"],
    // Any two seconds then hold at most 4 + 16 calls, the limit of the smallest plan.
    quotas: &[Quota {
        calls: 4,
        per: Duration::from_millis(500),
    }],
    // The smallest plan with one seat, in tokens; the answers say what the company really has.
    per_day: Some(30_000),
    write_batch: 1,
    writes_at_once: 4,
    // "65k" by the documents; the rest is a margin.
    longest_text: 60_000,
    unit: Unit::Utf16,
    closed_deals_take_writes: true,
    frame_ancestors: &["https://*.pipedrive.com"],
};

#[async_trait]
impl Crm for Pipedrive {
    fn profile(&self) -> &'static Profile {
        &PROFILE
    }

    fn field_name(&self, prefix: &str, field: Field) -> String {
        // Keys are random, so a field is known by what people see; the mark in brackets keeps it
        // apart from a field of the customer's own that has the same label.
        format!("{} ({})", field.label(), prefix.trim_matches('_'))
    }

    async fn whoami(&self, session: &Session) -> Result<Identity, Fault> {
        read::whoami(session).await
    }

    async fn stages(&self, session: &Session) -> Result<Vec<Pipeline>, Fault> {
        read::stages(session).await
    }

    async fn people(&self, session: &Session, _: &Cursor) -> Result<Page<Person>, Fault> {
        read::people(session).await
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

    fn deal_url(&self, base: &url::Url, id: &DealId) -> Option<String> {
        let url = base.join(&format!("/deal/{id}")).ok()?;
        Some(url.into())
    }

    fn sandbox(&self, world: World) -> Sandbox {
        sandbox::open(world)
    }
}
