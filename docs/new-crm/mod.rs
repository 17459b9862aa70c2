//! Skeleton: the profile, and what only this CRM knows.
//!
//! Every verb says that it is not there yet, so the crate compiles and the conformance suite names
//! what to write next.

mod sandbox;
mod wire;

use std::time::Duration;

use async_trait::async_trait;

use super::Crm;
use super::page::{Cursor, Page, Seen};
use super::profile::{Base, Profile, SignIn};
use super::session::{Identity, Session};
use super::setup::{Blueprint, Setup, Step};
use super::write::{Outcome, Update};
use crate::domain::deal::{Deal, Pipeline};
use crate::domain::field::Field;
use crate::domain::ids::DealId;
use crate::domain::people::Person;
use crate::domain::text::Unit;
use crate::http::budget::Quota;
use crate::http::fault::{Cause, Fault};
use crate::http::token::Header;
use crate::sandbox::Sandbox;
use crate::sandbox::world::World;

const PROFILE: Profile = Profile {
    id: "skeleton",
    name: "Skeleton",
    sign_in: &[SignIn::Token],
    people: None,
    token_url: "",
    client_in_form: false,
    base: Base::Settings,
    bearer: KEY,
    key: Some(KEY),
    hosts: &[],
    // A cautious pace, until the documents say what is allowed.
    quotas: &[Quota {
        calls: 60,
        per: Duration::from_secs(60),
    }],
    per_day: None,
    write_batch: 1,
    writes_at_once: 1,
    longest_text: 1_000,
    unit: Unit::Chars,
    closed_deals_take_writes: true,
    frame_ancestors: &[],
};

const KEY: Header = Header {
    name: "authorization",
    prefix: "Bearer ",
};

/// The connector.
pub struct Skeleton;

/// What a verb answers that nobody has written.
fn unsupported(verb: &str) -> Fault {
    let what = format!(
        "{} has no {verb} yet; see docs/adding-a-crm.md",
        PROFILE.name
    );
    Fault::Setup(Cause::told("unsupported", what))
}

#[async_trait]
impl Crm for Skeleton {
    fn profile(&self) -> &'static Profile {
        &PROFILE
    }

    fn field_name(&self, prefix: &str, field: Field) -> String {
        wire::field_name(prefix, field.name())
    }

    async fn whoami(&self, _session: &Session) -> Result<Identity, Fault> {
        Err(unsupported("whoami"))
    }

    async fn stages(&self, _session: &Session) -> Result<Vec<Pipeline>, Fault> {
        Err(unsupported("stages"))
    }

    async fn people(&self, _session: &Session, _from: &Cursor) -> Result<Page<Person>, Fault> {
        Err(unsupported("people"))
    }

    async fn deals(&self, _session: &Session, _from: &Cursor) -> Result<Page<Seen>, Fault> {
        Err(unsupported("deals"))
    }

    async fn deal(&self, _session: &Session, _id: &DealId) -> Result<Option<Deal>, Fault> {
        Err(unsupported("deal"))
    }

    async fn setup(&self, _session: &Session, _wanted: &Blueprint) -> Result<Setup, Fault> {
        Err(unsupported("setup"))
    }

    async fn apply(
        &self,
        _session: &Session,
        _wanted: &Blueprint,
        _step: &Step,
    ) -> Result<(), Fault> {
        Err(unsupported("apply"))
    }

    async fn write(&self, _session: &Session, _batch: &[Update]) -> Result<Vec<Outcome>, Fault> {
        Err(unsupported("write"))
    }

    fn sandbox(&self, world: World) -> Sandbox {
        sandbox::serve(world)
    }
}
