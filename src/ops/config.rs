//! The configuration: built-in defaults, one file, the environment; checked before anything runs.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::TimeDelta;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use url::Url;

use super::nudges::{Manners, Nudges};
use super::retention::Retention;
use super::service::Watch;
use crate::crm::settings::Settings;
use crate::domain::framework::Framework;
use crate::domain::ids::ConnectionId;
use crate::domain::role::Role;
use crate::env::Env;
use crate::http::masked;
use crate::store::Store;
use crate::store::patience::PATIENCE;
use crate::store::place;
use crate::store::sealed::Seal;
use crate::sync::worker::Engine;
use crate::web;
use crate::web::responders::WorkHours;
use crate::web::settings::{SignIn, product_owners};

/// Every key with its default; also the reference for people.
pub const DEFAULTS: &str = include_str!("../../config/default.toml");

/// The whole configuration.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The framework file; empty for the built-in one.
    pub framework: PathBuf,
    /// Where everything is kept.
    pub database: Database,
    /// The pages.
    pub web: Web,
    /// Keeping in step with the CRMs.
    pub sync: Sync,
    /// Working the connections.
    pub worker: Worker,
    /// Keys.
    pub secrets: Secrets,
    /// Telling those who watch, where no pages are served.
    pub watch: Watch,
    /// How long what is kept.
    pub retention: Retention,
    /// How people are nudged, if at all.
    pub nudges: Nudges,
    /// What is logged, and how.
    pub log: Log,
    /// CRM installations by name.
    pub connections: BTreeMap<String, Settings>,
    /// What is to be said about the paths above.
    #[serde(skip)]
    pub remarks: Vec<String>,
}

/// Where everything is kept.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// `sqlite://…` or `postgres://…`.
    #[serde(serialize_with = "masked::address")]
    pub url: SecretString,
}

/// The pages.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Web {
    /// Where they are served.
    pub listen: SocketAddr,
    /// How people reach them.
    pub public_url: Url,
    /// How people sign in.
    pub sign_in: SignIn,
    /// Roles that the CRM's hierarchy does not tell.
    pub roles: BTreeMap<String, Role>,
    /// Who sees the ledger and signs connections in.
    pub ops: Vec<String>,
    /// Who may show the panel in a frame, per connection.
    pub frame_ancestors: BTreeMap<String, Vec<String>>,
    /// When people work, for the clocks of those who owe answers.
    pub hours: WorkHours,
    /// A session ends when nobody was here for so many minutes …
    pub idle_minutes: u32,
    /// … and after so many hours whatever they do.
    pub session_hours: u32,
    /// Sign-ins from one address in a minute.
    pub sign_ins_a_minute: u32,
    /// Live previews of one session in a minute.
    pub previews_a_minute: u32,
    /// Calls of the API with one token in a minute.
    pub calls_a_minute: u32,
    /// Proxies of ours in front, whose `X-Forwarded-For` is believed.
    pub forwarded_hops: usize,
}

/// Keeping in step with the CRMs.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Sync {
    /// How often each CRM is asked for changes.
    pub poll_seconds: u32,
}

/// Working the connections.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Worker {
    /// Connections that a process works at once.
    pub lanes: usize,
    /// After how long without a sign of life a connection is taken over from another process.
    pub lease_seconds: u32,
}

/// Keys that seal secrets in the database.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Secrets {
    /// The key, base64.
    #[serde(serialize_with = "masked::one")]
    pub key: SecretString,
    /// A file that holds the key.
    pub key_file: PathBuf,
    /// Keys that were in use before.
    #[serde(serialize_with = "masked::all")]
    pub older_keys: Vec<SecretString>,
}

/// What is logged, and how.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// A level or a filter.
    pub level: String,
    /// `text` or `json`.
    pub format: LogFormat,
    /// Where traces go: an OTLP collector's HTTP address; empty for nowhere.
    #[serde(serialize_with = "masked::within")]
    pub traces: String,
}

/// How logs look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines, one object a line.
    Json,
}

