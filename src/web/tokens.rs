//! Tokens for other tools: each person makes, sees and revokes their own; those who run Latitude
//! see whose there are and may revoke any. A token is shown once, by the answer that made it.

use std::collections::{BTreeMap, HashMap};

use axum::extract::{Form, Path, State};
use axum::response::Redirect;
use chrono::TimeDelta;

use super::api::caller::BEGINNING;
use super::board::chosen;
use super::chrome::{Chrome, Show};
use super::error::Problem;
use super::session::{Reader, mark};
use super::table::{For, Table};
use super::{App, Shared, words};
use crate::domain::ids::ConnectionId;
use crate::domain::role::{Role, Scope};
use crate::env::Env;
use crate::store;
use crate::store::api_tokens::ApiToken;
use crate::store::tx::Tx;

/// Days a token lasts at most.
pub const MOST_DAYS: i64 = 400;
/// Days offered: how many, in words, and whether that is usual.
pub const DAYS: [(&str, &str, bool); 4] = [
    ("30", "30 days", false),
    ("90", "90 days", true),
    ("180", "180 days", false),
    ("365", "365 days", false),
];
/// A box that opens something is called this and the word of its scope.
pub const BOX: &str = "opens_";
/// The boxes that everyone is offered.
pub const BOXES: [&str; 4] = [
    "opens_deals",
    "opens_obstacles",
    "opens_week",
    "opens_promise",
];
/// What the boxes are about.
pub const BOXES_OPEN: &str = "What does it open?";
/// Letters of what a token is for, at most.
const LONGEST_NAME: usize = 60;
/// Tokens of one person at a time.
const MOST: usize = 20;

/// Adds the routes.
pub fn routes(table: Table) -> Table {
    table
        .get(For::People, "/tokens", page)
        .post(For::People, "/tokens", make_one)
        .post(For::People, "/tokens/{id}/revoke", revoke)
}

/// A token that someone wants.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The connection and the CRM's id of the person it stands for.
    pub whose: (&'a ConnectionId, &'a str),
    /// What it is for.
    pub name: &'a str,
    /// What it opens.
    pub scopes: &'a [Scope],
    /// After how many days it ends, 1 to [`MOST_DAYS`].
    pub days: i64,
}

/// Makes a token and returns it. Only its SHA-256 is kept: it cannot be had again.
///
/// # Errors
/// The database's.
pub async fn make(tx: &mut Tx, env: &Env, wanted: &Wanted<'_>) -> store::Result<String> {
    let token = format!("{BEGINNING}{}", env.hex::<32>());
    let (now, (connection, person)) = (env.now(), wanted.whose);
    let mut scopes = wanted.scopes.to_vec();
    scopes.sort_unstable();
    scopes.dedup();
    let scopes: Vec<&str> = scopes.into_iter().map(Scope::word).collect();
    tx.add_api_token(&ApiToken {
        mark: mark(&token),
        connection: connection.to_string(),
        person: person.to_owned(),
        name: wanted.name.to_owned(),
        scopes: scopes.join(" "),
        created_at: now,
        ends_at: now + TimeDelta::days(wanted.days),
    })
    .await?;
    Ok(token)
}

#[derive(askama::Template)]
#[template(path = "tokens.html")]
struct Page {
    chrome: Chrome,
    /// What was made just now: what it is for, and the token.
    made: Option<(String, String)>,
    own: Vec<Row>,
    /// Those of everyone else, for those who run Latitude.
    others: Option<Vec<Row>>,
    scopes: Vec<Scope>,
    days: [(&'static str, &'static str, bool); 4],
    /// Where one is a person of several connections.
    connections: Vec<String>,
}

/// A token as it is listed.
struct Row {
    id: String,
    name: String,
    whose: String,
    opens: String,
    ends: String,
}

async fn page(
    State(app): State<Shared>,
    reader: Reader,
) -> Result<Show<impl askama::Template>, Problem> {
    show(&app, &reader, None).await
}

