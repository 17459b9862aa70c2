//! `latitude token`: tokens for other tools. Each stands for one person and opens what its scopes
//! say; what is kept of it is only its SHA-256.

use std::process::ExitCode;

use anyhow::bail;
use clap::{Args, Subcommand};

use super::cli::WithConfig;
use super::say::{remark, say};
use super::table::table;
use crate::domain::ids::ConnectionId;
use crate::domain::role::Scope;
use crate::env::Env;
use crate::store::Store;
use crate::store::api_tokens::{ApiToken, SHOWN};
use crate::store::tx::Tx;
use crate::web::tokens::{self, MOST_DAYS, Wanted};

/// Make, list and revoke tokens for other tools.
#[derive(Debug, Args)]
pub struct Token {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Make a token; it is shown once
    #[command(
        after_help = "Example:\n  latitude token make --config latitude.toml --person acme:005A --name reports --scope deals"
    )]
    Make(Make),
    /// List the tokens that have not ended
    #[command(after_help = "Example:\n  latitude token list --config latitude.toml")]
    List(List),
    /// End a token
    #[command(after_help = "Example:\n  latitude token revoke --config latitude.toml 3f9c2a7b")]
    Revoke(Revoke),
}

/// Make a token; it is shown once.
#[derive(Debug, Args)]
struct Make {
    #[command(flatten)]
    at: WithConfig,
    /// The person it stands for: an e-mail address, or CONNECTION:ID
    #[arg(long, value_name = "WHO")]
    person: String,
    /// What it is for
    #[arg(long)]
    name: String,
    /// What it opens: deals, obstacles, week, promise, pyramid; may be given several times
    #[arg(long = "scope", value_name = "SCOPE", required = true)]
    scopes: Vec<String>,
    /// After how many days it ends
    #[arg(long, default_value_t = 90, value_name = "N")]
    days: i64,
}

/// List the tokens that have not ended.
#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    at: WithConfig,
}

/// End a token.
#[derive(Debug, Args)]
struct Revoke {
    #[command(flatten)]
    at: WithConfig,
    /// Its id, as `list` shows it
    id: String,
}

/// What a token is made for.
#[derive(Clone, Debug)]
pub struct Wish<'a> {
    /// The person it stands for: an e-mail address, or `CONNECTION:ID`.
    pub person: &'a str,
    /// What it is for.
    pub name: &'a str,
    /// Words of scopes.
    pub scopes: &'a [String],
    /// After how many days it ends.
    pub days: i64,
}

/// Makes a token and returns it; it cannot be had again.
///
/// # Errors
/// Says which part of the wish is not one; the database's.
pub async fn make(store: &Store, env: &Env, wish: &Wish<'_>) -> anyhow::Result<String> {
    let mut scopes = Vec::new();
    for word in wish.scopes.iter().flat_map(|it| it.split(',')) {
        let Some(scope) = Scope::named(word.trim()) else {
            let all = Scope::ALL.map(Scope::word).join(", ");
            bail!("--scope {word}: there is no such scope; there are: {all}");
        };
        scopes.push(scope);
    }
    if !(1..=MOST_DAYS).contains(&wish.days) {
        bail!("--days {}: a token lasts 1 to {MOST_DAYS} days", wish.days);
    }
    let mut tx = store.write().await?;
    let (connection, person) = whom(&mut tx, wish.person).await?;
    let wanted = Wanted {
        whose: (&connection, &person),
        name: wish.name,
        scopes: &scopes,
        days: wish.days,
    };
    let token = tokens::make(&mut tx, env, &wanted).await?;
    tx.commit().await?;
    Ok(token)
}

/// The active person that is meant: by e-mail address, where one connection knows it, or by id.
async fn whom(tx: &mut Tx, who: &str) -> anyhow::Result<(ConnectionId, String)> {
    let meant = match who.split_once(':') {
        Some((connection, id)) => vec![(ConnectionId::from(connection), id.to_owned())],
        None => tx.everyone_at(who).await?,
    };
    let mut active = Vec::new();
    for (connection, id) in meant {
        if tx.face(&connection, &id).await?.is_some() {
            active.push((connection, id));
        }
    }
    match active.as_slice() {
        [] => bail!(
            "--person {who}: the CRM names nobody active by that; write an e-mail address or \
             CONNECTION:ID. `latitude sync --once` reads its people"
        ),
        [one] => Ok(one.clone()),
        several => {
            let several = several
                .iter()
                .map(|(connection, id)| format!("{connection}:{id}"));
            let several: Vec<String> = several.collect();
            bail!(
                "--person {who}: several are meant; write one of: {}",
                several.join(", ")
            )
        }
    }
}

/// Ends a token by what people call it.
///
/// # Errors
/// When there is none, or the database refuses.
pub async fn revoke(store: &Store, id: &str) -> anyhow::Result<()> {
    let plain = id.len() >= SHOWN && id.chars().all(|it| it.is_ascii_hexdigit());
    let mut tx = store.write().await?;
    if !plain || tx.end_api_token(id).await? == 0 {
        bail!("{id}: there is no such token; `latitude token list` shows them");
    }
    tx.commit().await?;
    Ok(())
}

impl Token {
    /// Runs it.
    ///
    /// # Errors
    /// What the configuration or the database refuses.
    pub async fn run(self, env: Env) -> anyhow::Result<ExitCode> {
        match self.what {
            What::Make(wish) => {
                let store = wish.at.read()?.store_that_is_there(&env).await?;
                let made = make(
                    &store,
                    &env,
                    &Wish {
                        person: &wish.person,
                        name: &wish.name,
                        scopes: &wish.scopes,
                        days: wish.days,
                    },
                )
                .await?;
                say!("{made}");
                remark!("It is shown this once. It sees what {} sees.", wish.person);
                store.close().await;
            }
            What::List(list) => {
                let store = list.at.read()?.store_that_is_there(&env).await?;
                let tokens = store.read().await?.api_tokens(env.now()).await?;
                let rows: Vec<Vec<String>> = tokens.iter().map(row).collect();
                let head = ["id", "stands for", "opens", "ends", "for"];
                match rows.is_empty() {
                    true => say!("There is no token. `latitude token make` makes one."),
                    false => say!("{}", table(&head, &rows)),
                }
                store.close().await;
            }
            What::Revoke(which) => {
                let store = which.at.read()?.store_that_is_there(&env).await?;
                revoke(&store, &which.id).await?;
                say!("{} is ended.", which.id);
                store.close().await;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn row(token: &ApiToken) -> Vec<String> {
    vec![
        token.id(),
        format!("{}:{}", token.connection, token.person),
        token.scopes.replace(' ', ","),
        token.ends_at.format("%Y-%m-%d").to_string(),
        token.name.clone(),
    ]
}
