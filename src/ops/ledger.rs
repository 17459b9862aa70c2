//! `latitude ledger` and `latitude retry`: what became of each record, and another try.

use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use serde::Serialize;

use super::cli::WithConfig;
use super::table::table;
use crate::domain::Time;
use crate::domain::ids::ConnectionId;
use crate::env::Env;
use crate::store::Store;
use crate::store::ledger::{Entry, Run};
use crate::store::watch::Standing;
use crate::sync::{MOVES, RECONCILE};

/// Runs shown of a connection.
const RUNS: i64 = 5;

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

/// What the ledger says about one connection.
#[derive(Debug, Serialize)]
pub struct Account {
    /// How it is doing.
    #[serde(flatten)]
    pub standing: Standing,
    /// Deals given up on, with the CRM's reason.
    pub parked_deals: Vec<Parked>,
    /// Its last runs, newest first.
    pub runs: Vec<Run>,
    /// Its last entries, newest first.
    pub entries: Vec<Entry>,
}

/// A deal given up on until it, its set-up or someone changes something.
#[derive(Debug, Serialize)]
pub struct Parked {
    /// The CRM's id.
    pub deal: String,
    /// The CRM's reason.
    pub reason: String,
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
    let mut tx = store.read().await?;
    let mut accounts = Vec::new();
    let standings = tx.standings().await?;
    let known: Vec<String> = standings.iter().map(|it| it.connection.clone()).collect();
    for standing in standings {
        if only.is_some_and(|only| only != standing.connection) {
            continue;
        }
        let id = ConnectionId::from(standing.connection.as_str());
        let parked = tx.parked(&id).await?.into_iter();
        let parked = parked.filter(|(it, _)| deal.is_none_or(|deal| deal == it));
        accounts.push(Account {
            standing,
            parked_deals: parked
                .map(|(deal, reason)| Parked { deal, reason })
                .collect(),
            runs: tx.runs(&id, RUNS).await?,
            entries: tx.ledger(&id, deal, last).await?,
        });
    }
    match only {
        Some(only) if accounts.is_empty() => bail!(
            "--connection {only}: nothing was ever done for it; the database knows: {}",
            known.join(", ")
        ),
        _ => Ok(accounts),
    }
}

impl Ledger {
    /// Prints it.
    ///
    /// # Errors
    /// What the configuration or the database refuses.
    pub async fn run(self, env: Env) -> anyhow::Result<ExitCode> {
        let store = self.at.read()?.store(&env).await?;
        let (only, deal) = (self.connection.as_deref(), self.deal.as_deref());
        let accounts = accounts(&store, only, deal, self.last.into()).await?;
        if self.json {
            println!("{}", serde_json::json!({"connections": accounts}));
        } else {
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
    println!(
        "{} ({}): {}{}",
        it.connection,
        it.crm,
        it.state,
        told(", ", &it.message)
    );
    let left = it
        .calls_left
        .map_or(String::new(), |left| format!(", {left} left"));
    println!(
        "  {} open deals, {} waiting to be written, {} parked, {} calls today{left}",
        it.deals, it.waiting, it.parked, it.calls_today
    );
    for parked in &account.parked_deals {
        println!("  parked {}: {}", parked.deal, parked.reason);
    }
    if !account.parked_deals.is_empty() {
        println!(
            "  → correct what the CRM names, then: latitude retry --connection {}",
            it.connection
        );
    }
    let rows: Vec<Vec<String>> = account.entries.iter().map(row).collect();
    let head = ["at", "move", "deal", "attempt", "outcome", "the CRM says"];
    println!("\n{}\n", table(&head, &rows));
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

/// Makes everything of a connection due now, parked deals included; notes that in the ledger.
/// Returns how many deals were parked.
///
/// # Errors
/// The database's.
pub async fn retry(store: &Store, id: &ConnectionId, now: Time) -> crate::store::Result<u64> {
    let mut tx = store.write().await?;
    let parked = tx.unpark(id, now).await?;
    tx.forget_setup(id).await?;
    for step in MOVES.into_iter().filter(|it| *it != RECONCILE) {
        tx.hasten(id, step, now).await?;
    }
    tx.note(&[Entry {
        connection: id.as_str().to_owned(),
        at: now,
        step: "retry".to_owned(),
        deal: None,
        attempt: 0,
        outcome: "asked for".to_owned(),
        code: None,
        message: Some(format!("{parked} parked deals are tried again")),
        version: None,
        mark: None,
    }])
    .await?;
    tx.commit().await?;
    Ok(parked)
}

impl Retry {
    /// Makes it due.
    ///
    /// # Errors
    /// What the configuration or the database refuses; an unknown connection.
    pub async fn run(self, env: Env) -> anyhow::Result<ExitCode> {
        let store = self.at.read()?.store(&env).await?;
        accounts(&store, Some(&self.connection), None, 1).await?;
        let id = ConnectionId::from(self.connection.as_str());
        let parked = retry(&store, &id, env.now()).await?;
        println!(
            "{}: {parked} parked deals and everything put off are due now; the worker takes them up.",
            self.connection
        );
        store.close().await;
        Ok(ExitCode::SUCCESS)
    }
}
