//! The panel inside a CRM's page: a signed request of the CRM is exchanged once for our own
//! short-lived token, which lives in that page's memory. No cookie takes part.
//!
//! The signature says who looks at which deal; whether that person may see it is judged here, as
//! on every page: its seller gets the panel, whoever leads them the deal as leaders see it.

use axum::body::Bytes;
use axum::extract::{Form, FromRequestParts, OriginalUri, Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Json, extract};
use chrono::TimeDelta;
use serde::Serialize;

use super::chrome::Show;
use super::closing::{Answered, look_back_at};
use super::coach::{self, Said};
use super::error::Problem;
use super::marked::How;
use super::panel::{Dismissed, Typed, dismiss_at, panel_path, preview_at, publish_at};
use super::panel_view::{self, Body, Desk, Told};
use super::preview::Preview;
use super::session::{Me, Sight, mark, secret};
use super::table::{For, Table};
use super::windows::keep_at;
use super::{App, Shared, embed_lead, guard, words};
use crate::crm::Crm;
use crate::crm::profile::OWN_PAGES;
use crate::crm::push::{Push, Rejected, Viewer};
use crate::crm::session::Session;
use crate::domain::ids::{ConnectionId, DealId, PersonId};
use crate::http::fault::Fault;
use crate::store::embeds::PanelKey;
use crate::store::team::Face;

/// How long a panel's token opens it.
const TOKEN: TimeDelta = TimeDelta::minutes(60);
/// How long a single-use address waits for its one use.
const ONCE: TimeDelta = TimeDelta::minutes(1);
/// How long a used embed is remembered; none that says when it was made is believed for longer.
const REMEMBERED: TimeDelta = TimeDelta::minutes(15);
/// The same for those that do not say.
const LONG_REMEMBERED: TimeDelta = TimeDelta::days(400);

/// Adds the routes.
pub fn routes(table: Table) -> Table {
    table
        .get(For::Machines, "/embed/{connection}", enter)
        .post(For::Machines, "/embed/{connection}", enter)
        .get(For::Machines, "/embed/{connection}/once/{code}", enter_once)
        .post(For::Machines, "/embed/{connection}/{deal}/preview", preview)
        .post(For::Machines, "/embed/{connection}/{deal}/draft", keep)
        .post(For::Machines, "/embed/{connection}/{deal}/publish", publish)
        .get(For::Machines, "/embed/{connection}/{deal}/state", state)
        .post(For::Machines, "/embed/{connection}/{deal}/note", dismiss)
        .post(
            For::Machines,
            "/embed/{connection}/{deal}/closing",
            look_back,
        )
        .post(For::Machines, "/embed/{connection}/{deal}/question", ask)
        .post(For::Machines, "/embed/{connection}/{deal}/help", help)
        .post(For::Machines, "/embed/{connection}/{deal}/talked", talked)
}

#[derive(askama::Template)]
#[template(path = "embed.html")]
struct Page {
    title: String,
    token: String,
    open: String,
    body: Body,
}

/// A single-use address, for CRMs whose card fetches one and shows it in a frame.
#[derive(Serialize)]
struct Address {
    url: String,
}

/// What came in from a CRM, and the connection it came in for.
pub struct FromCrm {
    /// The connection.
    pub connection: ConnectionId,
    /// Its CRM.
    pub crm: &'static dyn Crm,
    /// The connection, to be asked.
    pub session: Session,
    /// The request.
    pub push: Push,
}

/// Takes a request as it arrived, for a connection that is configured.
///
/// # Errors
/// [`Problem::NotFound`] where there is no such connection.
pub async fn arrived(
    app: &App,
    connection: String,
    (method, uri): (Method, &axum::http::Uri),
    headers: &HeaderMap,
    body: Bytes,
) -> Result<FromCrm, Problem> {
    let connection = ConnectionId::from(connection);
    let known = app.engine.connections().find(|(id, _)| **id == connection);
    let crm = known.map(|(_, crm)| crm).ok_or(Problem::NotFound)?;
    let session = app.engine.session(&connection).await;
    let session = session.map_err(|fault: Fault| Problem::broken(fault))?;
    let text = |value: &HeaderValue| value.to_str().map(str::to_owned).ok();
    let push = Push {
        method: method.as_str().to_owned(),
        url: format!("{}{uri}", app.settings.public_url),
        headers: headers
            .iter()
            .filter_map(|(name, value)| Some((name.as_str().to_owned(), text(value)?)))
            .collect(),
        body: body.to_vec(),
        now: app.env.now(),
    };
    Ok(FromCrm {
        connection,
        crm,
        session,
        push,
    })
}

