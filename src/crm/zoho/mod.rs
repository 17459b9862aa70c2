//! Zoho CRM, REST API v8.
//!
//! What shapes this connector: `GET /Deals` gives 200 rows a page, walks 100,000 at most and knows
//! no conditions, while a COQL query gives 2,000, filters, and can go on from an id for ever. So
//! the usual small pull is a GET with `If-Modified-Since`, and everything larger is COQL by id.
//! Errors come per record, also under 200 and 207. Field names are Zoho's own: we choose labels.

mod about;
mod faults;
mod office;
mod push;
mod read;
mod sandbox;
mod setup;
mod wire;
mod write;

use std::time::Duration;

use async_trait::async_trait;
use secrecy::SecretString;

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

/// The connector for Zoho CRM.
pub struct Zoho;

const PROFILE: Profile = Profile {
    id: "zoho",
    name: "Zoho CRM",
    sign_in: &[SignIn::AuthorizationCode {
        authorize: "/oauth/v2/auth",
        // One scope to the OAuth library: Zoho separates them by commas.
        scopes: &["ZohoCRM.modules.deals.READ,ZohoCRM.modules.deals.UPDATE,\
            ZohoCRM.modules.accounts.READ,ZohoCRM.coql.READ,ZohoCRM.users.READ,ZohoCRM.org.READ,\
            ZohoCRM.settings.fields.ALL,ZohoCRM.settings.layouts.READ,\
            ZohoCRM.settings.pipeline.READ,ZohoCRM.settings.custom_views.READ"],
        pkce: true,
        // Without both no refresh token comes.
        extra: &[("access_type", "offline"), ("prompt", "consent")],
    }],
    people: Some(&["ZohoCRM.users.READ,ZohoCRM.org.READ"]),
    token_url: "/oauth/v2/token",
    client_in_form: true,
    base: Base::Member("api_domain"),
    bearer: Header {
        name: "authorization",
        prefix: "Zoho-oauthtoken ",
    },
    key: None,
    hosts: &[
        ".zohoapis.com",
        ".zohoapis.eu",
        ".zohoapis.in",
        ".zohoapis.com.au",
        ".zohoapis.jp",
        ".zohoapis.com.cn",
        ".zohoapis.ca",
        ".zohoapis.sa",
        ".zohoapis.uk",
    ],
    // Zoho limits calls at once, not calls a minute; this keeps a burst from holding every slot.
    quotas: &[Quota {
        calls: 100,
        per: Duration::from_secs(10),
    }],
    // Credits of the smallest paid edition.
    per_day: Some(50_000),
    write_batch: 100,
    writes_at_once: 4,
    longest_text: LONGEST_TEXT,
    unit: Unit::Utf16,
    closed_deals_take_writes: true,
    frame_ancestors: &[],
};

/// The length of a large multi-line field.
const LONGEST_TEXT: usize = 32_000;
/// The version of the API that this connector speaks, unless the connection sets another.
const API_VERSION: &str = "v8";

#[async_trait]
impl super::Crm for Zoho {
    fn profile(&self) -> &'static Profile {
        &PROFILE
    }

    fn field_name(&self, _: &str, field: Field) -> String {
        setup::usual_name(field)
    }

    async fn whoami(&self, session: &Session) -> Result<Identity, Fault> {
        about::whoami(session).await
    }

    async fn stages(&self, session: &Session) -> Result<Vec<Pipeline>, Fault> {
        about::stages(session).await
    }

    async fn people(&self, session: &Session, from: &Cursor) -> Result<Page<Person>, Fault> {
        about::people(session, from).await
    }

    async fn deals(&self, session: &Session, from: &Cursor) -> Result<Page<Seen>, Fault> {
        read::deals(session, from).await
    }

    async fn deal(&self, session: &Session, id: &DealId) -> Result<Option<Deal>, Fault> {
        read::deal(session, id).await
    }

    async fn setup(&self, session: &Session, wanted: &Blueprint) -> Result<Setup, Fault> {
        setup::found(session, wanted).await
    }

    async fn apply(&self, session: &Session, wanted: &Blueprint, step: &Step) -> Result<(), Fault> {
        setup::apply(session, wanted, step).await
    }

    fn by_hand(&self, wanted: &Blueprint, step: &Step) -> Option<Vec<String>> {
        setup::by_hand(wanted, step)
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

    fn deal_url(&self, base: &url::Url, id: &DealId) -> Option<String> {
        // `www.zohoapis.eu` is the API of `crm.zoho.eu`.
        let Some((_, end)) = base.host_str()?.rsplit_once("zohoapis.") else {
            let base = base.as_str().trim_end_matches('/');
            return Some(format!("{base}/crm/tab/Deals/{id}"));
        };
        let product = if end == "ca" { "zohocloud" } else { "zoho" };
        Some(format!("https://crm.{product}.{end}/crm/tab/Deals/{id}"))
    }

    fn sandbox(&self, world: World) -> Sandbox {
        sandbox::sandbox(world)
    }
}

/// The path of a resource below the API's address.
fn api(session: &Session, path: &str) -> String {
    let version = session.settings.api_version.as_deref();
    format!("/crm/{}/{path}", version.unwrap_or(API_VERSION))
}

/// Tells the budget what is left for everyone, of which Latitude takes its share. Zoho says so
/// only once half of the day's credits are gone.
fn heed_credits(session: &Session, reply: &Reply) {
    if let Ok(left) = reply.header("x-api-credits-remaining").parse::<u64>() {
        let budget = session.api.budget();
        if left == 0 {
            budget.close_until(reply.now + chrono::TimeDelta::minutes(CREDITS_PAUSE_MINUTES));
        } else {
            budget.allow_per_day(budget.used() + left * session.settings.quota_percent() / 100);
        }
    }
}

/// Credits come back over a rolling day; how soon is not said.
const CREDITS_PAUSE_MINUTES: i64 = 30;