async fn make_one(
    State(app): State<Shared>,
    reader: Reader,
    Form(sent): Form<HashMap<String, String>>,
) -> Result<Show<impl askama::Template>, Problem> {
    let text = |key: &str| sent.get(key).map(|it| it.trim()).unwrap_or_default();
    let me = chosen(&reader, text("connection"))?;
    let name = text("name");
    if name.is_empty() || name.chars().count() > LONGEST_NAME {
        return Err(Problem::Unfit(format!(
            "Say what the token is for, in at most {LONGEST_NAME} letters."
        )));
    }
    let asked = |scope: &Scope| sent.contains_key(&format!("{BOX}{}", scope.word()));
    let scopes: Vec<Scope> = offered(&reader).into_iter().filter(asked).collect();
    if scopes.is_empty() {
        return Err(Problem::Unfit(
            "Pick at least one thing that the token opens.".to_owned(),
        ));
    }
    let days = text("days").parse().ok();
    let days = days.filter(|days| (1..=MOST_DAYS).contains(days));
    let days =
        days.ok_or_else(|| Problem::Unfit(format!("A token lasts 1 to {MOST_DAYS} days.")))?;
    let mut tx = app.store.write().await?;
    let own = tx
        .api_tokens_of((&me.connection, &me.face.id), app.env.now())
        .await?;
    // Whoever reloads the page that showed a token sends the form again.
    if own.iter().any(|it| it.name == name) {
        return Err(Problem::Conflict(
            "You have a token of that name. Revoke it first, or give this one another name."
                .to_owned(),
        ));
    }
    if own.len() >= MOST {
        return Err(Problem::Conflict(format!(
            "You have {MOST} tokens already. Revoke one that nothing uses any more."
        )));
    }
    let wanted = Wanted {
        whose: (&me.connection, &me.face.id),
        name,
        scopes: &scopes,
        days,
    };
    let token = make(&mut tx, &app.env, &wanted).await?;
    tx.commit().await?;
    show(&app, &reader, Some((name.to_owned(), token))).await
}

async fn revoke(
    State(app): State<Shared>,
    Path(id): Path<String>,
    reader: Reader,
) -> Result<Redirect, Problem> {
    let mut tx = app.store.write().await?;
    let all = tx.api_tokens(app.env.now()).await?;
    let found = all.into_iter().find(|it| it.id() == id);
    let token = found
        .filter(|it| is_own(&reader, it) || reader.is_ops())
        .ok_or(Problem::NotFound)?;
    tx.end_api_token(&token.mark).await?;
    tx.commit().await?;
    Ok(Redirect::to("/tokens"))
}

/// What a box opens, in words.
pub fn label(name: &str) -> &'static str {
    let scope = name.strip_prefix(BOX).and_then(Scope::named);
    scope.map_or("", Scope::opens)
}

fn is_own(reader: &Reader, token: &ApiToken) -> bool {
    let mut me = reader.me.iter();
    me.any(|me| me.connection.as_str() == token.connection && me.face.id == token.person)
}

/// What opens something for this person.
fn offered(reader: &Reader) -> Vec<Scope> {
    let leads = reader.is(Role::Executive);
    let all = Scope::ALL.into_iter();
    all.filter(|it| *it != Scope::Pyramid || leads).collect()
}

async fn show(
    app: &App,
    reader: &Reader,
    made: Option<(String, String)>,
) -> Result<Show<Page>, Problem> {
    let now = app.env.now();
    let mut tx = app.store.read().await?;
    let mut own = Vec::new();
    for me in &reader.me {
        let tokens = tx.api_tokens_of((&me.connection, &me.face.id), now).await?;
        own.extend(tokens.iter().map(|it| row(it, me.connection.to_string())));
    }
    let mut others = None;
    if reader.is_ops() {
        let mut tokens = tx.api_tokens(now).await?;
        tokens.retain(|it| !is_own(reader, it));
        others = Some(of_others(&mut tx, &tokens).await?);
    }
    let connections = match reader.me.as_slice() {
        [_] => Vec::new(),
        several => several.iter().map(|me| me.connection.to_string()).collect(),
    };
    Ok(Show(Page {
        chrome: Chrome::of("Tokens", reader, "/tokens"),
        made,
        own,
        others,
        scopes: offered(reader),
        days: DAYS,
        connections,
    }))
}

/// The tokens of others, each with its person's name; those of a connection are read at once.
async fn of_others(tx: &mut Tx, tokens: &[ApiToken]) -> Result<Vec<Row>, Problem> {
    let mut people: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for it in tokens {
        people.entry(&it.connection).or_default().push(&it.person);
    }
    let mut names = HashMap::new();
    for (connection, people) in people {
        let found = tx.names(&ConnectionId::from(connection), &people).await?;
        names.insert(connection, found);
    }
    let one = |it: &ApiToken| {
        let name = names.get(it.connection.as_str());
        let name = name.and_then(|names| names.get(&it.person));
        let name = name.unwrap_or(&it.person);
        row(it, format!("{name}, in {}", it.connection))
    };
    Ok(tokens.iter().map(one).collect())
}

fn row(token: &ApiToken, whose: String) -> Row {
    let scopes = token.scopes.split(' ').filter_map(Scope::named);
    let opens: Vec<&str> = scopes.map(Scope::label).collect();
    Row {
        id: token.id(),
        name: token.name.clone(),
        whose,
        opens: opens.join(", "),
        ends: words::day(token.ends_at.date_naive()),
    }
}
