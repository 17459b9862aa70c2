//! Logs: to stderr, as text or JSON. Never tokens, plan text or names.

use anyhow::Context;
use tracing_subscriber::EnvFilter;

use super::config::{Log, LogFormat};

/// Starts logging. Does nothing where logging runs already.
///
/// # Errors
/// When the level is not one.
pub fn start(log: &Log) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&log.level).with_context(|| {
        format!(
            "log.level = \"{}\": write error, warn, info, debug or trace",
            log.level
        )
    })?;
    let writer = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    // Fails only where a subscriber is set already, as in tests.
    drop(match log.format {
        LogFormat::Text => writer.try_init(),
        LogFormat::Json => writer.json().try_init(),
    });
    Ok(())
}
