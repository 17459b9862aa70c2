//! `latitude run | web | worker`: serves and works until told to stop, then drains.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use tokio::sync::watch;

use super::config::Config;
use crate::env::Env;

/// How long open work may take once told to stop.
const DRAIN: Duration = Duration::from_secs(25);

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
    let engine = Arc::new(config.engine(&env, None).await?);
    let (stop, stopping) = watch::channel(false);
    let worker = (parts != Parts::Web).then(|| {
        let engine = engine.clone();
        let stopping = stopping.clone();
        tokio::spawn(async move { engine.run(stopping).await })
    });
    if parts != Parts::Worker {
        bail!("the pages are not built yet");
    }
    tracing::info!(worker = worker.is_some(), "running");
    stopped().await;
    tracing::info!("stopping: finishing what is under way");
    stop.send_replace(true);
    if let Some(worker) = worker
        && tokio::time::timeout(DRAIN, worker).await.is_err()
    {
        tracing::warn!("work under way did not end in time; its lease will run out by itself");
    }
    engine.store.close().await;
    Ok(ExitCode::SUCCESS)
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
