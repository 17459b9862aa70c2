//! Connecting a CRM: what to register there, which scopes and why, the sign-in there and back, and
//! the proof that reading and writing work.

use axum::Form;
use axum::extract::{Path, RawQuery, State};
use axum::response::Redirect;
use chrono::TimeDelta;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::books::class_of;
use super::chrome::{Chrome, Show};
use super::error::Problem;
use super::ops_door::Ops;
use super::session::mark;
use super::table::{For, Table};
use super::{App, Shared};
use crate::domain::ids::ConnectionId;
use crate::http::fault::Fault;
use crate::sync::account::retry;
use crate::sync::connect::{Findings, Visit, Wrote, no_person, why};

/// How long a sign-in may take.
const LASTS: TimeDelta = TimeDelta::minutes(10);
/// What a sealed sign-in belongs to.
const PLACE: &str = "sign_in/connect";

/// Adds the routes.
pub fn routes(table: Table) -> Table {
    table
        .get(For::People, "/connect", list)
        .get(For::People, "/connect/{connection}", walk)
        .post(For::People, "/connect/{connection}/leave", leave)
        .get(For::People, "/connect/{connection}/back", back)
        .post(For::People, "/connect/{connection}/prove", prove)
}

#[derive(Serialize, Deserialize)]
struct Kept {
    connection: String,
    state: String,
    verifier: Option<String>,
}

#[derive(askama::Template)]
#[template(path = "connections.html")]
struct Connections {
    chrome: Chrome,
    /// Name, CRM, the word of its state, and how that is coloured.
    all: Vec<(String, &'static str, String, &'static str)>,
}

async fn list(State(app): State<Shared>, ops: Ops) -> Result<Show<impl askama::Template>, Problem> {
    let standings = app.store.read().await?.standings().await?;
    let state = |id: &ConnectionId| {
        let mut found = standings.iter();
        let found = found.find(|it| it.connection == id.as_str());
        found.map_or_else(String::new, |it| it.state.clone())
    };
    let all = app.engine.connections().map(|(id, crm)| {
        let name = crm.profile().name;
        let state = state(id);
        let class = class_of(&state);
        (id.as_str().to_owned(), name, state, class)
    });
    Ok(Show(Connections {
        chrome: ops.chrome("Connections", "/connect"),
        all: all.collect(),
    }))
}

