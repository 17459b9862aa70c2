//! `latitude health`: whether the process beside this one answers; for the container's own check.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use url::Url;

use super::cli::WithConfig;
use super::config::Config;
use super::say::say;
use crate::http::answers;
use crate::http::call::NOBODY;

/// Say whether the service on this machine answers.
#[derive(Debug, Args)]
pub struct Health {
    #[command(flatten)]
    at: WithConfig,
    /// The address to ask, in place of /ready at web.listen or, where nobody serves pages,
    /// at watch.listen
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
        let places = match self.url {
            Some(url) => vec![url],
            None => places(&self.at.read_quietly()?)?,
        };
        let mut tries = u64::from(self.wait) * 1000 / AGAIN.as_millis() as u64;
        let (mut url, mut answer) = ask(&places).await;
        while !matches!(answer, Ok(200)) && tries > 0 {
            tokio::time::sleep(AGAIN).await;
            (url, answer) = ask(&places).await;
            tries -= 1;
        }
        match answer {
            Ok(200) => {
                say!("{url} answers");
                Ok(ExitCode::SUCCESS)
            }
            Ok(status) => anyhow::bail!("{url} answers with {status}"),
            Err(why) => anyhow::bail!("{url}: {why}"),
        }
    }
}

/// Where a process of this configuration may tell how it is: beside its pages, or for a worker where
/// those who watch ask.
fn places(config: &Config) -> anyhow::Result<Vec<Url>> {
    let ports = std::iter::once(config.web.listen).chain(config.watch.place()?);
    let urls = ports.map(|it| Url::parse(&format!("http://127.0.0.1:{}/ready", it.port())));
    Ok(urls.collect::<Result<_, _>>()?)
}

/// The first answer, and whose it is: nobody else is asked where somebody is, however badly they do.
async fn ask(places: &[Url]) -> (&Url, Result<u16, String>) {
    let (last, others) = places.split_last().expect("one at least");
    for place in others {
        match answers(place).await {
            Err(why) if why.starts_with(NOBODY) => {}
            answer => return (place, answer),
        }
    }
    (last, answers(last).await)
}
