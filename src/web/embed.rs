//! The panel inside a CRM's page: a signed request of the CRM is exchanged once for our own
//! short-lived token, which lives in that page's memory, and on while it is used. No cookie takes part.
//!
//! The signature says who looks at which deal; whether that person may see it is judged here, as
//! on every page: its seller gets the panel, whoever leads them the deal as leaders see it.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{OriginalUri, Path, State};
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::response::{IntoResponse, Response};
use chrono::TimeDelta;
use serde::Serialize;

use super::chrome::Show;
use super::error::Problem;
use super::marked::How;
use super::panel::panel_path;
use super::panel_view::{self, Body, Desk};
use super::session::{Me, Sight, mark, secret};
use super::table::{For, Table};
use super::{App, Shared, embed_forms, embed_lead, frame, words};
use crate::crm::Crm;
use crate::crm::push::{Push, Rejected, Viewer};
use crate::crm::session::Session;
use crate::domain::ids::{ConnectionId, DealId, PersonId};
use crate::http::fault::Fault;
use crate::store::embeds::PanelKey;
use crate::store::team::Face;

/// How long a panel's token opens it after it was last used …
const TOKEN: TimeDelta = TimeDelta::minutes(60);
/// … and at the longest, however much it is used: a working day.
const LONGEST: TimeDelta = TimeDelta::hours(12);
/// Its use is noted at most this often.
const TOUCH_EVERY: TimeDelta = TimeDelta::minutes(1);
/// How long a single-use address waits for its one use.
const ONCE: TimeDelta = TimeDelta::minutes(1);
/// How long a used embed is remembered; none that says when it was made is believed for longer.
const REMEMBERED: TimeDelta = TimeDelta::minutes(15);
/// The same for those that do not say.
const LONG_REMEMBERED: TimeDelta = TimeDelta::days(400);

/// Adds the routes.
pub fn routes(table: Table) -> Table {
    embed_forms::routes(table)
        .get(For::Machines, "/embed/{connection}", enter)
        .post(For::Machines, "/embed/{connection}", enter)
        .get(For::Machines, "/embed/{connection}/once/{code}", enter_once)
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
    "Whether this came from the CRM cannot be checked just now. Reload the CRM’s page in a minute.",
);
const UNBELIEVED: Problem =
    Problem::Refused("This did not come from the CRM, or it came too late. Reload the CRM’s page.");

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
            let faces = tx.faces_of(email).await?;
            faces
                .into_iter()
                .find(|face| face.connection == connection.as_str())
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
    // A single-use address is not prolonged by its use.
    let ends_at = kind.is_empty().then(|| now + LONGEST);
    tx.add_panel_token(&kept, whose, (now, now + lasts, ends_at))
        .await?;
    tx.commit().await?;
    Ok(token)
}

/// Whose panel a token opens now. Using it prolongs it: nobody who is typing is shut out.
///
/// # Errors
/// The database's.
pub async fn used(app: &App, token: &str) -> Result<Option<PanelKey>, Problem> {
    let (mark, now) = (mark(token), app.env.now());
    let mut tx = app.store.read().await?;
    let Some(found) = tx.panel_token(&mark, now).await? else {
        return Ok(None);
    };
    drop(tx);
    let until = found.ends_at.map(|end| end.min(now + TOKEN));
    if let Some(until) = until.filter(|it| *it - found.until >= TOUCH_EVERY) {
        let mut tx = app.store.write().await?;
        tx.prolong_panel_token(&mark, until).await?;
        tx.commit().await?;
    }
    Ok(Some(found.key))
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
    Ok(frame::in_frame(app, &key.connection, response).await)
}

/// The deal a key opens, where the person may still see it, and as what.
///
/// # Errors
/// [`Problem::NotFound`] where the person is gone, or the deal is none of theirs any more.
pub async fn desk(app: &Shared, key: &PanelKey) -> Result<(Desk, Sight), Problem> {
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
