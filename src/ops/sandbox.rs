//! `latitude sandbox`: CRMs as servers, for anyone who wants to try a client against them.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Args;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};
use toml::Value as Toml;
use url::Url;

use super::say::say;
use crate::crm::settings::Settings;
use crate::crm::{self, ALL, Crm};
use crate::env::Env;
use crate::sandbox::company::Shape;
use crate::sandbox::serve::{Served, serve};
use crate::sandbox::weather::Weather;
use crate::sandbox::world::World;
use crate::store::place;

/// Serve sandbox CRMs to try clients against.
#[derive(Debug, Args)]
pub struct Serve {
    /// Which CRMs: an id, several, or `all`
    #[arg(long, value_name = "ID", default_value = "all")]
    crm: Vec<String>,
    /// The first CRM's port; each further CRM gets the next one. 0 picks free ports
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// How many deals the company has
    #[arg(long, default_value_t = 60)]
    deals: usize,
    /// The company is always the same for the same seed
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// What goes wrong: calm, breezy or storm
    #[arg(long, default_value = "calm")]
    weather: String,
    /// Also write a configuration that connects to these sandboxes
    #[arg(long, value_name = "FILE")]
    write_config: Option<PathBuf>,
}

impl Serve {
    /// Serves until Ctrl-C or SIGTERM; prints one JSON line once everything answers.
    ///
    /// # Errors
    /// When a CRM or the weather is unknown, or a port is taken.
    pub async fn run(self, env: Env) -> anyhow::Result<ExitCode> {
        let crms = chosen(&self.crm)?;
        let served = all(
            &crms,
            &env,
            self.seed,
            (self.deals, Shape::default()),
            self.port,
        )
        .await?;
        for one in &served {
            set_weather(&one.world, &self.weather)?;
        }
        if let Some(file) = &self.write_config {
            write_config(file, &served)?;
        }
        say!("{}", ready(&served));
        super::service::stopped().await;
        Ok(ExitCode::SUCCESS)
    }
}

/// The CRMs of these ids; `all` for all.
///
/// # Errors
/// When one is unknown.
pub fn chosen(ids: &[String]) -> anyhow::Result<Vec<&'static dyn Crm>> {
    if ids.iter().any(|id| id == "all") {
        return Ok(ALL.to_vec());
    }
    ids.iter()
        .map(|id| {
            let known: Vec<&str> = ALL.iter().map(|crm| crm.profile().id).collect();
            crm::by_id(id).with_context(|| {
                format!(
                    "--crm {id}: there is no such CRM; write all or one of: {}",
                    known.join(", ")
                )
            })
        })
        .collect()
}

/// Serves each CRM with a world of its own, all drawn from the same seed.
///
/// # Errors
/// When a port is taken.
pub async fn all(
    crms: &[&'static dyn Crm],
    env: &Env,
    seed: u64,
    size: (usize, Shape),
    port: u16,
) -> anyhow::Result<Vec<Served>> {
    let mut served = Vec::new();
    for (n, crm) in (0..).zip(crms) {
        let port = match port {
            0 => 0,
            first => first.checked_add(n).with_context(|| {
                format!(
                    "--port {first}: each of the {} CRMs needs a port of its own",
                    crms.len()
                )
            })?,
        };
        let world = World::shaped(env.clone(), seed, size);
        let one = serve(*crm, world, port, std::future::pending()).await;
        served.push(one.with_context(|| format!("--port {port}: the port cannot be used"))?);
    }
    Ok(served)
}

/// Sets a world's weather by its word.
///
/// # Errors
/// When there is no such weather.
pub fn set_weather(world: &World, word: &str) -> anyhow::Result<()> {
    match Weather::named(word) {
        Some(knobs) => world.weather().set(knobs),
        None => bail!("--weather {word}: write calm, breezy or storm"),
    }
    Ok(())
}

fn ready(served: &[Served]) -> Value {
    let crms: Map<String, Value> = served
        .iter()
        .map(|one| {
            let mut facts: Map<String, Value> = facts(&one.settings)
                .into_iter()
                .map(|(key, value)| (key.to_owned(), Value::String(value)))
                .collect();
            let base = one.base.as_str().trim_end_matches('/');
            facts.entry("base_url").or_insert_with(|| json!(base));
            facts.insert("control_url".to_owned(), json!(format!("{base}/__sandbox")));
            (one.crm.to_owned(), Value::Object(facts))
        })
        .collect();
    json!({"ready": true, "crms": crms})
}

/// A configuration with a connection named after each CRM.
fn write_config(file: &Path, served: &[Served]) -> anyhow::Result<()> {
    let connections: toml::Table = served
        .iter()
        .map(|one| {
            let mut table: toml::Table = facts(&one.settings)
                .into_iter()
                .map(|(key, value)| (key.to_owned(), Toml::String(value)))
                .collect();
            table.insert("crm".to_owned(), Toml::String(one.crm.to_owned()));
            table.insert("allow_private".to_owned(), Toml::Boolean(true));
            (one.crm.to_owned(), Toml::Table(table))
        })
        .collect();
    let mut config = toml::Table::new();
    config.insert("connections".to_owned(), Toml::Table(connections));
    let text = toml::to_string_pretty(&config)?;
    let opened = place::private().create(true).truncate(true).open(file);
    opened
        .and_then(|mut opened| opened.write_all(text.as_bytes()))
        .with_context(|| format!("--write-config {} cannot be written", file.display()))
}

/// The texts of a sandbox's connection that are set, by key. Its secrets are none.
fn facts(settings: &Settings) -> Vec<(&'static str, String)> {
    let plain = |text: &Option<String>| text.clone();
    let secret = |it: &Option<SecretString>| it.as_ref().map(|it| it.expose_secret().to_owned());
    let address = |url: &Option<Url>| {
        url.as_ref()
            .map(|it| it.as_str().trim_end_matches('/').to_owned())
    };
    [
        ("sign_in", plain(&settings.sign_in)),
        ("base_url", address(&settings.base_url)),
        ("login_url", address(&settings.login_url)),
        ("authorize_url", address(&settings.authorize_url)),
        ("token_url", address(&settings.token_url)),
        ("client_id", plain(&settings.client_id)),
        ("client_secret", secret(&settings.client_secret)),
        ("private_key", secret(&settings.private_key)),
        ("audience", plain(&settings.audience)),
        ("token", secret(&settings.token)),
        ("user", plain(&settings.user)),
        ("database", plain(&settings.database)),
        ("api_version", plain(&settings.api_version)),
        ("push_secret", secret(&settings.push_secret)),
        ("embed_secret", secret(&settings.embed_secret)),
        ("prefix", plain(&settings.prefix)),
    ]
    .into_iter()
    .filter_map(|(key, value)| Some((key, value?)))
    .collect()
}
