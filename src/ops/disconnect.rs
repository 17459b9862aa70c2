//! `latitude disconnect`: the end of a connection.

use std::process::ExitCode;

use anyhow::bail;
use clap::Args;

use super::cli::WithConfig;
use super::say::say;
use crate::domain::ids::ConnectionId;
use crate::env::Env;

/// Forget a connection that was taken out of the configuration: its sign-in, and all that is kept of
/// its deals and people.
#[derive(Debug, Args)]
pub struct Disconnect {
    #[command(flatten)]
    at: WithConfig,
    /// The connection
    #[arg(long, value_name = "NAME")]
    connection: String,
    /// Do it; without this, only show what would be forgotten
    #[arg(long)]
    yes: bool,
}

impl Disconnect {
    /// Forgets it.
    ///
    /// # Errors
    /// A connection that the configuration still has, or that nobody knows; what the database refuses.
    pub async fn run(self, env: Env) -> anyhow::Result<ExitCode> {
        let config = self.at.read()?;
        let name = &self.connection;
        if config.connections.contains_key(name) {
            bail!(
                "connection {name} is in the configuration, and would begin anew. First take its fields out \
                 of the CRM (`latitude crm destroy`), then take [connections.{name}] out of the \
                 configuration and start the service anew"
            );
        }
        let store = config.store_that_is_there(&env).await?;
        let known = store.read().await?.connections().await?;
        let known: Vec<&str> = known.iter().map(|it| it.id.as_str()).collect();
        if !known.contains(&name.as_str()) {
            bail!(
                "nothing is kept of a connection {name}; there are: {}",
                known.join(", ")
            );
        }
        let id = ConnectionId::from(name.as_str());
        let deals = store.read().await?.deal_ids(&id).await?.len();
        if self.yes {
            let mut tx = store.write_unhurried().await?;
            tx.forget_connection(&id).await?;
            tx.commit().await?;
            say!("{name}: forgotten, with what people wrote about {deals} deals.");
            say!("Backups made before are not touched: docs/operations.md.");
        } else {
            say!("{name}: would be forgotten, with what people wrote about {deals} deals.");
            say!(
                "Nothing was changed. `latitude export` saves it; --yes forgets it, and nobody can bring it back."
            );
        }
        store.close().await;
        Ok(ExitCode::SUCCESS)
    }
}
