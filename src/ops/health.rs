//! `latitude health`: whether the process beside this one answers; for the container's own check.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use url::Url;

use super::cli::WithConfig;

/// Say whether the service on this machine answers.
#[derive(Debug, Args)]
pub struct Health {
    #[command(flatten)]
    at: WithConfig,
    /// The address to ask, in place of the configuration's own /ready
    #[arg(long)]
    url: Option<Url>,
    /// Ask again for so many seconds until it answers
    #[arg(long, default_value_t = 0, value_name = "SECONDS")]
    wait: u32,
}

/// How often it is asked while waiting.
const AGAIN: Duration = Duration::from_millis(250);

impl Health {
    /// Asks; exit code 0 only where the answer is 200.
    ///
    /// # Errors
    /// What the configuration refuses.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let url = match self.url {
            Some(url) => url,
            None => {
                let config = super::config::Config::read(self.at.config.as_deref())?;
                let port = config.web.listen.port();
                Url::parse(&format!("http://127.0.0.1:{port}/ready"))?
            }
        };
        let mut tries = u64::from(self.wait) * 1000 / AGAIN.as_millis() as u64;
        let mut answer = crate::http::answers(&url).await;
        while !matches!(answer, Ok(200)) && tries > 0 {
            tokio::time::sleep(AGAIN).await;
            answer = crate::http::answers(&url).await;
            tries -= 1;
        }
        match answer {
            Ok(200) => Ok(ExitCode::SUCCESS),
            Ok(status) => anyhow::bail!("{url} answers with {status}"),
            Err(why) => anyhow::bail!("{url}: {why}"),
        }
    }
}
