//! Signing in with the connected CRM: there, and back with its word on who one is.
//!
//! The CRM's own tokens serve that one question and are kept nowhere. Whoever comes back becomes the
//! person of that connection, and no other: an id says nothing about another CRM.

use axum::extract::{Path, Query, RawQuery, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::error::Problem;
use super::settings::SignIn;
use super::sign_in::own_path;
use super::table::{For, Table};
use super::{App, Shared, errand, session, words};
use crate::domain::ids::ConnectionId;
use crate::http::fault::Fault;
use crate::sync::visitor::Visitor;

/// What a sealed sign-in belongs to.
const PLACE: &str = "sign_in/crm";

/// Adds the routes.
pub fn routes(table: Table) -> Table {
    table
        .get(For::Anyone, "/sign-in/crm/{connection}", leave)
        .get(For::Anyone, "/sign-in/crm/{connection}/back", back)
}

#[derive(Serialize, Deserialize)]
struct Kept {
    connection: String,
    state: String,
    verifier: Option<String>,
    next: String,
}

/// Each connection that people can sign in with: what people call it, and where that begins.
pub async fn offers(app: &App, next: &str) -> Vec<(String, String)> {
    if !matches!(app.settings.sign_in, SignIn::Crm) {
        return Vec::new();
    }
    let mut offers = Vec::new();
    for (id, crm) in app.engine.connections() {
        let profile = crm.profile();
        if !matches!(Visitor::of(&app.engine, id).await, Ok(Some(_))) {
            continue;
        }
        let mut connections = app.engine.connections();
        let alone = connections.all(|(it, crm)| it == id || crm.profile().id != profile.id);
        let name = match alone {
            true => profile.name.to_owned(),
            false => format!("{} ({id})", profile.name),
        };
        let (id, next) = (words::encoded(id.as_str()), words::encoded(next));
        offers.push((name, format!("/sign-in/crm/{id}?next={next}")));
    }
    offers
}

fn redirect(app: &App, id: &ConnectionId) -> String {
    let id = words::encoded(id.as_str());
    format!("{}/sign-in/crm/{id}/back", app.settings.public_url)
}

async fn visitor(app: &App, id: &ConnectionId) -> Result<Visitor, Problem> {
    if !matches!(app.settings.sign_in, SignIn::Crm) {
        return Err(Problem::NotFound);
    }
    let found = Visitor::of(&app.engine, id).await.map_err(unbelieved)?;
    found.ok_or(Problem::NotFound)
}

#[derive(Deserialize)]
struct Wish {
    #[serde(default)]
    next: String,
}

async fn leave(
    State(app): State<Shared>,
    Path(connection): Path<String>,
    jar: CookieJar,
    Query(wish): Query<Wish>,
) -> Result<Response, Problem> {
    let id = ConnectionId::from(connection.as_str());
    let departure = visitor(&app, &id).await?.depart(&redirect(&app, &id));
    let departure = departure.map_err(unbelieved)?;
    let kept = Kept {
        connection,
        state: departure.state.clone(),
        verifier: departure.verifier.map(|it| it.expose_secret().to_owned()),
        next: own_path(&wish.next).to_owned(),
    };
    let jar = errand::remember(&app, jar, (PLACE, &departure.state), &kept).await?;
    Ok((jar, Redirect::to(departure.url.as_str())).into_response())
}

async fn back(
    State(app): State<Shared>,
    Path(connection): Path<String>,
    jar: CookieJar,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    let id = ConnectionId::from(connection.as_str());
    let visitor = visitor(&app, &id).await?;
    let query = query.unwrap_or_default();
    let state = url::form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "state")
        .map_or_else(String::new, |(_, value)| value.into_owned());
    let kept: Kept = errand::recall(&app, &jar, (PLACE, &state)).await?;
    if kept.connection != connection {
        return Err(Problem::Refused(
            "This sign-in began elsewhere. Begin again.",
        ));
    }
    let came = (&*redirect(&app, &id), &*query);
    let proof = (&*kept.state, kept.verifier.map(SecretString::from));
    let who = visitor.arrive(came, proof).await.map_err(unbelieved)?;
    let mut tx = app.store.read().await?;
    let known = tx.connection(&id).await?.ok_or(Problem::NotFound)?;
    if known.organisation.as_ref() != Some(&who.organisation) {
        return Err(Problem::Refused(
            "You signed in to another organisation than the one that is connected here. Sign out \
             of the CRM, then begin again.",
        ));
    }
    let face = tx.face(&id, &who.user).await?.ok_or(Problem::Refused(
        "The CRM knows you, but Latitude has not read you from it: you are new, or not active \
         there. Try again in an hour, or ask your admin.",
    ))?;
    drop(tx);
    let jar = session::begin(&app, jar, &face, ("crm", None)).await?;
    let jar = errand::over(&app, jar);
    Ok((jar, Redirect::to(own_path(&kept.next))).into_response())
}

fn unbelieved(fault: Fault) -> Problem {
    match fault {
        Fault::Reconnect(cause) => {
            tracing::warn!(cause = %cause, "a sign-in was not believed");
            Problem::Refused("The CRM did not sign you in. Begin again.")
        }
        other => Problem::broken(other),
    }
}
