//! Obstacles, the answers that are owed, the product queue, the library.

use std::collections::HashMap;

use axum::Json;
use axum::extract::Path;
use axum_extra::extract::Query;
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::caller::Caller;
use crate::domain::hours::Reading;
use crate::domain::ids::DealId;
use crate::domain::obstacle::kinds::{Ground, Level};
use crate::domain::role::{Role, Scope};
use crate::store::obstacles::{Card, Which};
use crate::store::tx::Tx;
use crate::web::error::{Detail, Problem};
use crate::web::obstacle::{Side, card_path, side};
use crate::web::responders::hours;

/// An obstacle in one line.
#[derive(Serialize, ToSchema)]
pub struct ObstacleLine {
    /// Its id.
    id: String,
    /// The seller's words.
    text: String,
    /// Where it stands: `draft`, `with_options`, `chosen`, `asked`, `answered`, `promised`, `kept`,
    /// `missed` or `closed`.
    state: &'static str,
    /// Who owes an answer: `manager`, `director`, `executive` or `product`.
    waits_for: Option<&'static str>,
    /// By when.
    due: Option<DateTime<Utc>>,
    /// Whether that is over.
    overdue: bool,
    /// Its page in Latitude.
    link: String,
}

/// An obstacle with everything its page shows.
#[derive(Serialize, ToSchema)]
pub struct Obstacle {
    /// The obstacle.
    obstacle: ObstacleLine,
    /// Whose it is.
    seller: String,
    /// The deal it stands in the way of.
    deal: Option<String>,
    /// The seller's own options.
    options: Vec<OwnOption>,
    /// What is needed.
    need: Option<Need>,
    /// Why it could be sent up: `own_option`, `think_with_me` or `urgent`.
    ground: Option<&'static str>,
    /// Whose turn it was.
    turns: Vec<Turn>,
    /// What was said about the need.
    said: Vec<SaidOfNeed>,
    /// The day by which it is to happen.
    promised: Option<NaiveDate>,
    /// What became of it: `removed`, `worked_around`, `accepted` or `lost_to_it`.
    outcome: Option<&'static str>,
    /// What made the difference.
    lesson: Option<String>,
}

/// A way out.
#[derive(Serialize, ToSchema)]
pub struct OwnOption {
    /// Its kind, such as `within_reach`.
    kind: &'static str,
    /// The words.
    text: String,
    /// Whether the seller chose it.
    chosen: bool,
}

/// What is needed.
#[derive(Serialize, ToSchema)]
pub struct Need {
    what: String,
    whom: String,
    by: NaiveDate,
    /// Whether it is a gap in the product.
    gap: bool,
}

/// Whose turn it was.
#[derive(Serialize, ToSchema)]
pub struct Turn {
    /// `manager`, `director`, `executive` or `product`.
    level: &'static str,
    /// Since when.
    since: DateTime<Utc>,
    /// Until when.
    until: Option<DateTime<Utc>>,
    /// How it ended: `answered`, `passed_up`, `silent` or `withdrawn`.
    ended: Option<&'static str>,
}

/// Something said about a need.
#[derive(Serialize, ToSchema)]
pub struct SaidOfNeed {
    who: Option<String>,
    at: DateTime<Utc>,
    /// `backed`, `one_question`, `another`, `no`, `passed_up` or `reply`.
    kind: String,
    text: String,
    /// The second half, where the answer has one.
    more: String,
}

/// Obstacles.
#[derive(Serialize, ToSchema)]
pub struct Obstacles {
    /// The ones that changed last first.
    obstacles: Vec<ObstacleLine>,
}

/// Answers that are owed.
#[derive(Serialize, ToSchema)]
pub struct AnswersOwed {
    /// The person's own turn, the answer due soonest first.
    waiting: Vec<ObstacleLine>,
    /// What was their turn once.
    passed: Vec<ObstacleLine>,
}

/// What stood in people's way, and what helped.
#[derive(Serialize, ToSchema)]
pub struct Library {
    found: Vec<WorkedAround>,
}

