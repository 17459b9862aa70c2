//! `latitude doctor`: what Latitude needs, whether it is there, and what to do where it is not.

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::cli::WithConfig;
use super::config::Config;
use super::provision::{Way, plan};
use crate::crm::Crm;
use crate::domain::ids::ConnectionId;
use crate::env::Env;
use crate::http::fault::Fault;
use crate::sync::worker::Engine;

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
    fn good(check: impl Into<String>, found: impl Into<String>) -> Self {
        Self {
            check: check.into(),
            ok: true,
            found: found.into(),
            remedy: String::new(),
        }
    }

    fn bad(check: impl Into<String>, found: impl Into<String>, remedy: &str) -> Self {
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
            println!("{}", serde_json::json!({"ok": ok, "checks": checks}));
        } else {
            for check in &checks {
                let mark = if check.ok { "ok  " } else { "FAIL" };
                println!("{mark}  {}: {}", check.check, check.found);
                if !check.remedy.is_empty() {
                    println!("      → {}", check.remedy);
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

async fn look(at: &WithConfig, env: &Env) -> Vec<Check> {
    let config = match at.read() {
        Ok(config) => config,
        Err(error) => {
            return vec![Check::bad(
                "configuration",
                format!("{error:#}"),
                "correct it and look again",
            )];
        }
    };
    let mut checks = vec![Check::good("configuration", "read")];
    checks.push(match config.framework() {
        Ok(framework) => Check::good("framework", framework.label()),
        Err(error) => Check::bad(
            "framework",
            format!("{error:#}"),
            "correct the framework file",
        ),
    });
    let engine = match config.engine(env, None).await {
        Ok(engine) => engine,
        Err(error) => {
            checks.push(Check::bad(
                "database",
                format!("{error:#}"),
                "start the database, or correct database.url and secrets.key",
            ));
            return checks;
        }
    };
    checks.push(database(&config, &engine));
    if engine.connections().next().is_none() {
        checks.push(Check::bad(
            "connections",
            "there is none",
            "add a table [connections.NAME] to the configuration",
        ));
    }
    for (id, crm) in engine.connections() {
        checks.extend(connection(&engine, id, crm).await);
    }
    checks
}

fn database(config: &Config, engine: &Engine) -> Check {
    let kind = if engine.store.is_shared() {
        "PostgreSQL: replicas may share it"
    } else if config.connections.len() > 8 {
        return Check::bad(
            "database",
            "SQLite with more than 8 connections: one machine will be the limit",
            "move to PostgreSQL: `latitude export`, then `latitude import`",
        );
    } else {
        "SQLite: one process on one machine"
    };
    Check::good("database", format!("{kind}; the schema is up to date"))
}

async fn connection(engine: &Engine, id: &ConnectionId, crm: &'static dyn Crm) -> Vec<Check> {
    let name = |what: &str| format!("{id}: {what}");
    let session = match engine.session(id).await {
        Ok(session) => session,
        Err(fault) => return vec![refused(name("settings"), &fault)],
    };
    let mut checks = Vec::new();
    match crm.whoami(&session).await {
        Ok(who) => checks.push(Check::good(
            name("sign-in"),
            format!("as {} in organisation {}", who.user, who.organisation),
        )),
        Err(fault) => return vec![refused(name("sign-in"), &fault)],
    }
    match plan(crm, &session, Way::Apply).await {
        Ok(plan) if plan.steps.is_empty() && plan.found.gaps().is_empty() => {
            checks.push(Check::good(name("fields and views"), "as they should be"));
        }
        Ok(plan) => {
            let mut missing = plan.found.gaps();
            missing.extend(plan.steps.iter().map(super::provision::sentence));
            checks.push(Check::bad(
                name("fields and views"),
                missing.join("; "),
                &format!("run `latitude crm apply --connection {id}`"),
            ));
        }
        Err(fault) => checks.push(refused(name("fields and views"), &fault)),
    }
    checks.push(match session.api.budget().left() {
        Some(0) => Check::bad(
            name("budget"),
            "today's share is spent",
            "wait until it starts over, or raise quota_percent",
        ),
        Some(left) => Check::good(name("budget"), format!("{left} calls left today")),
        None => Check::good(name("budget"), "no daily limit known"),
    });
    checks
}

fn refused(check: String, fault: &Fault) -> Check {
    let remedy = match fault {
        Fault::Reconnect(_) | Fault::Expired(_) => "sign in again: `latitude connect`",
        Fault::Setup(_) => "correct the connection's settings or rights in the CRM",
        Fault::Later { .. } | Fault::Spent { .. } => "wait and look again",
        Fault::Gone(_) | Fault::Lost(_) | Fault::Unknown(_) => {
            "look at the ledger; tell us if it stays"
        }
    };
    Check::bad(check, format!("{fault}: {}", fault.cause()), remedy)
}