const UNCHECKED: Problem = Problem::Refused(
    "Whether this came from the CRM cannot be checked just now. Reload the CRM's page in a minute.",
);
const UNBELIEVED: Problem =
    Problem::Refused("This did not come from the CRM, or it came too late. Reload the CRM's page.");

async fn enter(
    State(app): State<Shared>,
    Path(connection): Path<String>,
    method: Method,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let from = arrived(&app, connection, (method, &uri), &headers, body).await?;
    let viewer = from.crm.viewer(&from.session, &from.push).await;
    let viewer = viewer.map_err(|rejected| {
        tracing::warn!(connection.id = %from.connection, error = %rejected, "an embed is not believed");
        match rejected {
            Rejected::Unknown => Problem::NotFound,
            Rejected::Unchecked => UNCHECKED,
            _ => UNBELIEVED,
        }
    })?;
    let key = believe(&app, &from.connection, viewer).await?;
    if headers
        .get(header::ACCEPT)
        .is_some_and(|it| it.as_bytes().starts_with(b"application/json"))
    {
        let code = mint(&app, &key, "once", ONCE).await?;
        let url = format!(
            "{}/embed/{}/once/{code}",
            app.settings.public_url,
            words::encoded(key.connection.as_str())
        );
        return Ok(Json(Address { url }).into_response());
    }
    page(&app, &key).await
}

