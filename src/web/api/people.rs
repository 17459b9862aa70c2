//! Who the token stands for, their week, what leaders promise, the pyramid.

use axum::Json;
use axum::extract::Path;
use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use super::caller::Caller;
use crate::domain::ids::PersonId;
use crate::domain::role::{Role, Scope};
use crate::domain::week::{Became, monday};
use crate::store::tx::Tx;
use crate::web::error::{Detail, Problem};
use crate::web::pyramid::{Pyramid, below, only_executives};

/// Who a token stands for.
#[derive(Serialize, ToSchema)]
pub struct Myself {
    /// The connection.
    connection: String,
    /// The CRM's id.
    person: String,
    /// Display name.
    name: String,
    /// `Seller`, `Manager`, `Director`, `Executive` or `Product owner`.
    role: &'static str,
    /// What the token opens.
    scopes: Vec<&'static str>,
    /// Whose deals this person sees besides their own, by name.
    team: Vec<Colleague>,
}

/// Someone in a team.
#[derive(Serialize, ToSchema)]
pub struct Colleague {
    /// The CRM's id.
    id: String,
    /// Display name.
    name: String,
}

/// A week: at most three things that matter, and the look back.
#[derive(Serialize, ToSchema)]
pub struct Week {
    /// Its Monday.
    monday: NaiveDate,
    /// What matters most.
    outcomes: Vec<WeekOutcome>,
    /// What do I need from my manager?
    need: String,
    /// What am I proud of? Only where it is shared.
    proud: Option<String>,
}

/// One thing that matters in a week.
#[derive(Serialize, ToSchema)]
pub struct WeekOutcome {
    what: String,
    how: String,
    plan_b: String,
    /// `done`, `partly`, `not` or `dropped`; nothing before the look back.
    became: Option<&'static str>,
    difference: String,
    differently: String,
}

/// Promises about the time to a real answer.
#[derive(Serialize, ToSchema)]
pub struct Promises {
    /// The person's own, where they lead.
    mine: Option<Promise>,
    /// Their manager's.
    managers: Option<Promise>,
}

/// What a leader promises the team.
#[derive(Serialize, ToSchema)]
pub struct Promise {
    /// Business days to a real answer.
    answer_days: i64,
    /// In their own words.
    text: String,
    /// Since when.
    since: NaiveDate,
}

/// Who this token stands for, and what it opens. Every token may ask.
#[utoipa::path(get, path = "/api/v1/me", tag = "people", responses(
    (status = 200, body = Myself),
    (status = "4XX", body = Detail, content_type = "application/problem+json"),
))]
pub async fn me(caller: Caller) -> Json<Myself> {
    let me = &caller.me;
    let team = me.team.iter().filter(|_| me.role.sees_team());
    Json(Myself {
        connection: me.connection.as_str().to_owned(),
        person: me.face.id.clone(),
        name: me.face.name.clone(),
        role: me.role.label(),
        scopes: caller.scopes().iter().map(|it| it.word()).collect(),
        team: team
            .map(|it| Colleague {
                id: it.id.clone(),
                name: it.name.clone(),
            })
            .collect(),
    })
}

/// The person's own week. Nobody else's can be had.
#[utoipa::path(get, path = "/api/v1/week/{monday}", tag = "people",
    params(("monday" = NaiveDate, Path, description = "Any day of the week")),
    responses(
        (status = 200, body = Week),
        (status = "4XX", body = Detail, content_type = "application/problem+json"),
    )
)]
pub async fn week(caller: Caller, Path(day): Path<NaiveDate>) -> Result<Json<Week>, Problem> {
    caller.may(Scope::Week)?;
    let (me, first) = (&caller.me, monday(day));
    let person = PersonId::from(me.face.id.as_str());
    let mut tx = caller.app.store.read().await?;
    let week = tx.week(&me.connection, &person, first).await?;
    let outcomes = week.outcomes.into_iter().map(|it| WeekOutcome {
        what: it.what,
        how: it.how,
        plan_b: it.plan_b,
        became: it.became.map(Became::word),
        difference: it.difference,
        differently: it.differently,
    });
    Ok(Json(Week {
        monday: first,
        outcomes: outcomes.collect(),
        need: week.need,
        proud: Some(week.proud).filter(|_| week.proud_shared),
    }))
}

async fn promise_of(tx: &mut Tx, caller: &Caller, who: &str) -> Result<Option<Promise>, Problem> {
    let made = tx.team_promise(&caller.me.connection, who).await?;
    Ok(made.map(|it| Promise {
        answer_days: it.answer_days,
        since: it.at.date_naive(),
        text: it.text,
    }))
}

/// What the person and their manager promise about the time to a real answer.
#[utoipa::path(get, path = "/api/v1/promise", tag = "people", responses(
    (status = 200, body = Promises),
    (status = "4XX", body = Detail, content_type = "application/problem+json"),
))]
pub async fn promise(caller: Caller) -> Result<Json<Promises>, Problem> {
    caller.may(Scope::Promise)?;
    let face = &caller.me.face;
    let mut tx = caller.app.store.read().await?;
    let mine = match caller.me.role {
        Role::Seller => None,
        _ => promise_of(&mut tx, &caller, &face.id).await?,
    };
    let managers = match &face.manager {
        Some(manager) => promise_of(&mut tx, &caller, manager).await?,
        None => None,
    };
    Ok(Json(Promises { mine, managers }))
}

/// What each band of the company owes the one it serves: for executives. Groups of five people or
/// more, without the caller's own part. It takes no filter.
#[utoipa::path(get, path = "/api/v1/pyramid", tag = "people", responses(
    (status = 200, body = Pyramid),
    (status = "4XX", body = Detail, content_type = "application/problem+json"),
))]
pub async fn pyramid(caller: Caller) -> Result<Json<Pyramid>, Problem> {
    caller.may(Scope::Pyramid)?;
    only_executives(&caller.me)?;
    let mut tx = caller.app.store.read().await?;
    let pyramid = below(&mut tx, &caller.me, caller.app.env.now()).await?;
    Ok(Json(pyramid))
}
