//! `latitude ledger` and `latitude retry`: what became of each record, and another try.

use std::process::ExitCode;

use anyhow::bail;
use clap::Args;

use super::cli::WithConfig;
use super::say::say;
use super::table::table;
use crate::domain::ids::ConnectionId;
use crate::env::Env;
use crate::store::Store;
use crate::store::ledger::Entry;
use crate::sync::account::{self, Account};

pub use crate::sync::account::retry;

/// Show what became of each record, in the CRM's own words.
#[derive(Debug, Args)]
pub struct Ledger {
    #[command(flatten)]
    at: WithConfig,
    /// Only this connection
    #[arg(long, value_name = "ID")]
    connection: Option<String>,
    /// Only this deal, by the CRM's id
    #[arg(long, value_name = "ID", requires = "connection")]
    deal: Option<String>,
    /// The most entries to show of a connection
    #[arg(long, default_value_t = 20, value_name = "N")]
    last: u32,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Try everything again that was put off or given up on.
#[derive(Debug, Args)]
pub struct Retry {
    #[command(flatten)]
    at: WithConfig,
    /// The connection's name in the configuration
    #[arg(long, value_name = "ID")]
    connection: String,
}

/// What the ledger says: of one connection or all, of one deal or all.
///
/// # Errors
/// The database's; an unknown connection.
pub async fn accounts(
    store: &Store,
    only: Option<&str>,
    deal: Option<&str>,
    last: i64,
) -> anyhow::Result<Vec<Account>> {
    let found = account::accounts(store, only, deal, last).await?;
    match only {
        Some(only) if found.is_empty() => {
            let all = account::accounts(store, None, None, 0).await?;
            let known: Vec<String> = all.into_iter().map(|it| it.standing.connection).collect();
            match known.as_slice() {
                [] => bail!("--connection {only}: no connection was ever worked"),
                known => bail!(
                    "--connection {only}: nothing was ever done for it; the database knows: {}",
                    known.join(", ")
                ),
            }
        }
        _ => Ok(found),
    }
}

impl Ledger {
    /// Prints it.
    ///
    /// # Errors
    /// What the configuration or the database refuses.
    pub async fn run(self, env: Env) -> anyhow::Result<ExitCode> {
        let store = self.at.read()?.store_that_is_there(&env).await?;
        let (only, deal) = (self.connection.as_deref(), self.deal.as_deref());
        let accounts = accounts(&store, only, deal, self.last.into()).await?;
        // What could not be written down is said here, or the states below would lie.
        let database = match store.can_write().await {
            Ok(()) => "ok".to_owned(),
            Err(error) => format!("takes no writes: {error}"),
        };
        if self.json {
            let told = serde_json::json!({"database": database, "connections": accounts});
            say!("{told}");
        } else {
            if database != "ok" {
                say!("the database {database}; what follows is from before\n");
            }
            if accounts.is_empty() {
                say!(
                    "No connection was ever worked: `latitude run` or `latitude sync --once` does."
                );
            }
            for account in &accounts {
                print(account);
            }
        }
        store.close().await;
        Ok(ExitCode::SUCCESS)
    }
}

fn print(account: &Account) {
    let it = &account.standing;
    let told = |word: &str, text: &Option<String>| {
        let text = text.as_deref().filter(|text| !text.is_empty());
        text.map_or(String::new(), |text| format!("{word}{text}"))
    };
    say!(
        "{} ({}): {}{}",
        it.connection,
        it.crm,
        it.state,
        told(", ", &it.message)
    );
    let left = it
        .calls_left
        .map_or(String::new(), |left| format!(", {left} left"));
    say!(
        "  {} open deals, {} waiting to be written, {} parked, {} calls today{left}",
        it.deals.unwrap_or_default(),
        it.waiting,
        it.parked,
        it.calls_today
    );
    for parked in &account.parked_deals {
        say!("  parked {}: {}", parked.deal, parked.reason);
    }
    if account.shows_some_parked() {
        say!("  … of {} parked deals; --deal ID shows one", it.parked);
    }
    if !account.parked_deals.is_empty() {
        say!(
            "  → correct what the CRM names, then: latitude retry --connection {}",
            it.connection
        );
    }
    let rows: Vec<Vec<String>> = account.entries.iter().map(row).collect();
    let head = ["at", "move", "deal", "attempt", "outcome", "the CRM says"];
    say!("\n{}\n", table(&head, &rows));
}

fn row(entry: &Entry) -> Vec<String> {
    let words = match (&entry.code, &entry.message) {
        (Some(code), Some(message)) if !message.contains(code.as_str()) => {
            format!("{code}: {message}")
        }
        (_, Some(message)) => message.clone(),
        (Some(code), None) => code.clone(),
        (None, None) => String::new(),
    };
    vec![
        entry.at.format("%Y-%m-%d %H:%M:%S").to_string(),
        entry.step.clone(),
        entry.deal.clone().unwrap_or_default(),
        entry.attempt.to_string(),
        entry.outcome.clone(),
        words,
    ]
}

impl Retry {
    /// Makes it due.
    ///
    /// # Errors
    /// What the configuration or the database refuses; an unknown connection.
    pub async fn run(self, env: Env) -> anyhow::Result<ExitCode> {
        let store = self.at.read()?.store_that_is_there(&env).await?;
        accounts(&store, Some(&self.connection), None, 1).await?;
        let id = ConnectionId::from(self.connection.as_str());
        let parked = retry(&store, &id, env.now()).await?;
        say!(
            "{}: {parked} parked deals and everything put off are due now; the worker takes them up.",
            self.connection
        );
        store.close().await;
        Ok(ExitCode::SUCCESS)
    }
}