/// Something that was worked around. Not whose it was, nor whose deal.
#[derive(Serialize, ToSchema)]
pub struct WorkedAround {
    text: String,
    options: Vec<String>,
    lesson: String,
}

/// What is looked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct Words {
    /// Words in it.
    q: String,
}

async fn line(caller: &Caller, tx: &mut Tx, card: &Card) -> Result<ObstacleLine, Problem> {
    let (app, me, it) = (&caller.app, &caller.me, &card.obstacle);
    let hours = hours(app, tx, &me.connection, it.turns.last()).await?;
    let now = app.env.now();
    let path = card_path(me.connection.as_str(), &card.id);
    Ok(ObstacleLine {
        id: card.id.clone(),
        text: it.text.clone(),
        state: it.state_at(now, &hours).word(),
        waits_for: it.turn().map(|turn| turn.level.word()),
        due: it.turn().and_then(|turn| turn.clock.due(&hours)),
        overdue: matches!(it.reading(now, &hours), Some(Reading::Due | Reading::Late)),
        link: format!("{}{path}", app.settings.public_url),
    })
}

async fn lines(
    caller: &Caller,
    tx: &mut Tx,
    which: Which<'_>,
) -> Result<Vec<ObstacleLine>, Problem> {
    let mut lines = Vec::new();
    for card in tx.cards(&caller.me.connection, which).await? {
        lines.push(line(caller, tx, &card).await?);
    }
    Ok(lines)
}

async fn whole(caller: &Caller, tx: &mut Tx, card: &Card) -> Result<Obstacle, Problem> {
    let (connection, it) = (&caller.me.connection, &card.obstacle);
    let mut people: Vec<&str> = card.said.iter().map(|it| it.person.as_str()).collect();
    people.push(&card.seller);
    let names: HashMap<String, String> = tx.names(connection, &people).await?;
    let deal = match &card.deal {
        Some(id) => tx.dossier(connection, &DealId::from(id.as_str())).await?,
        None => None,
    };
    Ok(Obstacle {
        obstacle: line(caller, tx, card).await?,
        seller: names.get(&card.seller).cloned().unwrap_or_default(),
        deal: deal.map(|it| it.name),
        options: (0..)
            .zip(&it.options)
            .map(|(n, option)| OwnOption {
                kind: option.kind.word(),
                text: option.text.clone(),
                chosen: it.chosen == Some(n),
            })
            .collect(),
        need: it.need.as_ref().map(|it| Need {
            what: it.what.clone(),
            whom: it.whom.clone(),
            by: it.by,
            gap: it.gap,
        }),
        ground: it.ground.map(Ground::word),
        turns: it
            .turns
            .iter()
            .map(|turn| Turn {
                level: turn.level.word(),
                since: turn.clock.started_at,
                until: turn.ended.map(|(at, _)| at),
                ended: turn.ended.map(|(_, how)| how.word()),
            })
            .collect(),
        said: card
            .said
            .iter()
            .map(|it| SaidOfNeed {
                who: names.get(&it.person).cloned(),
                at: it.at,
                kind: it.kind.clone(),
                text: it.text.clone(),
                more: it.more.clone(),
            })
            .collect(),
        promised: it.promised,
        outcome: it.closing.as_ref().map(|it| it.outcome.word()),
        lesson: it.closing.as_ref().map(|it| it.lesson.clone()),
    })
}

/// The person's own obstacles, closed ones included.
#[utoipa::path(get, path = "/api/v1/obstacles", tag = "obstacles", security(("token" = ["obstacles"])), responses(
    (status = 200, body = Obstacles),
    (status = "4XX", body = Detail, content_type = "application/problem+json"),
))]
pub async fn mine(caller: Caller) -> Result<Json<Obstacles>, Problem> {
    caller.may(Scope::Obstacles)?;
    let mut tx = caller.app.store.read().await?;
    let which = Which::OfSeller(&caller.me.face.id);
    let obstacles = lines(&caller, &mut tx, which).await?;
    Ok(Json(Obstacles { obstacles }))
}