#[derive(askama::Template)]
#[template(path = "connect.html")]
struct Page {
    chrome: Chrome,
    id: String,
    crm: &'static str,
    /// The word of its state; empty where it was never worked.
    state: String,
    class: &'static str,
    document: String,
    way: &'static str,
    /// The redirect address to register; none where no person has to agree.
    redirect: Option<String>,
    scopes: Vec<(String, &'static str)>,
    alone: &'static str,
    /// Where the browser goes now.
    there: Option<String>,
    /// What the CRM or the configuration said no to.
    refused: Option<String>,
    found: Vec<(bool, String)>,
    next: Option<String>,
}

fn redirect(app: &App, id: &ConnectionId) -> String {
    format!("{}/connect/{id}/back", app.settings.public_url)
}

fn told(fault: &Fault) -> String {
    match fault.cause().code.as_deref() {
        Some("no_grant") => "Nobody has signed in yet. Begin the sign-in first.".to_owned(),
        _ => format!("{fault}: {}", fault.cause()),
    }
}

async fn page(app: &App, ops: &Ops, id: &ConnectionId) -> Result<(Page, Option<Visit>), Problem> {
    let mut connections = app.engine.connections();
    let (_, crm) = connections
        .find(|(it, _)| *it == id)
        .ok_or(Problem::NotFound)?;
    let standings = app.store.read().await?.standings().await?;
    let found = standings
        .into_iter()
        .find(|it| it.connection == id.as_str() && it.worked_at.is_some());
    let state = found.map_or_else(String::new, |it| it.state);
    let (visit, refused) = match Visit::of(&app.engine, id).await {
        Ok(visit) => (Some(visit), None),
        Err(fault) => (None, Some(told(&fault))),
    };
    let by_person = visit.as_ref().is_some_and(Visit::needs_person);
    let scopes = visit.iter().flat_map(Visit::scopes);
    let page = Page {
        chrome: ops.chrome(&format!("Connect {id}"), "/connect"),
        id: id.as_str().to_owned(),
        crm: crm.profile().name,
        class: class_of(&state),
        state,
        document: format!("docs/crm/{}.md", crm.profile().id),
        way: visit.as_ref().map_or("", |it| it.way().word()),
        redirect: by_person.then(|| redirect(app, id)),
        scopes: scopes.map(|it| (it.clone(), why(&it))).collect(),
        alone: visit.as_ref().map_or("", |it| no_person(it.way())),
        there: None,
        refused,
        found: Vec::new(),
        next: None,
    };
    Ok((page, visit))
}

async fn walk(
    State(app): State<Shared>,
    ops: Ops,
    Path(connection): Path<String>,
) -> Result<Show<impl askama::Template>, Problem> {
    let id = ConnectionId::from(connection.as_str());
    let (page, _) = page(&app, &ops, &id).await?;
    Ok(Show(page))
}

#[derive(Deserialize)]
struct Nothing {}

/// Begins a sign-in; the page then carries the address, since a form may not lead elsewhere.
async fn leave(
    State(app): State<Shared>,
    ops: Ops,
    Path(connection): Path<String>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Show<impl askama::Template>, Problem> {
    let id = ConnectionId::from(connection.as_str());
    let (mut page, visit) = page(&app, &ops, &id).await?;
    let Some(visit) = visit else {
        return Ok(Show(page));
    };
    match visit.depart(&redirect(&app, &id)) {
        Ok(departure) => {
            let kept = Kept {
                connection,
                state: departure.state.clone(),
                verifier: departure.verifier.map(|it| it.expose_secret().to_owned()),
            };
            let kept = serde_json::to_vec(&kept).map_err(Problem::broken)?;
            let sealed = app.store.seal().close(PLACE, &kept);
            let now = app.env.now();
            let mut tx = app.store.write().await?;
            tx.prune_sessions(now).await?;
            tx.add_sign_in(&mark(&departure.state), &ops.mark, &sealed, now + LASTS)
                .await?;
            tx.commit().await?;
            page.there = Some(departure.url.to_string());
        }
        Err(fault) => page.refused = Some(told(&fault)),
    }
    Ok(Show(page))
}

/// Takes up what the browser came back with: once, within ten minutes, in the same session.
async fn back(
    State(app): State<Shared>,
    ops: Ops,
    Path(connection): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Result<Redirect, Show<impl askama::Template>>, Problem> {
    let gone = "This sign-in is over or began elsewhere. Begin again.";
    let query = query.unwrap_or_default();
    let state = url::form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "state")
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default();
    let now = app.env.now();
    let mut tx = app.store.write().await?;
    let taken = tx.take_sign_in(&mark(&state), &ops.mark, now).await?;
    tx.commit().await?;
    let sealed = taken.ok_or(Problem::Refused(gone))?;
    let kept = app.store.seal().open(PLACE, &sealed);
    let kept: Kept =
        serde_json::from_slice(&kept.map_err(Problem::broken)?).map_err(Problem::broken)?;
    if kept.connection != connection {
        return Err(Problem::Refused(gone));
    }
    let id = ConnectionId::from(connection.as_str());
    let (mut page, visit) = page(&app, &ops, &id).await?;
    let Some(visit) = visit else {
        return Ok(Err(Show(page)));
    };
    let verifier = kept.verifier.map(SecretString::from);
    let came = visit
        .arrive(
            &app.engine,
            (&redirect(&app, &id), &query),
            (&kept.state, verifier),
        )
        .await;
    if let Err(fault) = came {
        page.refused = Some(told(&fault));
        return Ok(Err(Show(page)));
    }
    // What waited for the sign-in goes on at once.
    retry(&app.store, &id, now).await?;
    app.engine.wake().await;
    Ok(Ok(Redirect::to(&format!("/connect/{id}"))))
}

async fn prove(
    State(app): State<Shared>,
    ops: Ops,
    Path(connection): Path<String>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Show<impl askama::Template>, Problem> {
    let id = ConnectionId::from(connection.as_str());
    let (mut page, visit) = page(&app, &ops, &id).await?;
    if let Some(visit) = visit {
        match visit.prove(&app.engine, true).await {
            Ok(findings) => {
                page.found = found(&findings);
                page.next = (!findings.gaps.is_empty())
                    .then(|| format!("latitude crm plan --connection {id}"));
            }
            Err(fault) => page.refused = Some(told(&fault)),
        }
    }
    Ok(Show(page))
}

fn found(findings: &Findings) -> Vec<(bool, String)> {
    let who = &findings.who;
    let read = match &findings.read {
        Some(deal) => format!("Read deal {deal}."),
        None => "No deal to be seen: fine if there is none, else a right is missing.".to_owned(),
    };
    let wrote = match &findings.wrote {
        Wrote::Done => (
            true,
            "Wrote the field that names the framework, and nothing else.".to_owned(),
        ),
        Wrote::Skipped(why) => (true, format!("Test write left out: {why}.")),
        Wrote::Refused(why) => (
            false,
            format!(
                "Test write refused: {why}. Give the signed-in user the right to edit deals and \
                 Latitude’s fields."
            ),
        ),
    };
    vec![
        (
            true,
            format!(
                "Signed in as user {} of organisation {}.",
                who.user, who.organisation
            ),
        ),
        (true, read),
        wrote,
    ]
}
