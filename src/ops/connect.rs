//! `latitude connect`: walks an admin through signing one connection in, and proves that it works.

use std::net::Ipv4Addr;
use std::process::ExitCode;

use anyhow::{Context, bail};
use axum::Router;
use axum::extract::RawQuery;
use clap::Args;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};

use super::cli::WithConfig;
use super::ledger::retry;
use super::say::say;
use crate::domain::ids::ConnectionId;
use crate::env::Env;
use crate::http::fault::Fault;
use crate::sync::connect::{Findings, Visit, Wrote, no_person, why};
use crate::sync::worker::Engine;

/// Sign a connection in, or in again, and prove that it works.
#[derive(Debug, Args)]
pub struct Connect {
    #[command(flatten)]
    at: WithConfig,
    /// The connection's name in the configuration
    #[arg(
        long,
        value_name = "ID",
        default_value = "",
        hide_default_value = true,
        required_unless_present = "link"
    )]
    connection: String,
    /// Print an address that lets one browser do all this on a page; it works once
    #[arg(long)]
    link: bool,
    /// The port of this machine that the browser comes back to
    #[arg(long, default_value_t = 8765)]
    port: u16,
    /// The redirect address registered in the CRM, where it is not this machine's
    #[arg(long, value_name = "URL")]
    redirect: Option<String>,
    /// Paste the address the browser ended at, in place of waiting for it
    #[arg(long)]
    paste: bool,
    /// Leave the test write out
    #[arg(long)]
    read_only: bool,
}

impl Connect {
    /// Runs it; exit code 0 only where reading and writing work.
    ///
    /// # Errors
    /// What the configuration, the database, the person or the CRM refuses.
    pub async fn run(self, env: Env) -> anyhow::Result<ExitCode> {
        let config = self.at.read()?;
        if self.link {
            let store = config.store(&env).await?;
            let path = crate::web::ops_door::link(&store, &env).await?;
            let base = config.web.public_url.as_str().trim_end_matches('/');
            say!("{base}{path}\nOpen it within ten minutes, while `latitude run` serves pages.");
            store.close().await;
            return Ok(ExitCode::SUCCESS);
        }
        let engine = config.engine(&env, Some(&self.connection)).await?;
        let id = ConnectionId::from(self.connection.as_str());
        let visit = Visit::of(&engine, &id).await.map_err(told)?;
        say!(
            "{}: {}, signing in by {}. What to do there: docs/crm/{}.md",
            self.connection,
            visit.crm.profile().name,
            visit.kind.word(),
            visit.crm.profile().id
        );
        if visit.needs_person() {
            self.person(&engine, &visit).await?;
        } else {
            say!("{}", no_person(visit.kind));
        }
        let findings = visit.prove(&engine, !self.read_only).await.map_err(told)?;
        let good = print(&self.connection, &findings);
        // What waited for the sign-in goes on at once, in whichever process works it.
        retry(&engine.store, &id, env.now()).await?;
        engine.store.close().await;
        Ok(if good {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }

    async fn person(&self, engine: &Engine, visit: &Visit) -> anyhow::Result<()> {
        let listener = match self.paste {
            true => None,
            false => Some(
                TcpListener::bind((Ipv4Addr::LOCALHOST, self.port))
                    .await
                    .with_context(|| {
                        format!(
                            "--port {} cannot be used; give another one, or --paste",
                            self.port
                        )
                    })?,
            ),
        };
        let redirect = match (&self.redirect, &listener) {
            (Some(redirect), _) => redirect.clone(),
            (None, Some(listener)) => format!("http://{}/back", listener.local_addr()?),
            (None, None) => format!("http://127.0.0.1:{}/back", self.port),
        };
        say!("\nRegister in the CRM, exactly:\n  redirect address  {redirect}");
        for scope in visit.scopes() {
            say!("  scope  {scope}: {}", why(&scope));
        }
        let departure = visit.depart(&redirect).map_err(told)?;
        say!("\nOpen this in a browser and agree:\n  {}\n", departure.url);
        let query = match listener {
            Some(listener) => come_back(listener).await?,
            None => pasted().await?,
        };
        let kept = (departure.state.as_str(), departure.verifier);
        visit
            .arrive(engine, (&redirect, &query), kept)
            .await
            .map_err(told)
    }
}

/// Waits for the browser; answers with the query it brought.
async fn come_back(listener: TcpListener) -> anyhow::Result<String> {
    say!("Waiting for the browser to come back … (Ctrl-C gives up)");
    let (came, mut coming) = mpsc::channel(1);
    let (stop, stopping) = watch::channel(false);
    let back = move |RawQuery(query): RawQuery| async move {
        let Some(query) = query.filter(|it| it.contains("state=")) else {
            return "This address is only for coming back from the CRM.\n";
        };
        // Nobody waits any more where one has come already.
        drop(came.try_send(query));
        "Thank you. You can close this page; the command line goes on.\n"
    };
    let router = Router::new().route("/back", axum::routing::get(back));
    let served = tokio::spawn(crate::web::serve_router(router, listener, stopping));
    let query = coming.recv().await.context("the listener ended")?;
    stop.send_replace(true);
    served.await?;
    Ok(query)
}

/// Reads the address from the terminal; answers with its query.
async fn pasted() -> anyhow::Result<String> {
    say!("Paste the address the browser ended at:");
    let line = tokio::task::spawn_blocking(|| std::io::stdin().lines().next())
        .await?
        .context("nothing can be read from the terminal")??;
    match line.trim().split_once('?') {
        Some((_, query)) => Ok(query.to_owned()),
        None => bail!("that address carries nothing after a question mark; paste the whole of it"),
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that map_err calls"
)]
fn told(fault: Fault) -> anyhow::Error {
    let cause = fault.cause().to_string();
    anyhow::anyhow!("{fault}: {cause}")
}

/// Prints what was found; says whether all of it is good.
fn print(connection: &str, findings: &Findings) -> bool {
    let line = |good: bool, what: &str| say!("{}  {what}", if good { "ok  " } else { "FAIL" });
    let who = &findings.who;
    line(
        true,
        &format!(
            "signed in as user {} of organisation {}",
            who.user, who.organisation
        ),
    );
    match &findings.read {
        Some(deal) => line(true, &format!("read deal {deal}")),
        None => line(
            true,
            "no deal to be seen: fine if there is none, else a right is missing",
        ),
    }
    let wrote = match &findings.wrote {
        Wrote::Done => {
            line(
                true,
                "wrote the field that names the framework, and nothing else",
            );
            true
        }
        Wrote::Skipped(why) => {
            line(true, &format!("test write left out: {why}"));
            true
        }
        Wrote::Refused(why) => {
            line(false, &format!("test write refused: {why}"));
            say!("      → give the signed-in user the right to edit deals and Latitude's fields");
            false
        }
    };
    if !findings.gaps.is_empty() {
        say!("next  latitude crm plan --connection {connection}, then apply");
    }
    wrote
}