/// What to do where the key does not open what is sealed.
pub const OTHER_KEY: &str = "set the key it was sealed with as secrets.key, or add it to secrets.older_keys; where that key is \
     lost, `latitude key --lost` gives the sign-in up, and `latitude connect` makes a new one";

impl Config {
    /// What the pages need to know.
    pub fn web_settings(&self) -> web::settings::Settings {
        let Web {
            sign_in,
            roles,
            ops,
            frame_ancestors,
            hours,
            idle_minutes,
            session_hours,
            sign_ins_a_minute,
            previews_a_minute,
            calls_a_minute,
            forwarded_hops,
            ..
        } = self.web.clone();
        let public_url = self
            .web
            .public_url
            .as_str()
            .trim_end_matches('/')
            .to_owned();
        web::settings::Settings {
            public_url,
            sign_in,
            roles,
            ops,
            frame_ancestors,
            hours,
            idle_minutes,
            session_hours,
            sign_ins_a_minute,
            previews_a_minute,
            calls_a_minute,
            forwarded_hops,
            patience: web::settings::patience(),
        }
    }

    /// When people may be nudged.
    pub fn manners(&self, framework: &Framework) -> Manners {
        Manners {
            hours: self.web.hours.within(&framework.cadence.time_zone),
            cadence: framework.cadence.clone(),
            product: product_owners(&self.web.roles),
        }
    }

    /// The framework in force.
    ///
    /// # Errors
    /// When the file is missing or unfit; names key, value and remedy.
    pub fn framework(&self) -> anyhow::Result<Arc<Framework>> {
        if self.framework.as_os_str().is_empty() {
            return Ok(Arc::new(Framework::standard()));
        }
        let place = self.framework.display();
        let text = std::fs::read_to_string(&self.framework)
            .with_context(|| format!("framework = \"{place}\" cannot be read"))?;
        let framework = Framework::read(&text).with_context(|| format!("in {place}"))?;
        Ok(Arc::new(framework))
    }

    /// The keys that seal secrets, newest first.
    ///
    /// # Errors
    /// When there is none, or one is not 32 bytes of base64.
    pub fn seal(&self, env: &Env) -> anyhow::Result<Seal> {
        let remedy = "make one with `latitude key` and set LATITUDE_SECRETS__KEY";
        let newest = if self.secrets.key_file.as_os_str().is_empty() {
            self.secrets.key.expose_secret().to_owned()
        } else {
            let place = self.secrets.key_file.display();
            std::fs::read_to_string(&self.secrets.key_file)
                .with_context(|| format!("secrets.key_file = \"{place}\" cannot be read"))?
        };
        if newest.trim().is_empty() {
            bail!("secrets.key is empty: {remedy}");
        }
        let older = self
            .secrets
            .older_keys
            .iter()
            .map(|key| key.expose_secret().to_owned());
        let keys: Vec<Vec<u8>> = std::iter::once(newest)
            .chain(older)
            .map(|key| {
                BASE64_STANDARD
                    .decode(key.trim())
                    .map_err(|_| anyhow::anyhow!("secrets.key is not base64: {remedy}"))
            })
            .collect::<anyhow::Result<_>>()?;
        Seal::new(&keys, env.clone()).map_err(|why| anyhow::anyhow!("secrets.key: {why}; {remedy}"))
    }

    /// The database's file that is not there yet, where it is one.
    pub fn missing_database(&self) -> Option<PathBuf> {
        place::file(self.database.url.expose_secret()).filter(|it| !it.exists())
    }

    /// Opens the database for a command that makes none: an empty one would say that nothing is kept.
    ///
    /// # Errors
    /// As [`Config::store`], and where there is none.
    pub async fn store_that_is_there(&self, env: &Env) -> anyhow::Result<Store> {
        self.must_be_there()?;
        self.store(env).await
    }

    /// Refuses where the database's file is not there yet.
    ///
    /// # Errors
    /// Naming the file.
    pub fn must_be_there(&self) -> anyhow::Result<()> {
        if let Some(file) = self.missing_database() {
            bail!(
                "database.url: there is no database at {}; correct it, or make one there with \
                 `latitude migrate`",
                file.display()
            );
        }
        Ok(())
    }

