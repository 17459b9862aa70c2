//! What the panel inside a CRM's page sends: the same deeds as on our own pages, opened by the token
//! that the page holds.

use axum::Json;
use axum::extract::{Form, FromRequestParts, Path, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use serde::Serialize;

use super::Shared;
use super::after::{After, after};
use super::closing::{Answered, look_back_at};
use super::coach::{self, Said};
use super::embed::{desk, used};
use super::error::Problem;
use super::on_its_way::{self, Told};
use super::panel::{Dismissed, dismiss_at, preview_at, publish_at};
use super::panel_view::Desk;
use super::preview::Preview;
use super::said::{Read, put_away_at};
use super::session::Sight;
use super::table::{For, Table};
use super::typed::Typed;
use super::windows::{Arrived, arrived_at, keep_at};
use crate::sync::publish::Published;

/// Adds the routes.
pub fn routes(table: Table) -> Table {
    table
        .post(For::Machines, "/embed/{connection}/{deal}/preview", preview)
        .post(For::Machines, "/embed/{connection}/{deal}/draft", keep)
        .post(For::Machines, "/embed/{connection}/{deal}/arrived", arrived)
        .post(For::Machines, "/embed/{connection}/{deal}/publish", publish)
        .get(For::Machines, "/embed/{connection}/{deal}/state", state)
        .post(For::Machines, "/embed/{connection}/{deal}/note", dismiss)
        .post(For::Machines, "/embed/{connection}/{deal}/said", put_away)
        .post(
            For::Machines,
            "/embed/{connection}/{deal}/closing",
            look_back,
        )
        .post(For::Machines, "/embed/{connection}/{deal}/question", ask)
        .post(For::Machines, "/embed/{connection}/{deal}/help", help)
        .post(For::Machines, "/embed/{connection}/{deal}/talked", talked)
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
    const LAPSED: Problem = Problem::Refused(
        "This panel was open for too long. Copy what you wrote, then open the card again.",
    );
    let token = parts
        .headers
        .get(header::AUTHORIZATION)
        .and_then(|it| it.to_str().ok())
        .and_then(|it| it.strip_prefix("Bearer "))
        .ok_or(LAPSED)?;
    let key = used(app, token).await?.ok_or(LAPSED)?;
    let path = Path::<(String, String)>::from_request_parts(parts, app).await;
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

async fn arrived(
    State(app): State<Shared>,
    Held(desk): Held,
    Form(typed): Form<Typed>,
) -> Result<Json<Arrived>, Problem> {
    arrived_at(&app, &desk, &typed).await.map(Json)
}

async fn publish(
    State(app): State<Shared>,
    Held(desk): Held,
    Form(typed): Form<Typed>,
) -> Result<Json<After>, Problem> {
    let became = publish_at(&app, &desk, &typed).await?;
    let mut told = on_its_way::told(&app, &desk).await?;
    told.note = became.note();
    if let Published::Overtaken(_) = became.published {
        told.state = "clash";
        told.done = true;
        "It was changed elsewhere while you were writing. Your words are kept as a draft: open this \
         deal in Latitude to compare."
            .clone_into(&mut told.sentence);
    }
    after(&app, &desk, told).await.map(Json)
}

async fn state(State(app): State<Shared>, Held(desk): Held) -> Result<Json<Told>, Problem> {
    let told = on_its_way::told(&app, &desk).await?;
    Ok(Json(told.framed()))
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

async fn put_away(
    State(app): State<Shared>,
    Held(desk): Held,
    Form(read): Form<Read>,
) -> Result<Json<Done>, Problem> {
    put_away_at(&app, &desk, &read).await?;
    let sentence = "Put away. It stays on the deal’s page in Latitude.";
    Ok(Json(Done { sentence }))
}

async fn ask(
    State(app): State<Shared>,
    Led(desk): Led,
    Form(said): Form<Said>,
) -> Result<Json<Done>, Problem> {
    coach::put_question(&app, &desk.me, &desk.dossier, coach::text(&said)?).await?;
    let sentence = "Asked. It shows in the CRM’s coaching field in a moment.";
    Ok(Json(Done { sentence }))
}

async fn help(
    State(app): State<Shared>,
    Led(desk): Led,
    Form(said): Form<Said>,
) -> Result<Json<Done>, Problem> {
    coach::add_word(&app, &desk.me, &desk.dossier, ("help", coach::text(&said)?)).await?;
    let sentence = "Offered. The seller sees it with the deal.";
    Ok(Json(Done { sentence }))
}

async fn talked(State(app): State<Shared>, Led(desk): Led) -> Result<Json<Done>, Problem> {
    coach::note_talk(&app, &desk.me, &desk.dossier).await?;
    let sentence = "Noted. Next time you see what changed since today.";
    Ok(Json(Done { sentence }))
}
