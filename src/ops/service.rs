//! `latitude run | web | worker`: serves and works until told to stop, then drains.

use std::fs::{File, TryLockError};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

use super::config::Config;
use super::{nudges, retention};
use crate::env::Env;
use crate::store::place;
use crate::sync::worker::Engine;
use crate::web::{self, App};

/// How long open work may take once told to stop.
const DRAIN: Duration = Duration::from_secs(25);

/// Telling those who watch, where no pages are served.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Watch {
    /// Where; empty for nowhere.
    pub listen: String,
}

impl Watch {
    /// Where, if anywhere.
    ///
    /// # Errors
    /// When it is no address.
    pub fn place(&self) -> anyhow::Result<Option<SocketAddr>> {
        if self.listen.is_empty() {
            return Ok(None);
        }
        let place = self.listen.parse();
        place.map(Some).with_context(|| {
            format!(
                "watch.listen = \"{}\": write an address and a port, such as 0.0.0.0:9090",
                self.listen
            )
        })
    }
}

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parts {
    /// Serves the pages and works the connections.
    Both,
    /// Serves the pages.
    Web,
    /// Works the connections.
    Worker,
}

/// Runs until Ctrl-C or SIGTERM.
///
/// # Errors
/// What the configuration, the database or the port refuses.
pub async fn run(config: &Config, env: Env, parts: Parts) -> anyhow::Result<ExitCode> {
    // Held until the process ends, however it ends.
    let _only_one = match parts {
        Parts::Web => None,
        Parts::Both | Parts::Worker => only_one(config.database.url.expose_secret())?,
    };
    let engine = Arc::new(config.engine(&env, None).await?);
    let (stop, stopping) = watch::channel(false);
    let mut work = JoinSet::new();
    if parts != Parts::Web {
        let (engine, stopping) = (engine.clone(), stopping.clone());
        work.spawn(async move { engine.run(stopping, |_| {}).await });
    }
    work.spawn(retention::keep(
        engine.store.clone(),
        engine.env.clone(),
        config.retention,
        stopping.clone(),
    ));
    work.spawn(nudges::keep(
        (engine.store.clone(), engine.env.clone()),
        (
            config.nudges.clone(),
            config.manners(&engine.framework),
            config.web_settings().public_url,
        ),
        stopping.clone(),
    ));
    if let Some(place) = config.watch.place()? {
        let listener = TcpListener::bind(place)
            .await
            .with_context(|| format!("watch.listen = \"{place}\" cannot be used"))?;
        let router = web::watch_router(App::new(engine.clone(), config.web_settings()));
        let stopping = stopping.clone();
        work.spawn(async move {
            web::serve_router(router, listener, stopping).await;
        });
    }
    if parts != Parts::Worker {
        let place = config.web.listen;
        let listener = TcpListener::bind(place)
            .await
            .with_context(|| format!("web.listen = \"{place}\" cannot be used"))?;
        work.spawn(pages(config, engine.clone(), listener, stopping));
    }
    tracing::info!(
        web = parts != Parts::Worker,
        worker = parts != Parts::Web,
        "running"
    );
    let told = told_to_stop(&mut work, stopped()).await;
    tracing::info!("stopping: finishing what is under way");
    stop.send_replace(true);
    let drained = async { while work.join_next().await.is_some() {} };
    if tokio::time::timeout(DRAIN, drained).await.is_err() {
        tracing::warn!("work under way did not end in time; its lease will run out by itself");
        work.detach_all();
    }
    engine.store.close().await;
    Ok(match told {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// Waits until told to stop, or until a part breaks down: whether it was told. A process that goes on
/// without one of its parts looks well from outside, and nobody would start it anew.
async fn told_to_stop(work: &mut JoinSet<()>, stopped: impl Future<Output = ()>) -> bool {
    tokio::pin!(stopped);
    loop {
        tokio::select! {
            () = &mut stopped => return true,
            Some(ended) = work.join_next() => if let Err(error) = ended {
                tracing::error!(%error, "a part of the service broke down; start it anew");
                return false;
            },
        }
    }
}

/// Makes sure that no other process works the connections of a SQLite file: its quotas, its one
/// writer and its wake-ups are those of one process. PostgreSQL is where replicas meet.
///
/// # Errors
/// When there is one.
fn only_one(database: &str) -> anyhow::Result<Option<File>> {
    let Some(file) = place::file(database) else {
        return Ok(None);
    };
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("{} cannot be made", folder.display()))?;
    }
    let path = format!("{}.worker", file.display());
    let file = place::private().create(true).truncate(true).open(&path);
    let file = file.with_context(|| format!("{path} cannot be written"))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => bail!(
            "another process works the connections of {database} already; stop it, or move to \
             PostgreSQL, where replicas meet: `latitude export`, then `latitude import`"
        ),
        // A file system without locks: nothing is known, and nothing is refused.
        Err(TryLockError::Error(error)) => {
            tracing::warn!(%error, "whether another process works here cannot be told");
            Ok(None)
        }
    }
}

fn pages(
    config: &Config,
    engine: Arc<Engine>,
    listener: TcpListener,
    stop: watch::Receiver<bool>,
) -> impl Future<Output = ()> + Send + 'static {
    let app = App::new(engine, config.web_settings());
    web::serve(app, listener, stop)
}

/// Waits for Ctrl-C or SIGTERM.
pub async fn stopped() {
    let interrupted = tokio::signal::ctrl_c();
    match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(mut terminated) => {
            tokio::select! {
                _ = interrupted => {}
                _ = terminated.recv() => {}
            }
        }
        // Without a handler the signal ends the process by itself.
        Err(_) => drop(interrupted.await),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_part_that_breaks_down_ends_the_service_and_one_with_nothing_to_do_does_not() {
        let mut work = JoinSet::new();
        work.spawn(async {});
        work.spawn(std::future::pending());
        assert!(told_to_stop(&mut work, tokio::task::yield_now()).await);

        work.spawn(async { panic!("as if a connector did") });
        assert!(!told_to_stop(&mut work, std::future::pending()).await);
    }
}
