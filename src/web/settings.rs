//! What an admin says about the pages.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use serde::Deserialize;

use super::responders::WorkHours;
use crate::domain::role::Role;

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
}

/// How people sign in.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum SignIn {
    /// By picking a person: for the demo, where nobody is real.
    Demo,
    /// Not at all: pages are closed, the rest works.
    Closed,
}

fn idle_minutes() -> u32 {
    8 * 60
}

fn session_hours() -> u32 {
    24
}

impl Settings {
    /// For the demo: anyone may be anyone.
    pub fn demo(public_url: &str) -> Self {
        Self {
            public_url: public_url.trim_end_matches('/').to_owned(),
            sign_in: SignIn::Demo,
            roles: BTreeMap::new(),
            frame_ancestors: BTreeMap::new(),
            hours: WorkHours::default(),
            idle_minutes: idle_minutes(),
            session_hours: session_hours(),
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

    /// The role the configuration gives someone, if it does.
    pub fn role(&self, connection: &str, person: &str, email: Option<&str>) -> Option<Role> {
        self.roles
            .iter()
            .find(|(whom, _)| {
                email.is_some_and(|email| email.eq_ignore_ascii_case(whom))
                    || whom.split_once(':') == Some((connection, person))
            })
            .map(|(_, role)| *role)
    }
}
