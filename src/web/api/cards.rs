//! Obstacles, the answers that are owed, the product queue, the library.

use std::collections::HashMap;

use axum::Json;
use axum::extract::Path;
use axum_extra::extract::Query;
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::caller::Caller;
use crate::domain::hours::{Hours, Reading};
use crate::domain::obstacle::kinds::{Ground, Level};
use crate::domain::role::{Role, Scope};
use crate::store::obstacles::{Card, Which};
use crate::store::tx::Tx;
use crate::web::api::problem::Detail;
use crate::web::card_view::everyone;
use crate::web::error::Problem;
use crate::web::obstacle::{Side, card_path, side};
use crate::web::responders::hours_of;

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

async fn lines(caller: &Caller, tx: &mut Tx, cards: &[Card]) -> Result<Vec<ObstacleLine>, Problem> {
    let (app, me) = (&caller.app, &caller.me);
    let hours = hours_of(app, tx, &me.connection, cards).await?;
    let now = app.env.now();
    let line = |(card, hours): (&Card, &Hours)| {
        let it = &card.obstacle;
        let path = card_path(me.connection.as_str(), &card.id);
        ObstacleLine {
            id: card.id.clone(),
            text: it.text.clone(),
            state: it.state_at(now, hours).word(),
            waits_for: it.turn().map(|turn| turn.level.word()),
            due: it.turn().and_then(|turn| turn.clock.due(hours)),
            overdue: matches!(it.reading(now, hours), Some(Reading::Due | Reading::Late)),
            link: format!("{}{path}", app.settings.public_url),
        }
    };
    Ok(cards.iter().zip(&hours).map(line).collect())
}

/// Cards with everything in them; what is told besides is read for all of them at once.
async fn whole(caller: &Caller, tx: &mut Tx, cards: &[Card]) -> Result<Vec<Obstacle>, Problem> {
    let connection = &caller.me.connection;
    let names = tx.names(connection, &everyone(cards)).await?;
    let deals: Vec<&str> = cards.iter().filter_map(|it| it.deal.as_deref()).collect();
    let deals = tx.deal_names(connection, &deals).await?;
    let lines = lines(caller, tx, cards).await?;
    let one = |(card, line)| shape(card, line, (&names, &deals));
    Ok(cards.iter().zip(lines).map(one).collect())
}

fn shape(
    card: &Card,
    line: ObstacleLine,
    (names, deals): (&HashMap<String, String>, &HashMap<String, String>),
) -> Obstacle {
    let it = &card.obstacle;
    Obstacle {
        obstacle: line,
        seller: names.get(&card.seller).cloned().unwrap_or_default(),
        deal: card.deal.as_ref().and_then(|id| deals.get(id)).cloned(),
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
    }
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
    let cards = tx.cards(&caller.me.connection, which).await?;
    let obstacles = lines(&caller, &mut tx, &cards).await?;
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
    let whole = whole(&caller, &mut tx, &[card]).await?.pop();
    whole.map(Json).ok_or(Problem::NotFound)
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
    let cards = Which::WaitingOn(&me.face.id);
    let cards = tx.cards(&me.connection, cards).await?;
    let mut waiting = lines(&caller, &mut tx, &cards).await?;
    waiting.sort_by_key(|it| (it.due.is_none(), it.due));
    let asked = Which::EverAskedOf(&me.face.id);
    let mut cards = tx.cards(&me.connection, asked).await?;
    cards.retain(|card| side(me, card) == Some(Side::Onlooker));
    let passed = lines(&caller, &mut tx, &cards).await?;
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
    let cards = tx.cards(&caller.me.connection, which).await?;
    let mut gaps = whole(&caller, &mut tx, &cards).await?;
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