/// One obstacle: one's own, or one that was ever one's turn.
#[utoipa::path(get, path = "/api/v1/obstacles/{id}", tag = "obstacles", security(("token" = ["obstacles"])),
    params(("id" = String, Path, description = "Its id")),
    responses(
        (status = 200, body = Obstacle),
        (status = "4XX", body = Detail, content_type = "application/problem+json"),
    )
)]
pub async fn one(caller: Caller, Path(id): Path<String>) -> Result<Json<Obstacle>, Problem> {
    caller.may(Scope::Obstacles)?;
    let mut tx = caller.app.store.read().await?;
    let card = tx.card(&caller.me.connection, &id).await?;
    let card = card.filter(|card| side(&caller.me, card).is_some());
    let card = card.ok_or(Problem::NotFound)?;
    whole(&caller, &mut tx, &card).await.map(Json)
}

/// Answers the person owes, and what was their turn once.
#[utoipa::path(get, path = "/api/v1/answers", tag = "obstacles", security(("token" = ["obstacles"])), responses(
    (status = 200, body = AnswersOwed),
    (status = "4XX", body = Detail, content_type = "application/problem+json"),
))]
pub async fn answers(caller: Caller) -> Result<Json<AnswersOwed>, Problem> {
    caller.may(Scope::Obstacles)?;
    let me = &caller.me;
    let mut tx = caller.app.store.read().await?;
    let mut waiting = lines(&caller, &mut tx, Which::WaitingOn(&me.face.id)).await?;
    waiting.sort_by_key(|it| (it.due.is_none(), it.due));
    let mut passed = Vec::new();
    let asked = Which::EverAskedOf(&me.face.id);
    for card in tx.cards(&me.connection, asked).await? {
        if side(me, &card) == Some(Side::Onlooker) {
            passed.push(line(&caller, &mut tx, &card).await?);
        }
    }
    Ok(Json(AnswersOwed { waiting, passed }))
}

/// Gaps that were passed to product, with options and backing: for product owners.
#[utoipa::path(get, path = "/api/v1/queue", tag = "obstacles", security(("token" = ["obstacles"])), responses(
    (status = 200, body = [Obstacle]),
    (status = "4XX", body = Detail, content_type = "application/problem+json"),
))]
pub async fn queue(caller: Caller) -> Result<Json<Vec<Obstacle>>, Problem> {
    caller.may(Scope::Obstacles)?;
    if caller.me.role != Role::Product {
        return Err(Problem::NotFound);
    }
    let mut tx = caller.app.store.read().await?;
    let which = Which::QueueOf(Level::Product);
    let mut gaps = Vec::new();
    for card in tx.cards(&caller.me.connection, which).await? {
        gaps.push(whole(&caller, &mut tx, &card).await?);
    }
    gaps.sort_by_key(|it| (it.obstacle.due.is_none(), it.obstacle.due));
    Ok(Json(gaps))
}

/// What people worked around, by words in it.
#[utoipa::path(get, path = "/api/v1/library", params(Words), tag = "obstacles", security(("token" = ["obstacles"])), responses(
    (status = 200, body = Library),
    (status = "4XX", body = Detail, content_type = "application/problem+json"),
))]
pub async fn library(caller: Caller, Query(asked): Query<Words>) -> Result<Json<Library>, Problem> {
    caller.may(Scope::Obstacles)?;
    let mut tx = caller.app.store.read().await?;
    let which = Which::Library(&asked.q);
    let cards = tx.cards(&caller.me.connection, which).await?;
    let found = cards.into_iter().map(|card| WorkedAround {
        options: card
            .obstacle
            .options
            .into_iter()
            .map(|it| it.text)
            .collect(),
        lesson: card
            .obstacle
            .closing
            .map(|it| it.lesson)
            .unwrap_or_default(),
        text: card.obstacle.text,
    });
    Ok(Json(Library {
        found: found.collect(),
    }))
}
