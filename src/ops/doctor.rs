//! `latitude doctor`: what Latitude needs, whether it is there, and what to do where it is not.

use std::process::ExitCode;

use clap::Args;
use secrecy::ExposeSecret;
use serde::Serialize;

use super::check_provider;
use super::checks;
use super::cli::WithConfig;
use super::config::{Config, OTHER_KEY};
use super::say::say;
use crate::domain::framework::Framework;
use crate::env::Env;
use crate::store::connections::Connection;
use crate::store::{Store, place};
use crate::web::health::LIVES;

/// Check everything Latitude needs, and say what to do about what is missing.
#[derive(Debug, Args)]
pub struct Doctor {
    #[command(flatten)]
    at: WithConfig,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// One thing that was looked at.
#[derive(Clone, Debug, Serialize)]
pub struct Check {
    /// What was looked at.
    pub check: String,
    /// Whether it is as it should be.
    pub ok: bool,
    /// What was found: the likely cause where it is not.
    pub found: String,
    /// What to do; empty where nothing is.
    pub remedy: String,
}

impl Check {
    /// As it should be.
    pub fn good(check: impl Into<String>, found: impl Into<String>) -> Self {
        Self {
            check: check.into(),
            ok: true,
            found: found.into(),
            remedy: String::new(),
        }
    }

    /// As it should be for now, with something to do all the same.
    pub fn note(check: impl Into<String>, found: impl Into<String>, remedy: &str) -> Self {
        Self {
            ok: true,
            ..Self::bad(check, found, remedy)
        }
    }

