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
use crate::web::api::problem::Detail;
use crate::web::error::Problem;
use crate::web::pyramid::{Band, Kept, ShareWon, below, only_executives};
use crate::web::{conversations, day, words};

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

/// A person's next conversations.
#[derive(Serialize, ToSchema)]
pub struct Conversations {
    /// Where something is asked of them, the most pressing first.
    asked: Vec<AskedOfSeller>,
    /// Their open deals, by check date; those without one last.
    next: Vec<NextConversation>,
    /// Deals that ended lately, to be looked back on.
    ended: Vec<EndedDeal>,
}

/// A deal in which something is asked of its seller.
#[derive(Serialize, ToSchema)]
pub struct AskedOfSeller {
    /// The CRM's id.
    deal: String,
    /// What the seller calls it.
    name: String,
    /// Who or what asks.
    because: String,
    /// What a person asked, in their words.
    question: Option<String>,
    /// Its panel in Latitude.
    link: String,
}

/// A conversation to come.
#[derive(Serialize, ToSchema)]
pub struct NextConversation {
    /// The CRM's id.
    deal: String,
    /// What the seller calls it.
    name: String,
    /// What they want to have accomplished by its end.
    goal: String,
    /// When they will know.
    check_on: Option<NaiveDate>,
    /// Whether that day is over.
    past: bool,
    /// Its panel in Latitude.
    link: String,
}

/// A deal that ended.
#[derive(Serialize, ToSchema)]
pub struct EndedDeal {
    /// The CRM's id.
    deal: String,
    /// What the seller calls it.
    name: String,
    /// `won` or `lost`.
    ended: String,
    /// Its panel in Latitude.
    link: String,
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
    /// Mondays of the other weeks that were planned, the latest first.
    others: Vec<NaiveDate>,
    /// What those who report to the caller directly share of the same week; nothing else of it.
    shared_with_me: Vec<SharedOfWeek>,
}

/// What someone shares of a week with their manager.
#[derive(Serialize, ToSchema)]
pub struct SharedOfWeek {
    /// The CRM's id.
    person: String,
    /// Display name.
    name: String,
    /// What they are proud of.
    text: String,
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
    let team = me.led().iter();
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

/// The person's own next conversations: where something is asked of them, their open deals by check
/// date, and what ended in the last 30 days.
#[utoipa::path(get, path = "/api/v1/conversations", tag = "deals", security(("token" = ["deals"])), responses(
    (status = 200, body = Conversations),
    (status = "4XX", body = Detail, content_type = "application/problem+json"),
))]
pub async fn conversations(caller: Caller) -> Result<Json<Conversations>, Problem> {
    caller.may(Scope::Deals)?;
    let mut tx = caller.app.store.read().await?;
    let mine = conversations::of(&caller.app, &mut tx, &caller.me).await?;
    let link = |href: &str| format!("{}{href}", caller.app.settings.public_url);
    Ok(Json(Conversations {
        asked: mine
            .asked
            .into_iter()
            .map(|it| AskedOfSeller {
                link: link(&it.href),
                deal: it.deal,
                name: it.name,
                because: it.why,
                question: it.question,
            })
            .collect(),
        next: mine
            .next
            .into_iter()
            .map(|it| NextConversation {
                link: link(&it.href),
                deal: it.deal,
                name: it.name,
                goal: it.goal,
                check_on: it.check_on,
                past: it.over,
            })
            .collect(),
        ended: mine
            .ended
            .into_iter()
            .map(|it| EndedDeal {
                link: link(&it.href),
                deal: it.deal,
                name: it.name,
                ended: it.how.to_lowercase(),
            })
            .collect(),
    }))
}

/// The person's own week, and what those who report to them chose to share of theirs. Nothing else of
/// anyone else's can be had.
#[utoipa::path(get, path = "/api/v1/week/{monday}", tag = "people", security(("token" = ["week"])),
    params(("monday" = NaiveDate, Path, description = "Any day of the week")),
    responses(
        (status = 200, body = Week),
        (status = "4XX", body = Detail, content_type = "application/problem+json"),
    )
)]
pub async fn week(caller: Caller, Path(day): Path<String>) -> Result<Json<Week>, Problem> {
    caller.may(Scope::Week)?;
    let day = day::read(&day).ok_or(Problem::NotFound)?;
    let (me, first) = (&caller.me, monday(day));
    let person = PersonId::from(me.face.id.as_str());
    let mut tx = caller.app.store.read().await?;
    let week = tx.week(&me.connection, &person, first).await?;
    let mut others = tx.weeks(&me.connection, &person).await?;
    others.retain(|it| *it != first);
    let of_team = tx.shared_weeks(&me.connection, &me.face.id, (first, first));
    let shared = of_team.await?;
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
        others,
        shared_with_me: shared
            .into_iter()
            .map(|it| SharedOfWeek {
                person: it.person,
                name: it.name,
                text: it.text,
            })
            .collect(),
    }))
}

async fn promise_of(tx: &mut Tx, caller: &Caller, who: &str) -> Result<Option<Promise>, Problem> {
    let made = tx.team_promise(&caller.me.connection, who).await?;
    Ok(made.map(|it| Promise {
        answer_days: it.answer_days,
        since: words::local_day(it.at, caller.me.zone()),
        text: it.text,
    }))
}

/// What the person and their manager promise about the time to a real answer.
#[utoipa::path(get, path = "/api/v1/promise", tag = "people", security(("token" = ["promise"])), responses(
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

/// What is owed in a company, and what became of the caller's own promises.
#[derive(Serialize, ToSchema)]
pub struct PyramidOfCaller {
    /// From the customers down, without the caller's own part.
    bands: Vec<Band>,
    /// Promises of others whose day has come, by level.
    promises: Vec<Kept>,
    /// How deals ended, by the grade of the first plan written in their last stage.
    results: Vec<ShareWon>,
    /// What became of the caller's own promises.
    own_promises: OwnPromises,
}

/// Promises whose day has come.
#[derive(Serialize, ToSchema)]
pub struct OwnPromises {
    /// So many were kept …
    kept: i64,
    /// … of so many.
    due: i64,
}

/// What each band of the company owes the one it serves: for executives. Groups of five people or
/// more, without the caller's own part. It takes no filter. What was passed up to the caller is
/// under `/answers`.
#[utoipa::path(get, path = "/api/v1/pyramid", tag = "people", security(("token" = ["pyramid"])), responses(
    (status = 200, body = PyramidOfCaller),
    (status = "4XX", body = Detail, content_type = "application/problem+json"),
))]
pub async fn pyramid(caller: Caller) -> Result<Json<PyramidOfCaller>, Problem> {
    caller.may(Scope::Pyramid)?;
    only_executives(&caller.me)?;
    let mut tx = caller.app.store.read().await?;
    let (me, now) = (&caller.me, caller.app.env.now());
    let pyramid = below(&mut tx, me, now).await?;
    let (kept, due) = tx.own_promises(&me.connection, &me.face.id, now).await?;
    Ok(Json(PyramidOfCaller {
        bands: pyramid.bands,
        promises: pyramid.promises,
        results: pyramid.results,
        own_promises: OwnPromises { kept, due },
    }))
}
