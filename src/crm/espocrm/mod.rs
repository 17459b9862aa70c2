//! EspoCRM: opportunities of version 9, over its REST API.

mod call;
mod faults;
mod ids;
mod layouts;
mod odd;
mod read;
mod sandbox;
mod setup;
#[cfg(test)]
mod tests;
mod wire;
mod write;

use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sha2::Sha256;

use super::Crm;
use super::page::{Cursor, Page, Seen};
use super::profile::{Base, Profile, SignIn};
use super::push::{Push, Rejected};
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
    id: "espocrm",
    name: "EspoCRM",
    sign_in: &[SignIn::Token, SignIn::Login],
    people: None,
    token_url: "",
    client_in_form: false,
    base: Base::Settings,
    bearer: KEY,
    key: Some(KEY),
    hosts: &[],
    // It has no limit of its own; this spares the customer's server.
    quotas: &[Quota {
        calls: 600,
        per: Duration::from_secs(60),
    }],
    per_day: None,
    write_batch: 1,
    writes_at_once: 2,
    longest_text: 1_000_000,
    unit: Unit::Chars,
    closed_deals_take_writes: true,
    frame_ancestors: &[],
};

const KEY: Header = Header {
    name: "x-api-key",
    prefix: "",
};

/// The connector.
pub struct EspoCrm;

#[async_trait]
impl Crm for EspoCrm {
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

    /// Filters belong to one user each, so each manager saves them.
    fn by_hand(&self, wanted: &Blueprint, step: &Step) -> Option<Vec<String>> {
        match step {
            Step::CreateView(key) => setup::filter_by_hand(wanted, key),
            _ => None,
        }
    }

    async fn write(&self, session: &Session, batch: &[Update]) -> Result<Vec<Outcome>, Fault> {
        write::write(session, batch).await
    }

    fn fault(&self, reply: &Reply) -> Fault {
        faults::of(reply)
    }

    /// Each webhook has a key of its own, so the secret may hold several, with blanks between.
    ///
    /// `Signature` is the webhook's id and the hex of an HMAC of the body, joined by a colon, in
    /// base64. It carries no time; a replay causes one more read and no more.
    fn hint(&self, push: &Push, secret: &SecretString) -> Result<Vec<DealId>, Rejected> {
        #[derive(Deserialize)]
        struct Changed {
            id: String,
        }
        let signature = STANDARD
            .decode(push.header("signature"))
            .map_err(|_| Rejected::Signature)?;
        let signature = String::from_utf8(signature).map_err(|_| Rejected::Signature)?;
        let (_, hex) = signature.split_once(':').ok_or(Rejected::Signature)?;
        let sent = call::from_hex(hex).ok_or(Rejected::Signature)?;
        let keys = secret.expose_secret().split_whitespace();
        let signed = keys.filter_map(|key| {
            let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).ok()?;
            mac.update(&push.body);
            mac.verify_slice(&sent).ok()
        });
        if signed.count() == 0 {
            return Err(Rejected::Signature);
        }
        let changed: Vec<Changed> =
            serde_json::from_slice(&push.body).map_err(|_| Rejected::Malformed)?;
        let mut ids: Vec<DealId> = changed.into_iter().map(|it| it.id.into()).collect();
        ids.sort();
        ids.dedup();
        Ok(ids)
    }

    fn deal_url(&self, base: &url::Url, id: &DealId) -> Option<String> {
        let base = base.as_str().trim_end_matches('/');
        Some(format!("{base}/#Opportunity/view/{id}"))
    }

    fn sandbox(&self, world: World) -> Sandbox {
        sandbox::serve(world)
    }
}
