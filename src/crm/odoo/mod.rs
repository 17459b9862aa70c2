//! Odoo: opportunities of its CRM app, over JSON-2 (version 19 and later) or JSON-RPC (before).

mod faults;
mod frame;
mod ids;
mod read;
mod rpc;
mod sandbox;
mod setup;
#[cfg(test)]
mod tests;
mod views;
mod wire;
mod write;

use std::time::Duration;

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use subtle::ConstantTimeEq;

use super::Crm;
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
use crate::http::call::Reply;
use crate::http::fault::Fault;
use crate::http::token::Header;
use crate::sandbox::Sandbox;
use crate::sandbox::world::World;

const PROFILE: Profile = Profile {
    id: "odoo",
    name: "Odoo",
    sign_in: &[SignIn::Token, SignIn::Login],
    people: None,
    token_url: "",
    client_in_form: false,
    base: Base::Settings,
    bearer: KEY,
    key: Some(KEY),
    hosts: &[],
    // Odoo has no limit of its own; its makers ask integrators to keep to about one call a second.
    quotas: &[Quota {
        calls: 240,
        per: Duration::from_secs(120),
    }],
    per_day: None,
    write_batch: 50,
    writes_at_once: 1,
    longest_text: 1_000_000,
    unit: Unit::Chars,
    closed_deals_take_writes: true,
    frame_ancestors: &[OWN_PAGES],
};

const KEY: Header = Header {
    name: "authorization",
    prefix: "bearer ",
};

/// The connector.
pub struct Odoo;

#[async_trait]
impl Crm for Odoo {
    fn profile(&self) -> &'static Profile {
        &PROFILE
    }

    fn field_name(&self, prefix: &str, field: Field) -> String {
        wire::field_name(prefix, field.name())
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
        setup::setup(session, wanted).await
    }

    async fn apply(&self, session: &Session, wanted: &Blueprint, step: &Step) -> Result<(), Fault> {
        setup::apply(session, wanted, step).await
    }

    async fn write(&self, session: &Session, batch: &[Update]) -> Result<Vec<Outcome>, Fault> {
        write::write(session, batch).await
    }

    fn fault(&self, reply: &Reply) -> Fault {
        faults::of(reply)
    }

    /// Odoo's automation rules sign nothing, so the address they call carries the secret as `key`.
    fn hint(&self, push: &Push, secret: &SecretString) -> Result<Vec<DealId>, Rejected> {
        #[derive(Deserialize)]
        struct Event {
            _id: i64,
            _model: String,
        }
        let key = push.query("key").unwrap_or_default();
        let same = key.as_bytes().ct_eq(secret.expose_secret().as_bytes());
        if secret.expose_secret().is_empty() || !bool::from(same) {
            return Err(Rejected::Signature);
        }
        let event: Event = serde_json::from_slice(&push.body).map_err(|_| Rejected::Malformed)?;
        if event._model != "crm.lead" {
            return Err(Rejected::Malformed);
        }
        Ok(vec![DealId::from(event._id.to_string())])
    }

    async fn viewer(&self, session: &Session, push: &Push) -> Result<Viewer, Rejected> {
        frame::viewer(push, session.settings.embed_key()?)
    }

    /// The address notification mails use, the same in every version.
    fn deal_url(&self, base: &url::Url, id: &DealId) -> Option<String> {
        let base = base.as_str().trim_end_matches('/');
        Some(format!("{base}/mail/view?model=crm.lead&res_id={id}"))
    }

    fn sandbox(&self, world: World) -> Sandbox {
        sandbox::serve(world)
    }
}
