//! The ledger: how each connection is doing, which deals the CRM will not take and why, and another
//! try. For those who run Latitude; deals stand there by the CRM's id, without a word of anyone's.

use axum::Form;
use axum::extract::{Path, Query, State};
use axum::response::Redirect;
use serde::Deserialize;

use super::Shared;
use super::chrome::{Chrome, Show};
use super::error::Problem;
use super::health::code_word;
use super::ops_door::Ops;
use super::table::{For, Table};
use crate::crm;
use crate::domain::Time;
use crate::domain::ids::ConnectionId;
use crate::store::ledger::Entry;
use crate::sync::account::{Account, accounts, retry};
use crate::sync::report::RunState;
use crate::sync::stages::{Asked, placed};

/// Entries shown of a connection.
const ENTRIES: i64 = 50;

/// Adds the routes.
pub fn routes(table: Table) -> Table {
    table
        .get(For::People, "/ledger", ledger)
        .post(For::People, "/ledger/{connection}/retry", again)
}

#[derive(Deserialize)]
struct Wish {
    #[serde(default)]
    connection: String,
    #[serde(default)]
    deal: String,
}

#[derive(askama::Template)]
#[template(path = "ledger.html")]
struct Page {
    chrome: Chrome,
    database: Option<String>,
    deal: String,
    books: Vec<Book>,
}

struct Book {
    id: String,
    crm: String,
    state: String,
    class: &'static str,
    code: String,
    told: String,
    since: String,
    recipe: &'static str,
    /// Whether it waits for someone to sign in.
    login: bool,
    facts: Vec<(&'static str, String)>,
    parked: Vec<(String, String)>,
    /// How many there are, where those are only the first.
    parked_in_all: Option<i64>,
    stages: Vec<Stage>,
    /// How many of them the framework does not know.
    unknown: usize,
    entries: Vec<Line>,
}

/// An open stage of the CRM.
struct Stage {
    pipeline: String,
    name: String,
    asked: String,
    known: bool,
}

struct Line {
    at: String,
    step: String,
    deal: String,
    outcome: String,
    words: String,
}

async fn ledger(
    State(app): State<Shared>,
    ops: Ops,
    Query(wish): Query<Wish>,
) -> Result<Show<impl askama::Template>, Problem> {
    let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let (only, deal) = (given(&wish.connection), given(&wish.deal));
    let found = accounts(&app.store, only.as_deref(), deal.as_deref(), ENTRIES).await?;
    let trouble = app.store.trouble().await;
    let mut books: Vec<Book> = found.iter().map(book).collect();
    let mut tx = app.store.read().await?;
    for book in &mut books {
        let id = ConnectionId::from(book.id.as_str());
        let placed = placed(&mut tx, &app.framework, &id).await?;
        let stages = placed.into_iter().map(|it| Stage {
            known: it.asked != Asked::Default,
            asked: it.asked.word().to_owned(),
            pipeline: it.pipeline,
            name: it.stage,
        });
        book.stages = stages.collect();
        book.unknown = book.stages.iter().filter(|it| !it.known).count();
    }
    drop(tx);
    Ok(Show(Page {
        chrome: ops.chrome("Ledger", "/ledger"),
        database: trouble.map(|it| format!("The database {}: {}", it.kind.word(), it.told)),
        deal: wish.deal,
        books,
    }))
}

fn moment(at: Option<Time>) -> String {
    at.map_or("never".to_owned(), |at| {
        at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
    })
}

fn book(account: &Account) -> Book {
    let it = &account.standing;
    let count = |n: i64| n.to_string();
    let mut facts = vec![
        ("open deals", count(it.deals.unwrap_or_default())),
        ("waiting to be written", count(it.waiting)),
        ("refused by the CRM", count(it.parked)),
        ("calls today", count(it.calls_today)),
        ("last run ended", moment(it.worked_at)),
        ("next due", moment(it.due_at)),
    ];
    facts.extend(it.calls_left.map(|left| ("calls left", count(left))));
    facts.extend(
        it.skew_seconds
            .map(|seconds| ("clock of the CRM ahead", format!("{seconds} s"))),
    );
    let is = |states: &[RunState]| states.iter().any(|state| state.word() == it.state);
    Book {
        id: it.connection.clone(),
        crm: crm::by_id(&it.crm)
            .map_or(it.crm.as_str(), |crm| crm.profile().name)
            .to_owned(),
        state: it.state.clone(),
        class: class_of(&it.state),
        code: it.code.as_deref().and_then(code_word).unwrap_or_default(),
        told: it.message.clone().unwrap_or_default(),
        since: moment(it.since),
        recipe: recipe(&it.state),
        login: is(&[RunState::Login]),
        facts,
        parked: account
            .parked_deals
            .iter()
            .map(|parked| (parked.deal.clone(), parked.reason.clone()))
            .collect(),
        parked_in_all: account.shows_some_parked().then_some(it.parked),
        stages: Vec::new(),
        unknown: 0,
        entries: account.entries.iter().map(line).collect(),
    }
}

/// How the word of a state is coloured.
pub(super) fn class_of(state: &str) -> &'static str {
    match RunState::ALL.into_iter().find(|it| it.word() == state) {
        Some(RunState::Ok) => "done",
        Some(RunState::Partly | RunState::Budget) => "half",
        _ => "due",
    }
}

/// What to do about a state, in a sentence.
fn recipe(state: &str) -> &'static str {
    match RunState::ALL.into_iter().find(|it| it.word() == state) {
        None | Some(RunState::Ok) => "",
        Some(RunState::Partly) => "Correct what the CRM names, in the CRM; then try again.",
        Some(RunState::Budget) => "It starts over by itself when the CRM’s day does.",
        Some(RunState::Failed) => "It is tried again by itself; look at the CRM’s status page.",
        Some(RunState::Config) => "Correct what is named here, in the CRM or the configuration.",
        Some(RunState::Login) => "Someone must sign in; what waits is kept until then.",
    }
}

fn line(entry: &Entry) -> Line {
    let words = match (&entry.code, &entry.message) {
        (Some(code), Some(message)) if !message.contains(code.as_str()) => {
            format!("{code}: {message}")
        }
        (_, Some(message)) => message.clone(),
        (Some(code), None) => code.clone(),
        (None, None) => String::new(),
    };
    Line {
        at: moment(Some(entry.at)),
        step: entry.step.clone(),
        deal: entry.deal.clone().unwrap_or_default(),
        outcome: entry.outcome.clone(),
        words,
    }
}

#[derive(Deserialize)]
struct Nothing {}

async fn again(
    State(app): State<Shared>,
    _: Ops,
    Path(connection): Path<String>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Redirect, Problem> {
    let id = ConnectionId::from(connection.as_str());
    let known = app.store.read().await?.connection(&id).await?;
    known.ok_or(Problem::NotFound)?;
    retry(&app.store, &id, app.env.now()).await?;
    app.engine.wake().await;
    Ok(Redirect::to("/ledger"))
}