    /// Not as it should be.
    pub fn bad(check: impl Into<String>, found: impl Into<String>, remedy: &str) -> Self {
        Self {
            check: check.into(),
            ok: false,
            found: found.into(),
            remedy: remedy.to_owned(),
        }
    }
}

impl Doctor {
    /// Runs it; exit code 0 only where every check is good.
    ///
    /// # Errors
    /// Never for what it looks at: that is a check that is not good.
    pub async fn run(self, env: Env) -> anyhow::Result<ExitCode> {
        let checks = look(&self.at, &env).await;
        let ok = checks.iter().all(|check| check.ok);
        if self.json {
            say!("{}", serde_json::json!({"ok": ok, "checks": checks}));
        } else {
            for check in &checks {
                let mark = match (check.ok, check.remedy.is_empty()) {
                    (true, true) => "ok  ",
                    (true, false) => "note",
                    (false, _) => "FAIL",
                };
                say!("{mark}  {}: {}", check.check, check.found);
                if !check.remedy.is_empty() {
                    say!("      → {}", check.remedy);
                }
            }
        }
        Ok(if ok {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}

/// Looks at everything.
pub async fn look(at: &WithConfig, env: &Env) -> Vec<Check> {
    match at.read() {
        Ok(config) => look_with(&config, env).await,
        Err(error) => {
            let told = format!("{error:#}");
            let told = told.strip_prefix("configuration: ").unwrap_or(&told);
            vec![Check::bad(
                "configuration",
                told,
                "correct it and look again",
            )]
        }
    }
}

/// Looks at everything a configuration names.
pub async fn look_with(config: &Config, env: &Env) -> Vec<Check> {
    let mut checks = vec![Check::good("configuration", "read")];
    match config.framework() {
        Ok(framework) => {
            checks.push(Check::good("framework", framework.label()));
            checks.extend(guardrails(&framework, env));
        }
        Err(error) => checks.push(Check::bad(
            "framework",
            format!("{error:#}"),
            "correct the framework file",
        )),
    }
    if config.connections.is_empty() {
        checks.push(Check::bad(
            "connections",
            "there is none",
            "add a table [connections.NAME] to the configuration, as the page of your CRM in docs/crm \
             says; `latitude crm list` names the CRMs",
        ));
    }
    if let Err(error) = config.seal(env) {
        checks.push(Check::bad(
            "key",
            format!("{error:#}"),
            "without it no sign-in can be sealed or opened, and nothing below could be looked at",
        ));
        return checks;
    }
    checks.extend(paths(config));
    if let Some(file) = config.missing_database() {
        checks.push(Check::bad(
            "database",
            format!("there is none at {}", file.display()),
            "correct database.url, or make one there: `latitude migrate`; `run` and `worker` do it by \
             themselves",
        ));
        return checks;
    }
    let store = match config.store_as_it_is(env).await {
        Ok(store) => store,
        Err(error) => {
            checks.push(Check::bad(
                "database",
                format!("{error:#}"),
                "start the database, free its disk, or correct database.url",
            ));
            return checks;
        }
    };
    checks.extend(look_on(config, env, &store).await);
    store.close().await;
    checks
}

/// The guardrails whose review date is over, if there are any.
fn guardrails(framework: &Framework, env: &Env) -> Option<Check> {
    let past: Vec<String> = framework
        .past_review(env.now().date_naive())
        .map(|(stage, it)| format!("{stage}, {}, {}: {}", it.owner, it.review_on, it.line))
        .collect();
    (!past.is_empty()).then(|| {
        Check::note(
            "guardrails",
            format!("past their review date: {}", past.join("; ")),
            "look at each with its owner, and set `review_on` in the framework file to the next date",
        )
    })
}

/// Where files lie, and who may read them.
fn paths(config: &Config) -> Vec<Check> {
    let said = config.remarks.iter();
    let mut checks: Vec<Check> = said
        .map(|told| Check::note("paths", told, "write the whole path"))
        .collect();
    let Some(file) = place::file(config.database.url.expose_secret()) else {
        return checks;
    };
    for file in std::iter::once(file.clone()).chain(place::beside(&file)) {
        if let Some(mode) = place::open_to_others(&file) {
            checks.push(Check::note(
                "rights",
                format!(
                    "{} is open to others (mode {mode:o}): drafts and private notes lie in it",
                    file.display()
                ),
                &format!("chmod 600 {}", file.display()),
            ));
        }
    }
    checks
}

/// Looks at everything that a database which answers is needed for.
pub async fn look_on(config: &Config, env: &Env, store: &Store) -> Vec<Check> {
    let (mut checks, usable) = database(config, store).await;
    if usable {
        checks.extend(pages(config).await);
        checks.extend(check_provider::provider(config, env).await);
        checks.extend(connections(config, env, store.clone()).await);
    }
    checks
}

/// Whether the database can be used, and whether it is worth going on.
async fn database(config: &Config, store: &Store) -> (Vec<Check>, bool) {
    let pending = match store.pending_migrations().await {
        Ok(0) => Check::good("migrations", "the schema is up to date"),
        Ok(count) => Check::bad(
            "migrations",
            format!("{count} are pending"),
            "run `latitude migrate`; `run`, `web` and `worker` do it by themselves",
        ),
        Err(error) => Check::bad(
            "migrations",
            error.to_string(),
            "look at the database's log",
        ),
    };
    if !pending.ok {
        return (vec![pending], false);
    }
    let mut checks = vec![pending];
    checks.push(match store.can_write().await {
        Ok(()) if store.is_shared() => Check::good("database", "PostgreSQL: replicas may share it"),
        Ok(()) => on_sqlite(config, store).await,
        Err(error) => Check::bad(
            "database",
            format!("it cannot be written to: {error}"),
            "free its disk, or make it writable; work goes on by itself",
        ),
    });
    let key = config.check_key(store).await;
    let opens = key.is_ok();
    checks.push(match key {
        Ok(()) => Check::good("key", "opens every saved sign-in"),
        Err(error) => Check::bad("key", format!("{error:#}"), OTHER_KEY),
    });
    checks.extend(at_rest(config, store).await);
    (checks, opens)
}

/// Connections of which something is kept, and which the configuration does not have.
async fn at_rest(config: &Config, store: &Store) -> Vec<Check> {
    let known = async { store.read().await?.connections().await };
    let known = known.await.unwrap_or_default().into_iter();
    let others = known.filter(|it| !config.connections.contains_key(&it.id));
    let note = |it: Connection| {
        Check::note(
            format!("{}: configuration", it.id),
            "something is kept of this connection, but the configuration does not have it: it rests",
            &format!(
                "add [connections.{0}] again, or forget it for good: `latitude disconnect --connection {0}`",
                it.id
            ),
        )
    };
    others.map(note).collect()
}

/// Connections and open deals from which on one machine with one writer will be the limit.
const SQLITE_CONNECTIONS: usize = 8;
const SQLITE_DEALS: i64 = 200_000;

/// Whether SQLite is still enough.
async fn on_sqlite(config: &Config, store: &Store) -> Check {
    let counted = async {
        let mut tx = store.read().await?;
        let mut standings = tx.standings().await?;
        tx.count_open_deals(&mut standings).await?;
        crate::store::Result::Ok(standings)
    };
    let standings = counted.await.unwrap_or_default();
    let deals: i64 = standings.iter().filter_map(|it| it.deals).sum();
    let connections = config.connections.len();
    if connections > SQLITE_CONNECTIONS || deals > SQLITE_DEALS {
        return Check::bad(
            "database",
            format!(
                "SQLite with {connections} connections and {deals} open deals: one machine will be \
                 the limit from {SQLITE_CONNECTIONS} connections or {SQLITE_DEALS} open deals on"
            ),
            "move to PostgreSQL: `latitude export`, then `latitude import`",
        );
    }
    let found = format!("SQLite: one process on one machine, {deals} open deals");
    Check::good("database", found)
}

async fn pages(config: &Config) -> Vec<Check> {
    let url = &config.web.public_url;
    let loopback = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    let mut checks = Vec::new();
    if url.scheme() != "https" && !loopback {
        checks.push(Check::bad(
            "public_url",
            format!("{url} is not https: sign-ins and plans would travel in the clear"),
            "put TLS in front, and write the https address into web.public_url",
        ));
    }
    let live = url.join("/live").unwrap_or_else(|_| url.clone());
    checks.push(match crate::http::hears(&live).await {
        Ok((200, words)) if words == LIVES => Check::good("pages", format!("answer at {url}")),
        Ok((status, _)) => Check::note(
            "pages",
            format!("{url} answers with {status}, but not as Latitude does"),
            "something else answers there, or a proxy does not pass it on; check web.public_url",
        ),
        Err(why) => Check::note(
            "pages",
            format!("{url} does not answer from here: {why}"),
            "start `latitude run`, or check web.public_url if it runs already",
        ),
    });
    checks
}

async fn connections(config: &Config, env: &Env, store: Store) -> Vec<Check> {
    if config.connections.is_empty() {
        return Vec::new();
    }
    let engine = match config.engine_on(store, env, None).await {
        Ok(engine) => engine,
        Err(error) => {
            return vec![Check::bad(
                "connections",
                format!("{error:#}"),
                "correct the configuration and look again",
            )];
        }
    };
    let mut checks = Vec::new();
    for (id, crm) in engine.connections() {
        checks.extend(checks::connection(config, &engine, id, crm).await);
    }
    checks
}