    /// Opens the database, and makes it where it is a file that is not there yet; brings its schema
    /// up to date.
    ///
    /// # Errors
    /// When it does not answer, or its secrets were sealed with another key.
    pub async fn store(&self, env: &Env) -> anyhow::Result<Store> {
        let store = self.store_as_it_is(env).await?;
        store.migrate().await?;
        let key = self.check_key(&store).await;
        key.map_err(|error| anyhow::anyhow!("{error}; {OTHER_KEY}"))?;
        Ok(store)
    }

    /// Opens the database with the schema it has.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn store_as_it_is(&self, env: &Env) -> anyhow::Result<Store> {
        let address = self.database.url.expose_secret();
        let seal = self.seal(env)?;
        if let Some(file) = place::file(address) {
            let made = place::make(&file);
            made.with_context(|| format!("database.url: {} cannot be made", file.display()))?;
        }
        // What a process left open when it vanished must not outlast its lease.
        let lease = Duration::from_secs(u64::from(self.worker.lease_seconds));
        let patience = PATIENCE.min(lease);
        Ok(Store::open_within(address, seal, patience).await?)
    }

    /// An engine for every connection, or for one.
    ///
    /// # Errors
    /// When a connection names an unknown CRM, or `only` names no connection.
    pub async fn engine(&self, env: &Env, only: Option<&str>) -> anyhow::Result<Engine> {
        self.engine_on(self.store(env).await?, env, only).await
    }

    /// The same on a database that is open already.
    ///
    /// # Errors
    /// As [`Config::engine`].
    pub async fn engine_on(
        &self,
        store: Store,
        env: &Env,
        only: Option<&str>,
    ) -> anyhow::Result<Engine> {
        let poll = TimeDelta::seconds(i64::from(self.sync.poll_seconds));
        let public_url = self.web.public_url.as_str();
        let mut engine = Engine::new(store, env.clone(), self.framework()?, public_url, poll);
        engine.lanes = self.worker.lanes;
        engine.lease = TimeDelta::seconds(i64::from(self.worker.lease_seconds));
        if let Some(only) = only {
            self.check_connection(only)?;
        }
        for (name, settings) in &self.connections {
            if only.is_none_or(|only| only == name) {
                let id = ConnectionId::from(name.as_str());
                engine
                    .add(id, settings.clone())
                    .map_err(anyhow::Error::msg)?;
            }
        }
        engine.enrol().await?;
        Ok(engine)
    }

    /// Checks that there is a connection of that name.
    ///
    /// # Errors
    /// Which ones there are, or where they would stand.
    pub fn check_connection(&self, name: &str) -> anyhow::Result<()> {
        let names: Vec<&str> = self.connections.keys().map(String::as_str).collect();
        match names.as_slice() {
            [] => bail!(
                "the configuration has no connection; add a table [connections.NAME], or name the file \
                 that has it with --config"
            ),
            names if !names.contains(&name) => bail!(
                "there is no connection {name}; the configuration has: {}",
                names.join(", ")
            ),
            _ => Ok(()),
        }
    }

    /// Checks that the key opens what is sealed of the configured connections: a wrong key is found at
    /// start, not at the first refresh at night.
    ///
    /// # Errors
    /// Naming the connection whose sign-in does not open.
    pub async fn check_key(&self, store: &Store) -> anyhow::Result<()> {
        let mut tx = store.read().await?;
        for name in self.connections.keys() {
            let id = ConnectionId::from(name.as_str());
            if let Some(sealed) = tx.tokens(&id).await?.and_then(|row| row.tokens) {
                let place = crate::sync::vault::place(&id);
                store.seal().open(&place, &sealed).map_err(|error| {
                    anyhow::anyhow!(
                        "secrets.key does not open the saved sign-in of connection {id}: {error}"
                    )
                })?;
            }
        }
        Ok(())
    }
}