async fn enter_once(
    State(app): State<Shared>,
    Path((connection, code)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let mut tx = app.store.write().await?;
    let key = tx
        .take_panel_token(&mark(&format!("once:{code}")), app.env.now())
        .await?;
    tx.commit().await?;
    let key = key
        .filter(|key| key.connection == connection)
        .ok_or(UNBELIEVED)?;
    page(&app, &key).await
}

/// Whose panel a believed embed opens: the organisation fits, it was not used before, the person
/// is known and active.
async fn believe(
    app: &App,
    connection: &ConnectionId,
    viewer: Viewer,
) -> Result<PanelKey, Problem> {
    let now = app.env.now();
    let mut tx = app.store.write().await?;
    let known = tx.connection(connection).await?.ok_or(Problem::NotFound)?;
    if let (Some(theirs), Some(ours)) = (&viewer.organisation, &known.organisation)
        && theirs != ours
    {
        return Err(UNBELIEVED);
    }
    let until = match viewer.proof.lapses {
        true => now + REMEMBERED,
        false => now + LONG_REMEMBERED,
    };
    let mark = &viewer.proof.mark;
    if !tx.use_nonce(connection, mark, (now, until)).await? {
        return Err(UNBELIEVED);
    }
    let face: Option<Face> = match (&viewer.person, &viewer.email) {
        (Some(person), _) => tx.face(connection, person.as_str()).await?,
        (None, Some(email)) => {
            let mut faces = tx.faces_of(email).await?;
            faces.retain(|face| face.connection == connection.as_str());
            // An address that two people share says nothing about who is looking.
            (faces.len() == 1).then(|| faces.remove(0))
        }
        (None, None) => None,
    };
    tx.commit().await?;
    let face = face.ok_or(Problem::NotFound)?;
    Ok(PanelKey {
        connection: connection.as_str().to_owned(),
        person: face.id,
        deal: viewer.deal.as_str().to_owned(),
    })
}

async fn mint(app: &App, key: &PanelKey, kind: &str, lasts: TimeDelta) -> Result<String, Problem> {
    let (token, now) = (secret(app), app.env.now());
    let kept = if kind.is_empty() {
        mark(&token)
    } else {
        mark(&format!("{kind}:{token}"))
    };
    let whose = (
        &ConnectionId::from(key.connection.as_str()),
        &PersonId::from(key.person.as_str()),
        &DealId::from(key.deal.as_str()),
    );
    let mut tx = app.store.write().await?;
    tx.add_panel_token(&kept, whose, (now, now + lasts)).await?;
    tx.commit().await?;
    Ok(token)
}

async fn page(app: &Shared, key: &PanelKey) -> Result<Response, Problem> {
    let (desk, sight) = desk(app, key).await?;
    let token = mint(app, key, "", TOKEN).await?;
    let action = format!(
        "/embed/{}/{}",
        words::encoded(&key.connection),
        words::encoded(&key.deal)
    );
    let response = match sight {
        Sight::Own => {
            let body = panel_view::body(app, &desk, &action, "").await?;
            Show(Page {
                title: desk.dossier.name.clone(),
                token,
                open: panel_path(&key.connection, &key.deal),
                body,
            })
            .into_response()
        }
        Sight::Team => embed_lead::page(app, &desk, (action, token)).await?,
    };
    Ok(in_frame(app, &key.connection, response).await)
}

/// An answer that the CRM's own pages may show in a frame.
pub async fn in_frame(app: &App, connection: &str, mut response: Response) -> Response {
    if let Ok(policy) = guard::policy(&ancestors(app, connection).await) {
        response
            .headers_mut()
            .insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// Who may show the panel of a connection in a frame: whom the admin named, else the CRM's own
/// pages.
async fn ancestors(app: &App, connection: &str) -> String {
    let sources = match app.settings.frame_ancestors.get(connection) {
        Some(named) => named.clone(),
        None => own_pages(app, &ConnectionId::from(connection)).await,
    };
    let sources: Vec<String> = sources.into_iter().filter(|it| is_source(it)).collect();
    if sources.is_empty() {
        "'none'".to_owned()
    } else {
        sources.join(" ")
    }
}

/// Where the CRM's own pages are: the same for everyone, or where the connection says.
async fn own_pages(app: &App, connection: &ConnectionId) -> Vec<String> {
    let Some((_, crm)) = app.engine.connections().find(|(id, _)| *id == connection) else {
        return Vec::new();
    };
    let session = app.engine.session(connection).await.ok();
    let base = session.and_then(|session| session.settings.base_url.clone());
    let sources = crm.profile().frame_ancestors.iter();
    let named = sources.filter_map(|source| match (*source, &base) {
        (OWN_PAGES, Some(base)) => Some(base.origin().ascii_serialization()),
        (OWN_PAGES, None) => None,
        (source, _) => Some(source.to_owned()),
    });
    named.collect()
}

/// An origin, or every subdomain of one: never everyone, and nothing that ends the directive.
fn is_source(text: &str) -> bool {
    let host = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    host.is_some_and(|host| {
        let host = host.strip_prefix("*.").unwrap_or(host);
        let plain = |c: char| c.is_ascii_alphanumeric() || ".-:[]".contains(c);
        !host.is_empty() && host.chars().all(plain)
    })
}

/// The deal a key opens, where the person may still see it, and as what.
async fn desk(app: &Shared, key: &PanelKey) -> Result<(Desk, Sight), Problem> {
    let connection = ConnectionId::from(key.connection.as_str());
    let mut tx = app.store.read().await?;
    let face = tx
        .face(&connection, &key.person)
        .await?
        .ok_or(Problem::NotFound)?;
    let me = Me::read(app, &mut tx, face).await?;
    let deal = DealId::from(key.deal.as_str());
    let dossier = tx
        .dossier(&connection, &deal)
        .await?
        .ok_or(Problem::NotFound)?;
    let sight = me.sight(dossier.seller.as_deref());
    Ok((Desk { me, dossier }, sight.ok_or(Problem::NotFound)?))
}

/// Opened by a token of its seller: the one deal it was made for.
struct Held(Desk);

/// Opened by a token of someone who leads its seller.
struct Led(Desk);

impl FromRequestParts<Shared> for Held {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Problem> {
        opened(parts, app, Sight::Own).await.map(Held)
    }
}

impl FromRequestParts<Shared> for Led {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Problem> {
        opened(parts, app, Sight::Team).await.map(Led)
    }
}

async fn opened(parts: &mut Parts, app: &Shared, wanted: Sight) -> Result<Desk, Problem> {
    const LAPSED: Problem = Problem::Refused("This panel was open for too long. Reload the page.");
    let token = parts
        .headers
        .get(header::AUTHORIZATION)
        .and_then(|it| it.to_str().ok())
        .and_then(|it| it.strip_prefix("Bearer "))
        .ok_or(LAPSED)?;
    let (mark, now) = (mark(token), app.env.now());
    let mut tx = app.store.read().await?;
    let key = tx.panel_token(&mark, now).await?.ok_or(LAPSED)?;
    drop(tx);
    let path = extract::Path::<(String, String)>::from_request_parts(parts, app).await;
    let Path((connection, deal)) = path.map_err(|_| Problem::NotFound)?;
    if (&connection, &deal) != (&key.connection, &key.deal) {
        return Err(Problem::NotFound);
    }
    match desk(app, &key).await? {
        (desk, sight) if sight == wanted => Ok(desk),
        _ => Err(Problem::NotFound),
    }
}

async fn preview(
    State(app): State<Shared>,
    Held(desk): Held,
    Form(typed): Form<Typed>,
) -> Result<Json<Preview>, Problem> {
    preview_at(&app, &desk, &typed).await.map(Json)
}

async fn keep(
    State(app): State<Shared>,
    Held(desk): Held,
    Form(typed): Form<Typed>,
) -> Result<StatusCode, Problem> {
    keep_at(&app, &desk, &typed).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn publish(
    State(app): State<Shared>,
    Held(desk): Held,
    Form(typed): Form<Typed>,
) -> Result<Json<Told>, Problem> {
    let published = publish_at(&app, &desk, &typed).await?;
    let mut told = panel_view::told(&app, &desk).await?;
    if let crate::sync::publish::Published::Overtaken(_) = published {
        told.state = "clash";
        told.done = true;
        "It was changed elsewhere while you were writing. Your words are kept as a draft: open this \
         deal in Latitude to compare."
            .clone_into(&mut told.sentence);
    }
    Ok(Json(told))
}

async fn state(State(app): State<Shared>, Held(desk): Held) -> Result<Json<Told>, Problem> {
    panel_view::told(&app, &desk).await.map(Json)
}

async fn dismiss(
    State(app): State<Shared>,
    Held(desk): Held,
    Form(what): Form<Dismissed>,
) -> Result<StatusCode, Problem> {
    dismiss_at(&app, &desk, &what).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What became of a form in a frame, to be shown in its place.
#[derive(Serialize)]
struct Done {
    sentence: &'static str,
}

async fn look_back(
    State(app): State<Shared>,
    Held(desk): Held,
    Form(answered): Form<Answered>,
) -> Result<Json<Done>, Problem> {
    look_back_at(&app, &desk, &answered).await?;
    let sentence = "Kept. You can change it whenever you like.";
    Ok(Json(Done { sentence }))
}

async fn ask(
    State(app): State<Shared>,
    Led(desk): Led,
    Form(said): Form<Said>,
) -> Result<Json<Done>, Problem> {
    coach::put_question(&app, &desk.me, &desk.dossier, coach::text(&said)?).await?;
    let sentence = "Asked. It shows in the CRM's coaching field in a moment.";
    Ok(Json(Done { sentence }))
}

async fn help(
    State(app): State<Shared>,
    Led(desk): Led,
    Form(said): Form<Said>,
) -> Result<Json<Done>, Problem> {
    let (_, deal, _) = desk.ids();
    coach::add_word(&app, &desk.me, &deal, ("help", coach::text(&said)?)).await?;
    let sentence = "Offered. The seller sees it with the deal.";
    Ok(Json(Done { sentence }))
}

async fn talked(State(app): State<Shared>, Led(desk): Led) -> Result<Json<Done>, Problem> {
    coach::note_talk(&app, &desk.me, &desk.dossier).await?;
    let sentence = "Noted. Next time you see what changed since today.";
    Ok(Json(Done { sentence }))
}
