//! What an admin says about the pages.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::TimeDelta;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use url::Url;

use super::responders::WorkHours;
use crate::domain::role::Role;
use crate::http::masked;

/// The pages, as the configuration describes them.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// How people reach the pages, without a slash at the end.
    pub public_url: String,
    /// How people sign in.
    pub sign_in: SignIn,
    /// Roles that the CRM's hierarchy does not tell: an e-mail address, or `connection:id`.
    #[serde(default)]
    pub roles: BTreeMap<String, Role>,
    /// Who sees the ledger and signs connections in: an e-mail address, or `connection:id`.
    #[serde(default)]
    pub ops: Vec<String>,
    /// Who may show the panel in a frame: connection to origins such as `https://acme.example`.
    #[serde(default)]
    pub frame_ancestors: BTreeMap<String, Vec<String>>,
    /// When people work, for the clocks of those who owe answers.
    #[serde(default)]
    pub hours: WorkHours,
    /// A session ends when nobody was here for so many minutes …
    #[serde(default = "idle_minutes")]
    pub idle_minutes: u32,
    /// … and after so many hours whatever they do.
    #[serde(default = "session_hours")]
    pub session_hours: u32,
    /// Sign-ins from one address in a minute.
    #[serde(default = "sign_ins_a_minute")]
    pub sign_ins_a_minute: u32,
    /// Live previews of one session in a minute: several a second while someone types.
    #[serde(default = "previews_a_minute")]
    pub previews_a_minute: u32,
    /// Calls of the API with one token in a minute.
    #[serde(default = "calls_a_minute")]
    pub calls_a_minute: u32,
    /// Proxies of ours in front, whose `X-Forwarded-For` is believed.
    #[serde(default)]
    pub forwarded_hops: usize,
    /// How long an answer may take.
    #[serde(skip, default = "patience")]
    pub patience: Duration,
}

/// How people sign in.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum SignIn {
    /// By picking a person: for the demo, where nobody is real.
    Demo,
    /// With an OpenID provider.
    Openid(OpenId),
    /// With the connected CRM, where its sign-in says who one is.
    Crm,
    /// Not at all: pages are closed, the rest works.
    Closed,
}

/// An OpenID provider, such as the company's own directory.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct OpenId {
    /// Its address, as it names itself.
    pub issuer: Url,
    /// What it calls Latitude.
    pub client_id: String,
    /// The secret it shares with Latitude; none for a public client.
    #[serde(default, serialize_with = "masked::given")]
    pub client_secret: Option<SecretString>,
    /// What people call it: `Sign in with …`.
    #[serde(default = "provider_name")]
    pub name: String,
    /// Believes addresses that it does not say it made sure of. Some directories never say so.
    #[serde(default)]
    pub trust_email: bool,
    /// Allows plain HTTP and private networks, for a provider next door.
    #[serde(default)]
    pub allow_private: bool,
}

fn provider_name() -> String {
    "your company account".to_owned()
}

fn idle_minutes() -> u32 {
    8 * 60
}

fn session_hours() -> u32 {
    24
}

fn sign_ins_a_minute() -> u32 {
    60
}

fn previews_a_minute() -> u32 {
    240
}

fn calls_a_minute() -> u32 {
    600
}

/// How long an answer may take, where nothing else is said.
pub fn patience() -> Duration {
    Duration::from_secs(30)
}

impl Settings {
    /// For the demo: anyone may be anyone.
    pub fn demo(public_url: &str) -> Self {
        Self {
            public_url: public_url.trim_end_matches('/').to_owned(),
            sign_in: SignIn::Demo,
            roles: BTreeMap::new(),
            ops: Vec::new(),
            frame_ancestors: BTreeMap::new(),
            hours: WorkHours::default(),
            idle_minutes: idle_minutes(),
            session_hours: session_hours(),
            sign_ins_a_minute: sign_ins_a_minute(),
            previews_a_minute: previews_a_minute(),
            calls_a_minute: calls_a_minute(),
            forwarded_hops: 0,
            patience: patience(),
        }
    }

    /// Whether people reach the pages over TLS; cookies then never travel without.
    pub fn is_secure(&self) -> bool {
        self.public_url.starts_with("https:")
    }

    /// How long a session outlives its last use.
    pub fn idle(&self) -> TimeDelta {
        TimeDelta::minutes(self.idle_minutes.into())
    }

    /// How long a session lasts at most.
    pub fn longest(&self) -> TimeDelta {
        TimeDelta::hours(self.session_hours.into())
    }

    /// Who works the product queue: an e-mail address each, or `connection:id`.
    pub fn product_owners(&self) -> Vec<String> {
        product_owners(&self.roles)
    }

    /// Whether the configuration names someone by this address.
    pub fn names(&self, email: &str) -> bool {
        let mut named = self.roles.keys().chain(&self.ops);
        named.any(|whom| whom.eq_ignore_ascii_case(email))
    }

    /// The role the configuration gives someone, if it does.
    pub fn role(&self, connection: &str, person: &str, email: Option<&str>) -> Option<Role> {
        self.roles
            .iter()
            .find(|(whom, _)| is_named(whom, (connection, person), email))
            .map(|(_, role)| *role)
    }

    /// Whether the configuration names someone among those who run Latitude.
    pub fn is_ops(&self, connection: &str, person: &str, email: Option<&str>) -> bool {
        let mut named = self.ops.iter();
        named.any(|whom| is_named(whom, (connection, person), email))
    }
}

/// Those whom a configuration names as product owners.
pub fn product_owners(roles: &BTreeMap<String, Role>) -> Vec<String> {
    let owners = roles.iter().filter(|(_, role)| **role == Role::Product);
    owners.map(|(whom, _)| whom.clone()).collect()
}

/// Whether a key of the configuration means this person.
fn is_named(whom: &str, person: (&str, &str), email: Option<&str>) -> bool {
    email.is_some_and(|email| email.eq_ignore_ascii_case(whom))
        || whom.split_once(':') == Some(person)
}
